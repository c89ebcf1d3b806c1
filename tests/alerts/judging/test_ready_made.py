"""The rules to begin with: each fits what is watched, and does what it says."""

import tomllib
from pathlib import Path

import numpy as np
import pytest

from alerts.judging.judge import Judge
from alerts.judging.ready_made import RULES
from alerts.judging.rule import DEFAULT_RULE, HISTORY, Rule
from alerts.judging.rulebook import clocks_of
from alerts.judging.timeline import Rows
from alerts.judging.wording import condition
from alerts.words.message import compose
from alerts.words.settings import Links
from streams.agents.stage import Out
from streams.events import Alert, ContextReadings, LegName, Origin, SpreadReadings
from volcross.config import Settings
from volcross.config import compose as configured

EXAMPLE = Path(__file__).parents[3] / "volcross.example.toml"
MINUTE = 60 * 10**9
OPEN = 1_722_000_600 * 10**9
"""2024-07-26 13:30 UTC, when New York opens."""

SETTINGS: Settings = configured(tomllib.loads(RULES), "ready-made", {})
CALM_AND_WILD = {
    "nvda-above-btc": (-0.05, 0.05),
    "nvda-realised-above-btc": (-0.05, 0.05),
    "nvda-btc-unusual": (2.0, -3.5),
    "nvda-btc-like-for-like": (-0.05, 0.05),
    "nvda-rank-high": (0.7, 0.95),
    "nvda-moves": (1.0, 3.2),
    "btc-moves": (1.0, 3.2),
}
"""What each watches when nothing is the matter, and when something is."""


def test_there_is_a_rule_for_every_question_of_a_desk() -> None:
    assert SETTINGS.rules[0] == DEFAULT_RULE
    assert [rule.name for rule in SETTINGS.rules] == list(CALM_AND_WILD)


def test_the_example_shows_them_commented() -> None:
    commented = [f"# {line}" if line else "" for line in RULES.splitlines()]
    # The first is the one that is on there.
    first = commented.index("", 1)
    assert "\n".join(commented[first + 1 :]) in EXAMPLE.read_text(encoding="utf-8")


def rows(rule: Rule, values: list[float], at: list[int]) -> Rows:
    """Return a record in which what `rule` watches has these values."""
    left, right = (leg(symbol) for symbol in (rule.pair.split("/") * 2)[:2])
    n = len(values)
    spreads = SpreadReadings(
        pair=rule.pair,
        comparison=rule.comparison,
        left=left,
        right=right,
        start=OPEN,
        end=at[-1] + MINUTE,
        at=at,
        left_value=[0.5 * each for each in values]
        if rule.watch == "ratio"
        else [0.5] * n,
        right_value=[0.5] * n,
        spread=values if rule.watch == "spread" else [0.0] * n,
        left_at=at,
        right_at=at,
    )
    if rule.watch not in HISTORY:
        return spreads
    column: list[float | None] = [*values]
    return ContextReadings(
        pair=spreads.pair,
        comparison=spreads.comparison,
        left=left,
        right=right,
        start=spreads.start,
        end=spreads.end,
        at=at,
        z_score=column,
        left_rank=column,
        left_percentile=column,
        right_rank=column,
        right_percentile=column,
        announcements=[],
        left_value=spreads.left_value,
        right_value=spreads.right_value,
        spread=spreads.spread,
        left_at=at,
        right_at=at,
    )


def leg(symbol: str) -> LegName:
    return LegName(
        symbol=symbol,
        measure="test",
        window="30d",
        origin=Origin.COMPUTED,
        source="test",
    )


@pytest.mark.parametrize("rule", SETTINGS.rules, ids=lambda rule: rule.name)
def test_each_fires_resolves_and_can_be_read(rule: Rule) -> None:
    calm, wild = CALM_AND_WILD[rule.name]
    values = np.repeat([calm, wild, calm], 40).tolist()
    at = [OPEN + i * MINUTE for i in range(len(values))]
    judge = Judge([rule], [], clocks_of(SETTINGS))
    told = [
        outcome.event
        for outcome in judge.apply(rows(rule, values, at), 0, 0)
        if isinstance(outcome, Out) and isinstance(outcome.event, Alert)
    ]
    states = [alert.state for alert in told]
    hold = rule.hold.seconds // 60
    if rule.when == "crosses":
        # Settled on the other side; then back again, which is another crossing.
        assert states == ["firing", "resolved"] * 2
    else:
        assert states == ["firing", "resolved"]
        assert told[1].event_time == OPEN + (80 + hold) * MINUTE
    assert told[0].event_time == OPEN + (40 + hold) * MINUTE
    assert told[0].value == pytest.approx(wild)
    assert told[1].reason == condition(rule, resolved=True)
    for alert in told:
        assert compose(alert, Links()).headline
