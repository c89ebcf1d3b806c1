"""The same ticks give the same readings and spreads, however they arrive."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from streams.events import Event
from streams.settings import Kafka
from streams.topics import READINGS, SPREADS
from tests.streams.market import (
    Sent,
    interleaved,
    market,
    one_leg_first,
    sent_again,
    settings,
    shuffled,
)
from tests.streams.outputs import Rows, assert_same, offline, rows
from tests.streams.pipeline import Workers, prepared, send, until

ARRIVALS: dict[str, Callable[[dict[str, list[Sent]]], list[Sent]]] = {
    "interleaved": interleaved,
    "one leg first": one_leg_first,
    "random": shuffled,
    "sent again": lambda series: sent_again(interleaved(series)),
}


@pytest.fixture(scope="module")
def expected() -> Rows:
    return rows(offline(interleaved(market()), settings(Kafka())))


def has_all(expected: Rows) -> Callable[[list[Event]], bool]:
    wanted = sum(map(len, expected.values()))
    return lambda events: sum(map(len, rows(events).values())) >= wanted


@pytest.mark.parametrize("arrival", ARRIVALS)
def test_the_stages_give_the_same_rows(arrival: str, expected: Rows) -> None:
    found = offline(ARRIVALS[arrival](market()), settings(Kafka()))
    assert rows(found) == expected


@pytest.fixture
def workers(kafka_settings: Kafka, tmp_path: Path) -> Iterator[Workers]:
    started = Workers(prepared(settings(kafka_settings)), tmp_path, "stream")
    yield started
    for process in started.processes:
        process.kill()
        process.wait()


@pytest.mark.kafka
@pytest.mark.parametrize(
    ("arrival", "count", "pause"),
    [
        ("interleaved", 1, 0.0),
        ("interleaved", 1, 0.005),
        ("one leg first", 1, 0.0),
        ("random", 1, 0.0),
        ("sent again", 1, 0.0),
        ("interleaved", 2, 0.0),
        ("random", 2, 0.005),
    ],
)
def test_the_pipeline_gives_the_same_rows(
    workers: Workers, expected: Rows, arrival: str, count: int, pause: float
) -> None:
    workers.start(count)
    send(workers.settings, ARRIVALS[arrival](market()), pause)
    found = until(workers.settings, [READINGS, SPREADS], has_all(expected))
    workers.end()
    assert_same(rows(found), expected)
