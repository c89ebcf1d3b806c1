"""Every alert there is, said in every language there is."""

import re
from itertools import product
from unicodedata import east_asian_width

import msgspec
import pytest

from alerts.channels.email_page import page
from alerts.channels.slack_blocks import payload
from alerts.judging import withdrawal
from alerts.judging.rule import Rule
from alerts.judging.wording import condition, crossing
from alerts.words.chinese_wording import reason
from alerts.words.language import WITHDRAWN
from alerts.words.message import Message
from alerts.words.settings import Links, Speech
from alerts.words.writer import LANGUAGES, Writer
from streams.events import Alert, AlertState, Origin
from tests.alerts.samples import FIRING, MINUTE, RESOLVED
from volcross.demo.block_kit import refusal

WATCHED = [
    ("spread", 0.0),
    ("ratio", 1.2),
    ("left", 0.8),
    ("right", 0.8),
    ("z-score", 3.0),
    ("left-rank", 0.9),
    ("right-rank", 0.9),
    ("left-percentile", 0.9),
    ("right-percentile", 0.9),
]
EVERY = [
    msgspec.structs.replace(
        alert, state=state, watch=watch, margin=margin, when=when, value=margin + sign
    )
    for alert, (watch, margin), when, sign, state in product(
        [FIRING, RESOLVED],
        WATCHED,
        ["above", "below", "outside", "crosses"],
        [-0.05, 0.05],
        AlertState,
    )
]
LATIN = re.compile(r"[A-Za-z]{2,}")
NAMES = {
    *("NVDA", "BTC", "DVOL", "UTC", "nvda", "above", "btc"),
    "volcross",
}


def said(alert: Alert, language: str) -> Message:
    speech = Speech.model_validate({"language": language})
    return Writer(speech).write([alert], Links())


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_alert_can_be_said_and_set(language: str) -> None:
    for alert in EVERY:
        message = said(alert, language)
        assert refusal(payload(message)) is None
        assert message.headline in page(message)
        assert "None" not in message.text
        assert len({*message.text.split("\n")}) > 5


def test_chinese_is_chinese_throughout() -> None:
    for alert in EVERY:
        text = said(alert, "zh").text.replace(alert.reason, "").replace(alert.id, "")
        assert set(LATIN.findall(text)) <= NAMES, text


@pytest.mark.parametrize(
    ("alert", "headline"),
    [
        (FIRING, "NVDA 隐含波动率 59.9% 现已高于 BTC DVOL 59.7%（+0.1 个百分点）"),
        (
            msgspec.structs.replace(FIRING, state=AlertState.UPDATED),
            "NVDA 隐含波动率 59.9% 仍高于 BTC DVOL 59.7%（+0.1 个百分点）",
        ),
        (
            RESOLVED,
            "NVDA 隐含波动率 82.0% 已回落至 BTC DVOL 83.7% 以下（-1.7 个百分点）",
        ),
        (
            msgspec.structs.replace(
                FIRING,
                state=AlertState.UNKNOWN,
                reason="no word of BTC for 1 h of market time",
            ),
            (
                "NVDA 隐含波动率与 BTC DVOL 暂时无法比较："
                "BTC 已有 1 小时（交易时间）没有数据"
            ),
        ),
        (
            msgspec.structs.replace(FIRING, watch="left", margin=0.5, value=0.5985),
            "NVDA 隐含波动率 59.9% 现已高于 50%",
        ),
    ],
)
def test_the_news_in_chinese(alert: Alert, headline: str) -> None:
    assert said(alert, "zh").headline == headline


def test_the_news_of_a_reminder_in_english() -> None:
    updated = msgspec.structs.replace(
        FIRING, state=AlertState.UPDATED, event_time=FIRING.event_time + 90 * MINUTE
    )
    message = said(updated, "en")
    assert message.headline == (
        "NVDA implied vol 59.9% is still above BTC DVOL 59.7% (+0.1 points)"
    )
    assert "17:12 UTC (13:12 New York), for 1 h 45 min" in message.text


def test_columns_stand_one_below_the_other_in_both() -> None:
    for language in LANGUAGES:
        rows = said(FIRING, language).text.split("\n")[2:6]
        starts = {
            sum(2 if east_asian_width(c) in "WF" else 1 for c in row[: found.end()])
            for row in rows
            if (found := re.match(r"[^:]+: +", row))
        }
        assert len(starts) == 1, rows


def rule(**given: object) -> Rule:
    return Rule.model_validate({"name": "r", "pair": "NVDA/BTC", "for": "15m", **given})


@pytest.mark.parametrize(
    "one",
    [
        rule(),
        rule(margin=0.05, when="below"),
        rule(margin=0.05, when="outside"),
        rule(watch="ratio", margin=1.2),
        rule(watch="z-score", margin=3, when="outside"),
        rule(watch="left-rank", margin=0.9),
        rule(watch="right-percentile", margin=0.9),
        rule(pair="NVDA", comparison="daily_move", watch="ratio", margin=3),
        rule(pair="NVDA", comparison="risk_premium", watch="left", margin=0.5),
    ],
    ids=condition,
)
@pytest.mark.parametrize("resolved", [False, True])
def test_what_the_judge_gives_as_reason_is_said_in_chinese(
    one: Rule, *, resolved: bool
) -> None:
    words = reason(condition(one, resolved=resolved))
    assert set(LATIN.findall(words)) <= {"NVDA", "BTC"}, words


def test_a_crossing_is_said_in_chinese() -> None:
    words = reason(crossing(rule(when="crosses"), 0.01))
    assert words == "波动率差穿越至高于 0 个百分点，持续 15 分钟"


def test_a_rule_that_is_gone_is_not_told_as_a_change_of_the_market() -> None:
    assert {withdrawal.REMOVED, withdrawal.CHANGED} == set(WITHDRAWN)
    gone = msgspec.structs.replace(RESOLVED, reason=withdrawal.REMOVED)
    assert said(gone, "en").headline == (
        "nvda-above-btc is not watched any more: the rule was removed"
    )
    assert said(gone, "zh").headline == "nvda-above-btc 不再监测：规则已删除"


@pytest.mark.parametrize("origin", [Origin.INTERPOLATED, Origin.SYNTHETIC])
def test_a_drawn_number_is_called_so_in_chinese(origin: Origin) -> None:
    name = msgspec.structs.replace(FIRING.left.name, origin=origin)
    left = msgspec.structs.replace(FIRING.left, name=name)
    (note,) = said(msgspec.structs.replace(FIRING, left=left), "zh").notes
    assert note.startswith("NVDA 隐含波动率")
    assert "插值" in note or "合成" in note
