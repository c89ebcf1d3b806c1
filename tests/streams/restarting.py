"""How often a worker is restarted, and what must have come out of it all the same."""

import os

from streams.events import Bars, Event
from streams.topics import BARS, CONTEXT, READINGS, SPREADS
from tests.streams.outputs import Rows, assert_same, placed, rows, told_once
from tests.streams.pipeline import Workers, until

RESTARTS = 20 if os.environ.get("VOLCROSS_TEST_BROKER") == "kafka" else 2
"""The embedded broker is the one nobody restarts twenty times a night."""


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
    workers: Workers,
    expected_events: list[Event],
    *,
    supervised: bool = False,
    within: float = 120.0,
) -> None:
    context = placed(expected_events, workers.settings)
    expected = rows([*expected_events, *context])

    def enough(events: list[Event]) -> bool:
        if supervised:
            workers.mend()
        return complete(expected, events)

    topics = [BARS, READINGS, SPREADS, CONTEXT]
    found = until(workers.settings, topics, enough, within)
    workers.end()
    assert_same(told_once(rows(found)), expected)
    assert ticks_of(found) == ticks_of(expected_events)
