from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from alerts.channels.settings import Email, Slack
from alerts.judging.rule import DEFAULT_RULE, Rule
from alerts.settings import AlertSettings
from streams.settings import StreamSettings

EMAIL = {"host": "localhost", "from": "volcross@example.com", "to": ["me@example.com"]}
STREAMS = StreamSettings.model_validate(
    {
        "symbols": {
            "NVDA": {"clock": "us-equity", "implied": "iv30"},
            "BTC": {"clock": "crypto", "implied": "dvol"},
        },
        "pairs": [{"left": "NVDA", "right": "BTC"}],
    }
)


def rule(**given: object) -> dict[str, Any]:
    return {"name": "r", "pair": "NVDA/BTC", **given}


def test_the_default_rule_is_the_founding_question() -> None:
    settings = AlertSettings.model_validate({})
    assert settings.rules == [DEFAULT_RULE]
    assert settings.rules[0].hold == timedelta(minutes=15)
    assert settings.rules[0].hysteresis == 0.01
    assert settings.channels.names == []
    settings.against(STREAMS)


def test_it_survives_being_written_and_read_again() -> None:
    settings = AlertSettings.model_validate({"channels": {"email": EMAIL}})
    again = AlertSettings.model_validate(settings.model_dump(by_alias=True))
    assert again == settings


@pytest.mark.parametrize(
    ("given", "key", "why"),
    [
        ({"rules": [rule(fro="15m")]}, "fro", "Extra inputs"),
        ({"rules": [rule(name="No Spaces")]}, "name", "lower-case"),
        ({"rules": [rule(), rule()]}, "rules: r", "twice"),
        ({"rules": [rule(hysteresis=-0.01)]}, "hysteresis", "greater than"),
        ({"rules": [rule(margin=float("nan"))]}, "margin", "finite"),
        ({"rules": [rule(**{"for": "soon"})]}, "for", "not a duration"),
        ({"rules": [rule(**{"for": -1})]}, "for", "negative"),
        ({"rules": [rule(stale_after="0s")]}, "stale_after", "longer than nothing"),
        ({"rules": [rule(channels=["slak"])]}, "channels", r"no \[channels.slak\]"),
        ({"channels": {"slak": {}}}, "slak", "Extra inputs"),
        ({"channels": {"email": {**EMAIL, "to": []}}}, "to", "at least 1"),
        ({"channels": {"email": {**EMAIL, "from": "a b"}}}, "from", "address"),
        ({"channels": {"email": {**EMAIL, "port": 0}}}, "port", "greater"),
        ({"channels": {"email": {**EMAIL, "username": "u"}}}, "email", "together"),
        ({"links": {"dashboard": "grafana"}}, "dashboard", "http"),
        ({"retry": {"first": "0s"}}, "first", "longer than nothing"),
    ],
)
def test_it_refuses_and_names_the_key_and_the_reason(
    given: dict[str, Any], key: str, why: str
) -> None:
    with pytest.raises(ValidationError, match=why) as refused:
        AlertSettings.model_validate(given)
    assert key in str(refused.value)


@pytest.mark.parametrize(
    "address", ["hooks.slack.com/services/T0/B0/hunter2", "ftp://x/hunter2", "http://"]
)
def test_it_refuses_a_bad_webhook_address_without_repeating_it(address: str) -> None:
    with pytest.raises(ValidationError) as refused:
        Slack.model_validate({"webhook_url": address})
    said = refused.value.errors(include_input=False)
    assert "not a web address" in str(said)
    assert "hunter2" not in str(said)


def test_it_never_sends_a_password_in_the_clear() -> None:
    login = {"username": "u", "password": "p", "security": "none"}
    with pytest.raises(ValidationError, match="in the clear"):
        Email.model_validate({**EMAIL, **login})


def test_it_never_shows_a_secret() -> None:
    slack = Slack.model_validate({"webhook_url": "https://hooks.slack.com/hunter2"})
    assert "hunter2" not in f"{slack!r} {slack} {slack.model_dump_json()}"


@pytest.mark.parametrize(
    ("watched", "why"),
    [
        ({"pair": "NVDA/ETH"}, "no such pair NVDA/ETH"),
        ({"comparison": "ewma/7d"}, "among those of NVDA/BTC: implied, close-to-close"),
    ],
)
def test_it_refuses_a_rule_about_something_nobody_works_out(
    watched: dict[str, str], why: str
) -> None:
    settings = AlertSettings(rules=[Rule.model_validate(rule(**watched))])
    with pytest.raises(ValueError, match=f"rules: r: .*{why}"):
        settings.against(STREAMS)
