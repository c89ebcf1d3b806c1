"""What the pipeline says, row by row, so that two runs can be compared.

How rows are cut into records follows the arrival; the rows must not.
"""

from collections import defaultdict
from collections.abc import Iterable

import msgspec

from streams.agents.stage import Out
from streams.events import (
    Bars,
    ContextReadings,
    Event,
    LegReadings,
    PriceTicks,
    SpreadReadings,
    VolatilityReadings,
    VolTicks,
)
from streams.settings import StreamSettings
from streams.stages.join import Join
from streams.stages.measure import Measure
from streams.stages.place import Place
from streams.stages.quote import Quote
from streams.stages.sample import Sample
from tests.streams.market import Sent

Rows = dict[str, list[bytes]]
FAR = 1 << 62
"""A wall clock for which nothing in the tests is the future."""


def rows(events: Iterable[Event]) -> Rows:
    """Return the rows of readings, spreads, context, by series, as they arrived."""
    found: Rows = defaultdict(list)
    for event in events:
        if isinstance(event, VolatilityReadings):
            key = f"{event.symbol} {event.measure}/{event.window}"
            said = (event.origin, event.source, event.quality, event.delay_seconds)
            found[key] += [
                msgspec.json.encode((at, value, *said))
                for at, value in zip(event.at, event.value, strict=True)
            ]
        elif isinstance(event, SpreadReadings):
            found[f"{event.pair} {event.comparison}"] += [
                msgspec.json.encode((*row, event.left, event.right))
                for row in zip(
                    event.at,
                    event.left_value,
                    event.right_value,
                    event.spread,
                    event.left_at,
                    event.right_at,
                    strict=True,
                )
            ]
        elif isinstance(event, ContextReadings):
            found[f"{event.pair} {event.comparison} context"] += [
                msgspec.json.encode(row)
                for row in zip(
                    event.at,
                    event.z_score,
                    event.left_rank,
                    event.left_percentile,
                    event.right_rank,
                    event.right_percentile,
                    strict=True,
                )
            ]
    return dict(found)


def told_once(found: Rows) -> Rows:
    """Drop what was told again after a crash; the first telling stands.

    Raises:
        AssertionError: a second telling differs from the first.
    """
    once: Rows = {}
    for key, values in found.items():
        by_instant: dict[int, bytes] = {}
        for value in values:
            at = msgspec.json.decode(value)[0]
            assert by_instant.setdefault(at, value) == value, key
        once[key] = [by_instant[at] for at in sorted(by_instant)]
    return once


def assert_same(found: Rows, expected: Rows) -> None:
    """Compare row by row, and show the first difference rather than all rows.

    Raises:
        AssertionError: a series is missing, or a row differs.
    """
    assert found.keys() == expected.keys()
    for key, wanted in expected.items():
        rows = found[key]
        for i, (row, want) in enumerate(zip(rows, wanted, strict=False)):
            assert row == want, f"{key}: row {i} of {len(wanted)}"
        assert len(rows) == len(wanted), key


def offline(records: Iterable[Sent], settings: StreamSettings) -> list[Event]:
    """Return what the stages make of the records, with no Kafka between them."""
    sample, measure = Sample(settings), Measure(settings)
    quote, join = Quote(settings), Join(settings)
    said: list[Event] = []
    todo: list[Event] = []
    for offset, (_, _, record) in enumerate(records):
        todo.append(record)
        while todo:
            event = todo.pop(0)
            if isinstance(event, PriceTicks):
                outcomes = sample.apply(event, offset, FAR)
            elif isinstance(event, Bars):
                outcomes = measure.apply(event, offset, FAR)
            elif isinstance(event, VolTicks):
                outcomes = quote.apply(event, offset, FAR)
            elif isinstance(event, LegReadings):
                outcomes = join.apply(event, offset, FAR)
            else:
                said.append(event)
                continue
            todo += [outcome.event for outcome in outcomes if isinstance(outcome, Out)]
            said += [
                outcome.event
                for outcome in outcomes
                if isinstance(outcome, Out) and isinstance(outcome.event, Bars)
            ]
    return said


def placed(events: Iterable[Event], settings: StreamSettings) -> list[Event]:
    """Return the context that follows from the spreads among the events."""
    place = Place(settings)
    return [
        outcome.event
        for offset, event in enumerate(events)
        if isinstance(event, SpreadReadings)
        for outcome in place.apply(event, offset, FAR)
        if isinstance(outcome, Out)
    ]
