"""The summer of 2024 as the rules see it; docs/alerts.md says the same."""

import re
import tomllib
from pathlib import Path

import numpy as np
import pytest

from alerts.judging.judge import Judge
from alerts.judging.rule import DEFAULT_RULE, Rule
from alerts.words.message import compose
from alerts.words.settings import Links
from alerts.words.wording import moment
from producers.recorded import story
from streams.agents.stage import Out
from streams.events import Alert, LegName, Origin, SpreadReadings
from streams.volatility.market_time import market_clock

DOCUMENT = Path(__file__).parents[3] / "docs" / "alerts.md"
MARKS = {"firing": "▲", "resolved": "▼", "updated": "·"}


def leg(symbol: str, measure: str) -> LegName:
    return LegName(
        symbol=symbol,
        measure=measure,
        window="30d",
        origin=Origin.INTERPOLATED,
        source="story",
    )


@pytest.fixture(scope="module")
def summer() -> SpreadReadings:
    nvda, btc = story.nvda_iv30(), story.btc_dvol()
    at = np.union1d(nvda.at, btc.at)
    at = at[(at >= story.BEGIN) & (at < story.END)]
    left = np.searchsorted(nvda.at, at, side="right") - 1
    right = np.searchsorted(btc.at, at, side="right") - 1
    return SpreadReadings(
        pair="NVDA/BTC",
        comparison="implied",
        left=leg("NVDA", "iv30"),
        right=leg("BTC", "dvol"),
        start=story.BEGIN,
        end=story.END,
        at=at.tolist(),
        left_value=nvda.value[left].tolist(),
        right_value=btc.value[right].tolist(),
        spread=(nvda.value[left] - btc.value[right]).tolist(),
        left_at=nvda.at[left].tolist(),
        right_at=btc.at[right].tolist(),
    )


def told(rule: Rule, summer: SpreadReadings) -> list[Alert]:
    clocks = {"NVDA": market_clock("us-equity"), "BTC": market_clock("crypto")}
    outcomes = Judge([rule], [], clocks).apply(summer, 0, 0)
    return [
        outcome.event
        for outcome in outcomes
        if isinstance(outcome, Out) and isinstance(outcome.event, Alert)
    ]


def test_the_default_rule_tells_the_four_known_transitions_and_no_other(
    summer: SpreadReadings,
) -> None:
    said = [
        (
            alert.state.value,
            f"{moment(alert.event_time):%m-%d %H:%M}",
            f"{moment(alert.since):%H:%M}",
            round(alert.left.value, 4),
            round(alert.right.value, 4),
        )
        for alert in told(DEFAULT_RULE, summer)
    ]
    assert said == [
        ("firing", "07-26 17:27", "17:12", 0.5985, 0.5974),
        ("resolved", "08-05 14:02", "13:47", 0.8201, 0.8369),
        ("firing", "08-05 17:30", "17:15", 0.8857, 0.8715),
        ("resolved", "08-28 14:42", "14:27", 0.5301, 0.5423),
    ]


def documented() -> list[tuple[str, str]]:
    """Return the variants of the document: a rule's keys, and what it tells."""
    rows = re.findall(
        r"^\| `([^`]+)` \| ([▲▼].*?) \|", DOCUMENT.read_text(), re.MULTILINE
    )
    assert len(rows) > 5
    return rows


@pytest.mark.parametrize(("keys", "said"), documented())
def test_the_document_says_what_each_variant_tells(
    keys: str, said: str, summer: SpreadReadings
) -> None:
    given = tomllib.loads(f"rule = {{ {keys} }}")["rule"]
    rule = Rule.model_validate({"name": "v", "pair": "NVDA/BTC", **given})
    assert said == ", ".join(
        f"{MARKS[alert.state]} {moment(alert.event_time):%m-%d %H:%M}"
        for alert in told(rule, summer)
    )


def test_the_document_quotes_the_messages_as_they_are_sent(
    summer: SpreadReadings,
) -> None:
    document = DOCUMENT.read_text()
    for alert in told(DEFAULT_RULE, summer):
        assert compose(alert, Links()).text in document
