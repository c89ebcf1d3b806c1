"""A worker may be stopped or killed at any moment: every tick counts once."""

import os
import random
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from streams.events import Bars, Event
from streams.settings import Kafka
from streams.topics import BARS, CONTEXT, READINGS, SPREADS
from tests.brokers import Broker
from tests.streams.market import interleaved, market, settings
from tests.streams.outputs import Rows, assert_same, offline, placed, rows, told_once
from tests.streams.pipeline import Workers, prepared, send, until

RESTARTS = 20 if os.environ.get("VOLCROSS_TEST_BROKER") == "kafka" else 2
"""The embedded broker is the one nobody restarts twenty times a night."""
FROZEN_SECONDS = float(
    os.environ.get("VOLCROSS_FROZEN_SECONDS") or (30 if RESTARTS > 2 else 5)
)
"""Longer ones are run by hand, before a release: 90, and 300 for an outage."""


@pytest.fixture
def workers(kafka_settings: Kafka, tmp_path: Path) -> Iterator[Workers]:
    started = Workers(prepared(settings(kafka_settings)), tmp_path, "stream")
    yield started
    for process in started.processes:
        process.kill()
        process.wait()


def complete(expected: Rows, events: list[Event]) -> bool:
    found = told_once(rows(events))
    return all(len(found.get(key, ())) >= len(rows) for key, rows in expected.items())


def ticks_of(events: list[Event]) -> dict[str, int]:
    """Return how many ticks each symbol's bars hold; a bar told twice counts once."""
    bars: dict[str, dict[int, int]] = {}
    for event in events:
        if isinstance(event, Bars):
            bars.setdefault(event.symbol, {}).update(
                zip(event.at, event.ticks, strict=True)
            )
    return {symbol: sum(counts.values()) for symbol, counts in bars.items()}


def check(
    workers: Workers, expected_events: list[Event], *, supervised: bool = False
) -> None:
    context = placed(expected_events, workers.settings)
    expected = rows([*expected_events, *context])

    def enough(events: list[Event]) -> bool:
        if supervised:
            workers.mend()
        return complete(expected, events)

    topics = [BARS, READINGS, SPREADS, CONTEXT]
    found = until(workers.settings, topics, enough, within=120)
    workers.end()
    assert_same(told_once(rows(found)), expected)
    assert ticks_of(found) == ticks_of(expected_events)


@pytest.mark.kafka
@pytest.mark.timeout(900)
def test_graceful_restarts_with_a_backlog_lose_and_double_nothing(
    workers: Workers,
) -> None:
    records = interleaved(market())
    size = len(records) // (RESTARTS + 1) + 1
    draw = random.Random(1)
    for first in range(0, len(records), size):
        send(workers.settings, records[first : first + size])
        workers.start()
        workers.at_work()
        time.sleep(draw.uniform(0.0, 1.5))
        workers.end(signal.SIGTERM)
    workers.start()
    check(workers, offline(records, workers.settings))


@pytest.mark.kafka
@pytest.mark.timeout(900)
def test_kills_under_load_lose_and_double_nothing(workers: Workers) -> None:
    records = interleaved(market())
    pause = RESTARTS * 4.0 / len(records)
    load = threading.Thread(target=send, args=(workers.settings, records, pause))
    load.start()
    draw = random.Random(2)
    for _ in range(RESTARTS):
        workers.start()
        workers.at_work()
        time.sleep(draw.uniform(0.0, 1.5))
        workers.end(signal.SIGKILL)
    load.join()
    workers.start()
    check(workers, offline(records, workers.settings))


@pytest.mark.kafka
@pytest.mark.timeout(900)
def test_a_broker_that_freezes_delays_and_loses_nothing(
    workers: Workers, broker: Broker
) -> None:
    records = interleaved(market())
    half = len(records) // 2
    workers.start()
    send(workers.settings, records[:half])
    workers.at_work()
    broker.freeze()
    time.sleep(FROZEN_SECONDS)
    broker.thaw()
    send(workers.settings, records[half:])
    # After 40 s a worker gives up, for its supervisor to begin anew.
    supervised = FROZEN_SECONDS > 30
    check(workers, offline(records, workers.settings), supervised=supervised)
