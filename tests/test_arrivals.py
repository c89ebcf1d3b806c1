"""The same ticks give the same readings, spreads and alerts, however they arrive."""

import os
import tomllib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest

from alerts.judging.judge import Judge
from alerts.settings import AlertSettings
from streams import wire
from streams.agents.stage import Out
from streams.events import Alert, Event, SpreadReadings
from streams.settings import Kafka
from streams.topics import ALERTS, READINGS, SPREADS
from streams.volatility.market_time import market_clock
from tests.streams.market import (
    Sent,
    interleaved,
    market,
    one_leg_first,
    sent_again,
    settings,
    shuffled,
)
from tests.streams.outputs import FAR, Rows, assert_same, offline, rows
from tests.streams.pipeline import Workers, prepared, send, until

ARRIVALS: dict[str, Callable[[dict[str, list[Sent]]], list[Sent]]] = {
    "interleaved": interleaved,
    "one leg first": one_leg_first,
    "random": shuffled,
    "sent again": lambda series: sent_again(interleaved(series)),
}
CASES = [
    ("interleaved", 1, 0.005),
    ("one leg first", 1, 0.0),
    ("sent again", 1, 0.0),
    ("random", 2, 0.0),
]
"""Arrival, workers, and the pause between records in seconds."""
if os.environ.get("VOLCROSS_TEST_BROKER") == "kafka":
    CASES += [
        ("interleaved", 1, 0.0),
        ("random", 1, 0.0),
        ("interleaved", 2, 0.0),
        ("random", 2, 0.005),
    ]
RULES = """
[[rules]]
name = "implied"
pair = "NVDA/BTC"
margin = -0.09
hysteresis = 0.005
for = "5m"

[[rules]]
name = "moves-more"
pair = "ETH/BTC"
comparison = "ewma/1h"
hysteresis = 0.01
for = "10m"

[[rules]]
name = "around-the-clock"
pair = "ETH/BTC"
comparison = "close-to-close/1d"
margin = 0.004
for = "1m"
"""
"""Levels in the middle of what the small market does, so that all of them fire."""


def alerts(events: Iterable[Event]) -> Rows:
    """Return the alerts, by rule, in order of arrival."""
    found: Rows = {}
    for event in events:
        if isinstance(event, Alert):
            found.setdefault(event.rule, []).append(wire.encode(event))
    return found


def judged(events: Iterable[Event]) -> Rows:
    """Return the alerts that a judge makes of the spreads among these events."""
    configured = settings(Kafka())
    rules = AlertSettings.model_validate(tomllib.loads(RULES)).rules
    clocks = {name: market_clock(s.clock) for name, s in configured.symbols.items()}
    judge = Judge(rules, [], clocks)
    spreads = (event for event in events if isinstance(event, SpreadReadings))
    return alerts(
        outcome.event
        for offset, spread in enumerate(spreads)
        for outcome in judge.apply(spread, offset, FAR)
        if isinstance(outcome, Out)
    )


def all_rows(events: list[Event]) -> Rows:
    return rows(events) | alerts(events)


@pytest.fixture(scope="module")
def expected() -> Rows:
    events = offline(interleaved(market()), settings(Kafka()))
    told = judged(events)
    # Enough of them, of each rule, for a difference to show.
    assert min(map(len, told.values())) >= 4
    assert len(told) == 3
    return rows(events) | told


@pytest.mark.parametrize("arrival", ARRIVALS)
def test_the_stages_give_the_same_rows(arrival: str, expected: Rows) -> None:
    found = offline(ARRIVALS[arrival](market()), settings(Kafka()))
    assert_same(rows(found) | judged(found), expected)


@pytest.fixture
def rooms(kafka_settings: Kafka, tmp_path: Path) -> Iterator[list[Workers]]:
    configured = prepared(settings(kafka_settings))
    started = [
        Workers(configured, tmp_path, "stream"),
        Workers(configured, tmp_path, "alert", RULES),
    ]
    yield started
    for workers in started:
        for process in workers.processes:
            process.kill()
            process.wait()


@pytest.mark.kafka
@pytest.mark.parametrize(("arrival", "count", "pause"), CASES)
def test_the_pipeline_gives_the_same_rows(
    rooms: list[Workers], expected: Rows, arrival: str, count: int, pause: float
) -> None:
    wanted = sum(map(len, expected.values()))
    for workers in rooms:
        workers.start(count)
    configured = rooms[0].settings
    send(configured, ARRIVALS[arrival](market()), pause)
    found = until(
        configured,
        [READINGS, SPREADS, ALERTS],
        lambda events: sum(map(len, all_rows(events).values())) >= wanted,
    )
    for workers in rooms:
        workers.end()
    assert_same(all_rows(found), expected)
