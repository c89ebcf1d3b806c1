"""`volcross rules`: each kind of rule in words, and how it stands."""

import tomllib
from typing import Any

import pytest

from alerts.judging.ready_made import RULES
from alerts.judging.rule import Rule
from streams.events import ContextReadings, LegName, Origin, SpreadReadings
from volcross.commands.rules import standing, words
from volcross.config import Settings, compose

AT = 1_722_014_820 * 10**9
SETTINGS: Settings = compose(tomllib.loads(RULES), "ready-made", {})


def rule(**given: object) -> Rule:
    return Rule.model_validate({"name": "r", "pair": "NVDA/BTC", **given})


def leg(symbol: str) -> LegName:
    return LegName(
        symbol=symbol,
        measure="iv30",
        window="30d",
        origin=Origin.PUBLISHED,
        source="test",
    )


def spreads(left: float, right: float) -> SpreadReadings:
    return SpreadReadings(
        pair="NVDA/BTC",
        comparison="implied",
        left=leg("NVDA"),
        right=leg("BTC"),
        start=AT - 2,
        end=AT + 1,
        at=[AT - 1, AT],
        left_value=[0.1, left],
        right_value=[0.9, right],
        spread=[-0.8, left - right],
        left_at=[AT - 1, AT],
        right_at=[AT - 1, AT],
    )


def context(z_score: float | None, rank: float) -> ContextReadings:
    last = spreads(0.6, 0.5)
    return ContextReadings(
        pair=last.pair,
        comparison=last.comparison,
        left=last.left,
        right=last.right,
        start=AT,
        end=AT + 1,
        at=[AT],
        z_score=[z_score],
        left_rank=[rank],
        left_percentile=[rank],
        right_rank=[rank],
        right_percentile=[rank],
        announcements=[],
        left_value=last.left_value[1:],
        right_value=last.right_value[1:],
        spread=last.spread[1:],
        left_at=last.left_at[1:],
        right_at=last.right_at[1:],
    )


@pytest.mark.parametrize(
    ("name", "fires", "resolves"),
    [
        (
            "nvda-above-btc",
            "spread above 0 points for 15 min",
            "spread below -1 points for 15 min",
        ),
        (
            "nvda-btc-unusual",
            "z-score outside ±3σ for 15 min",
            "z-score within ±2.5σ for 15 min",
        ),
        (
            "nvda-btc-like-for-like",
            "spread on the other side of 0 points for 15 min",
            "spread on either side by more than 1 point for 15 min",
        ),
        (
            "nvda-rank-high",
            "NVDA's rank of its year above 90% for 15 min",
            "NVDA's rank of its year below 80% for 15 min",
        ),
        (
            "btc-moves",
            "BTC's move of the day above 3σ",
            "BTC's move of the day below 2.5σ",
        ),
    ],
)
def test_a_rule_is_said_in_words(name: str, fires: str, resolves: str) -> None:
    rule = next(rule for rule in SETTINGS.rules if rule.name == name)
    said = words(rule, SETTINGS)
    assert f"  fires when: {fires}" in said
    assert f"  resolves when: {resolves}" in said


def test_what_else_it_was_told_is_said_where_it_was() -> None:
    given = {"cooldown": "2h", "repeat_every": "4h", "only_when": "open"}
    said = words(rule(**given), SETTINGS)
    for line in (
        "  then rests for: 2 h",
        "  told again: every 4 h while it fires",
        "  asleep: while NVDA's market is shut",
        "  told to: nobody, no channel is on",
    ):
        assert line in said
        assert line.split(":")[0] == "  told to" or line not in words(rule(), SETTINGS)


LEGS = "60.0% against 50.0% (+10.0 points), as of Fri 26 Jul 2024 17:27 UTC"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, f"{LEGS} (13:27 New York): breach"),
        ({"margin": 0.2}, f"{LEGS} (13:27 New York): clear"),
        ({"margin": 0.11, "hysteresis": 0.02}, f"{LEGS} (13:27 New York): between"),
        ({"when": "crosses"}, f"{LEGS} (13:27 New York): above 0 points"),
        (
            {"watch": "ratio", "margin": 1.1},
            f"1.2, from {LEGS} (13:27 New York): breach",
        ),
    ],
)
def test_how_it_stands_is_said_by_the_last_row(
    given: dict[str, Any], said: str
) -> None:
    assert standing(rule(**given), spreads(0.6, 0.5)) == said


def test_how_it_stands_in_its_history_is_said_once_there_is_one() -> None:
    unusual = rule(watch="z-score", when="outside", margin=3.0)
    assert standing(unusual, context(-3.25, 0.5)).startswith(f"-3.25σ, from {LEGS}")
    assert standing(unusual, context(-3.25, 0.5)).endswith(": breach")
    said = standing(unusual, context(None, 0.5))
    assert said.endswith(": no z-score yet, its history is too short")
    high = rule(watch="left-rank", margin=0.9)
    assert standing(high, context(None, 0.915)).startswith(f"91.5%, from {LEGS}")
    assert standing(high, None) == "no spread has been worked out yet"


def test_a_rule_says_where_its_route_leads_and_when() -> None:
    tree: dict[str, Any] = tomllib.loads(RULES) | {
        "channels": {"console": {}, "alertmanager": {}},
        "routes": [
            {"rules": "nvda-*", "channels": ["console"], "quiet": "22:00-07:00"}
        ],
    }
    variables = {"VOLCROSS_CHANNELS__ALERTMANAGER__URL": "http://127.0.0.1:1"}
    settings = compose(tree, "routed", variables)
    told = {rule.name: words(rule, settings) for rule in settings.rules}
    assert told["nvda-above-btc"][-2:] == [
        "  told to: console",
        "  quiet: 22:00-07:00 UTC, told when that is over",
    ]
    assert told["btc-moves"][-1] == "  told to: alertmanager, console"
