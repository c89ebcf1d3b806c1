"""The user's own words: what may be said, and what is refused before it is."""

import msgspec
import pytest
from pydantic import ValidationError
from structlog.testing import capture_logs

from alerts.channels.email_page import page
from alerts.channels.slack_blocks import payload
from alerts.words.message import Message
from alerts.words.settings import Links, Speech
from alerts.words.template import LONGEST, SAMPLE, Template
from alerts.words.writer import Writer
from streams.events import Alert
from tests.alerts.samples import FIRING, RESOLVED, in_words
from volcross.demo.block_kit import refusal


def written(*alerts: Alert, **template: str) -> Message:
    speech = Speech.model_validate({"template": template})
    return Writer(speech).write(alerts, Links())


def test_what_is_not_given_stays_as_it_is() -> None:
    message = written(FIRING, headline="{{ rule }} {{ state }}")
    assert message.headline == "nvda-above-btc firing"
    assert message.facts == in_words(FIRING).facts
    assert message.line == message.headline


def test_it_may_speak_of_all_that_is_documented() -> None:
    message = written(
        RESOLVED,
        headline="{{ left.symbol }} {{ left.value | percent }} {{ spread | points }}",
        text="{% for name, value in facts %}{{ name }}={{ value }};{% endfor %}\n"
        "{{ (event_time | local('Asia/Shanghai')).strftime('%H:%M') }}"
        " {{ began.isoformat() }} {{ peak | points }} {{ label }}",
        short="{{ severity[0] }}",
    )
    assert message.headline == "NVDA 82.0% -1.7 points"
    assert message.text.startswith("Below since=Fri 26 Jul 2024 18:52 UTC")
    assert "03:07 2024-07-26T17:12:00+00:00 +0.1 points RESOLVED" in message.text
    assert message.line == "w"


def test_its_text_is_what_slack_and_mail_show() -> None:
    message = written(FIRING, text="sell <vol> & buy *gamma*")
    blocks = payload(message)
    assert refusal(blocks) is None
    assert "sell &lt;vol&gt; &amp; buy" in str(blocks)
    assert "sell &lt;vol&gt; &amp; buy" in page(message)
    assert "implied vol" not in str(blocks["attachments"])


def test_in_a_digest_each_has_its_short_line() -> None:
    other = msgspec.structs.replace(FIRING, id="other", rule="other")
    message = written(FIRING, other, short="{{ rule }}!", text="{{ rule }} at length")
    told = [value.split(";")[0] for _, value in message.facts]
    assert told == ["nvda-above-btc!", "other!"]
    assert "at length" not in message.text


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("{{ lft.value }}", "text: line 1: 'lft' is undefined"),
        ("fine\n{{ left.valu }}", "text: line 2: 'dict object' has no attribute"),
        ("one\ntwo\n{% if %}", "text: line 3: "),
        ("{{ rule", "text: line 1: "),
        ("{{ ''.__class__.__mro__ }}", "unsafe"),
        ("{{ rule.__init__.__globals__ }}", "unsafe"),
        ("{% include '/etc/passwd' %}", "no loader"),
        ("{{ 'a' * 10**9 }}", "too l"),
        ("{{ 10**10**10 }}", "too large"),
        ("{{ facts.append(1) }}", "unsafe|not safely callable"),
        ("{% for i in range(10**9) %}x{% endfor %}", "Range too big"),
        ("{{ '' }}", "makes nothing"),
        ("{{ left.value / 0 }}", "line 1: float division by zero"),
    ],
)
def test_what_it_cannot_say_or_may_not_is_refused_with_its_line(
    source: str, why: str
) -> None:
    with pytest.raises(ValidationError, match=why):
        Template(text=source)


def test_it_is_no_longer_than_a_message_may_be() -> None:
    endless = "{% for i in range(99999) %}{{ rule }} {% endfor %}"
    message = written(FIRING, headline=endless, text=endless)
    assert len(message.headline) <= LONGEST["headline"] + 1
    assert len(message.text) <= LONGEST["text"] + 2
    assert "\n" not in message.headline


def test_one_that_fails_on_a_real_alert_costs_no_alert() -> None:
    # The sample has begun; an unknown outside an incident has not.
    unknown = msgspec.structs.replace(FIRING, began=None)
    with capture_logs() as logs:
        message = written(unknown, headline="{{ began.isoformat() }}")
    assert message.headline == in_words(FIRING).headline
    assert [(line["event"], line["template"]) for line in logs] == [
        ("template failed", "headline")
    ]


def test_the_sample_is_what_an_alert_is_like() -> None:
    assert SAMPLE.began is not None
    assert in_words(SAMPLE) == in_words(FIRING)
