"""Stages put away and taken out again, and held against plain recomputations."""

import json
import math
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as effort
from hypothesis import strategies as st

from streams.agents.stage import Gap, Out, Refused, Stage
from streams.events import (
    Bars,
    Event,
    LegName,
    LegReadings,
    Origin,
    PriceTicks,
    Side,
    SpreadReadings,
    VolatilityReadings,
    VolTicks,
)
from streams.settings import Kafka, StreamSettings
from streams.stages.grid import Grid
from streams.stages.join import MAX_ROWS, Join
from streams.stages.measure import Measure
from streams.stages.pairs import IMPLIED
from streams.stages.quote import Quote
from streams.stages.sample import Sample
from tests.streams.market import (
    BEGIN,
    HOUR,
    MINUTE,
    interleaved,
    market,
    settings,
    shuffled,
)
from tests.streams.outputs import FAR, Rows, offline, rows

STAGES: dict[type[Event], Callable[[StreamSettings], Stage[Any]]] = {
    PriceTicks: Sample,
    VolTicks: Quote,
    Bars: Measure,
    LegReadings: Join,
}
DAY = market(end=BEGIN + 26 * HOUR)


def through_restarts(restart_after: set[int]) -> Rows:
    """Run the day, putting a stage away and restoring it after some records."""
    configured = settings(Kafka())
    stages = {kind: stage(configured) for kind, stage in STAGES.items()}
    logs: dict[type[Event], list[Event]] = defaultdict(list)
    said: list[Event] = []
    todo: list[Event] = []
    taken = 0
    for _, _, record in shuffled(DAY):
        todo.append(record)
        while todo:
            event = todo.pop(0)
            kind = type(event)
            if kind not in stages:
                said.append(event)
                continue
            log = logs[kind]
            log.append(event)
            outcomes = stages[kind].apply(event, len(log) - 1, FAR)
            todo += [o.event for o in outcomes if isinstance(o, Out)]
            taken += 1
            if taken in restart_after:
                stages[kind] = again(configured, kind, stages[kind], log)
    return rows(said)


def again(
    configured: StreamSettings, kind: type[Event], stage: Stage[Any], log: list[Event]
) -> Stage[Any]:
    """Return the stage as a new process would restore it."""
    base = stage.base()
    state = json.loads(json.dumps(stage.state()))
    new = STAGES[kind](configured)
    new.restore(state, [] if base is None else list(enumerate(log))[base:])
    return new


@pytest.fixture(scope="module")
def expected() -> Rows:
    return rows(offline(interleaved(DAY), settings(Kafka())))


@effort(max_examples=12, deadline=None)
@given(st.sets(st.integers(1, 700), max_size=60))
def test_a_stage_restored_anywhere_goes_on_as_if_nothing_had_been(
    moments: set[int],
) -> None:
    assert through_restarts(moments) == rows(
        offline(interleaved(DAY), settings(Kafka()))
    )


def test_a_stage_restored_after_every_record_does_too(expected: Rows) -> None:
    assert through_restarts(set(range(2000))) == expected


def test_a_measure_reads_no_more_again_than_its_longest_window_holds() -> None:
    configured = settings(Kafka())
    bars = [e for e in offline(interleaved(market()), configured) if type(e) is Bars]
    measure = Measure(configured)
    for offset, record in enumerate(bars):
        measure.apply(record, offset, FAR)
    base = measure.base()
    assert base is not None
    # The longest window is one day of the three; a stock's last bar, and so
    # its window, is some hours older than the end.
    oldest = min(min(b.at) for b in bars[base:] if b.at)
    assert oldest > BEGIN + 24 * HOUR


def test_bars_told_again_are_not_measured_again() -> None:
    configured = settings(Kafka())
    first = next(e for e in offline(interleaved(DAY), configured) if type(e) is Bars)
    measure = Measure(configured)
    assert measure.apply(first, 0, FAR)
    assert measure.apply(first, 1, FAR) == []


def test_windows_made_anew_from_what_a_checkpoint_would_read_say_the_same() -> None:
    configured = settings(Kafka())
    bars = [e for e in offline(interleaved(market()), configured) if type(e) is Bars]
    before, after = bars[:-20], list(enumerate(bars))[-20:]
    kept, anew = Measure(configured), Measure(configured)
    for offset, record in enumerate(before):
        kept.apply(record, offset, FAR)
    state = kept.state()
    for series in state.values():
        for estimator in series["estimators"].values():
            del estimator["at"]  # as another release might
    base = kept.base() or 0
    records = list(enumerate(before))[base:]
    with pytest.raises(KeyError):
        anew.restore(state, records)
    anew = Measure(configured)
    for offset, record in records:
        anew.apply(record, offset, FAR)
    for offset, record in after:
        # EWMA has no window: what was before the log's beginning is gone.
        one, other = (
            [o.event for o in m.apply(record, offset, FAR) if isinstance(o, Out)]
            for m in (anew, kept)
        )
        assert [e for e in one if "ewma" not in str(e)] == [
            e for e in other if "ewma" not in str(e)
        ]


def test_bars_that_were_refused_do_not_stand_in_the_way_of_a_restart() -> None:
    configured = settings(Kafka())
    bars = [e for e in offline(interleaved(DAY), configured) if type(e) is Bars]
    end = bars[-1].end
    bars.append(
        Bars(
            symbol=bars[-1].symbol,
            source="",
            grid_seconds=60,
            start=end,
            end=end + MINUTE,
            at=[end + 1],
            open=[2.0],
            high=[1.0],
            low=[3.0],
            close=[2.0],
            ticks=[1],
        )
    )
    measure = Measure(configured)
    outcomes = [measure.apply(b, n, FAR) for n, b in enumerate(bars)]
    assert isinstance(outcomes[-1][0], Refused)
    assert again(configured, Bars, measure, [*bars]).state() == measure.state()


def test_realised_vol_is_the_sum_of_the_window_s_squares(expected: Rows) -> None:
    """An oracle of its own: minute closes from the ticks, fsum over the slice."""
    ticks = [e for _, _, e in DAY["BTC prices"] if isinstance(e, PriceTicks)]
    closes: dict[int, float] = {}
    for record in ticks:
        for tick, price in zip(record.at, record.price, strict=True):
            assert price is not None
            closes[-(-tick // MINUTE) * MINUTE] = price
    at = sorted(closes)
    readings = [json.loads(row) for row in expected["BTC close-to-close/1h"]]
    assert len(readings) > 1000
    for instant, value, *_ in readings:
        last = bisect_right(at, instant) - 1
        first = bisect_right(at, instant - HOUR)
        assert at[last] == instant
        spans = [(at[i - 1], at[i]) for i in range(max(first, 1), last + 1)]
        squares = [math.log(closes[b] / closes[a]) ** 2 for a, b in spans]
        years = sum(b - a for a, b in spans) / (365 * 24 * HOUR)
        exact = math.sqrt(math.fsum(squares) / years)
        assert value == pytest.approx(exact, rel=1e-9)


@given(
    st.lists(st.integers(1, 400), min_size=1, max_size=80, unique=True),
    st.lists(st.integers(1, 400), max_size=10),
    st.integers(1, 60),
)
def test_bars_do_not_depend_on_how_ticks_are_batched(
    instants: list[int], cuts: list[int], step: int
) -> None:
    at = np.array(sorted(instants), dtype=np.int64)
    price = 100.0 + np.sin(at)

    def bars(edges: list[int]) -> list[tuple[Any, ...]]:
        grid, found = Grid(step), []
        for start, end in pairwise(edges):
            inside = (at >= start) & (at < end)
            closed = grid.take(start, end, at[inside], price[inside])
            if closed is not None:
                found += list(zip(*(c.tolist() for c in closed[2:]), strict=True))
        return found

    whole = bars([0, 1000])
    assert bars(sorted({0, *cuts, 1000})) == whole
    plain = []
    for end in sorted({-(-t // step) * step for t in at.tolist()}):
        inside = price[(at > end - step) & (at <= end)].tolist()
        count = len(inside)
        plain.append((end, inside[0], max(inside), min(inside), inside[-1], count))
    assert whole == [bar for bar in plain if bar[0] < 1000]


def leg(
    side: Side, start: int, end: int, table: dict[int, float], source: str = "x"
) -> LegReadings:
    at = [t for t in sorted(table) if start <= t < end]
    return LegReadings(
        pair="A/B",
        comparison=IMPLIED,
        side=side,
        name=LegName(
            symbol=side,
            measure="iv",
            window="30d",
            origin=Origin.PUBLISHED,
            source=source,
        ),
        start=start,
        end=end,
        at=at,
        value=[table[t] for t in at],
    )


tables = st.dictionaries(st.integers(0, 99), st.floats(0.01, 3), max_size=40)


@given(tables, tables, st.lists(st.integers(1, 99)), st.lists(st.integers(1, 99)))
def test_a_spread_is_the_latest_left_minus_the_latest_right(
    left: dict[int, float],
    right: dict[int, float],
    left_cuts: list[int],
    right_cuts: list[int],
) -> None:
    records = []
    for side, table, cuts in (
        (Side.LEFT, left, left_cuts),
        (Side.RIGHT, right, right_cuts),
    ):
        edges = sorted({0, *cuts, 100})
        records += [leg(side, a, b, table) for a, b in pairwise(edges)]
    join = Join(settings(Kafka()))
    found: list[tuple[Any, ...]] = []
    covered = 0
    for offset, record in enumerate(records):
        for outcome in join.apply(record, offset, FAR):
            assert isinstance(outcome, Out)
            event = outcome.event
            assert isinstance(event, SpreadReadings)
            assert not covered or event.start == covered
            covered = event.end
            found += zip(
                event.at, event.spread, event.left_at, event.right_at, strict=True
            )
    plain = []
    for t in sorted({*left, *right}):
        a = max((x for x in left if x <= t), default=None)
        b = max((x for x in right if x <= t), default=None)
        if a is not None and b is not None:
            plain.append((t, left[a] - right[b], a, b))
    assert found == plain


def test_a_leg_far_ahead_comes_out_in_records_a_broker_takes() -> None:
    many = dict.fromkeys(range(3 * MAX_ROWS), 0.5)
    join = Join(settings(Kafka()))
    join.apply(leg(Side.LEFT, 0, 3 * MAX_ROWS, many), 0, FAR)
    outcomes = join.apply(leg(Side.RIGHT, 0, 3 * MAX_ROWS, {0: 0.4}), 1, FAR)
    sizes = [len(o.event.at) for o in outcomes if isinstance(o, Out)]  # type: ignore[attr-defined]  # all spreads
    assert sizes == [MAX_ROWS] * 3


def test_a_leg_without_counterpart_loses_its_oldest_rows_loudly(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("streams.stages.waiting.MAX_WAITING", 10)
    monkeypatch.setattr("streams.stages.waiting.MAX_STRETCHES", 4)
    join = Join(settings(Kafka()))
    outcomes = [
        outcome
        for t in range(12)
        for outcome in join.apply(leg(Side.LEFT, t, t + 1, {t: 0.5}), t, FAR)
    ]
    assert outcomes == [
        Gap("A/B implied unmatched", 0, 1),
        Gap("A/B implied unmatched", 1, 2),
    ]
    joined = join.apply(leg(Side.RIGHT, 0, 12, {0: 0.4}), 12, FAR)
    (spread,) = [o.event for o in joined if isinstance(o, Out)]
    assert isinstance(spread, SpreadReadings)
    assert spread.at == list(range(2, 12))


def test_a_record_of_spreads_names_one_source_a_leg() -> None:
    join = Join(settings(Kafka()))
    join.apply(leg(Side.LEFT, 0, 10, {1: 0.5}, "first"), 0, FAR)
    join.apply(leg(Side.LEFT, 10, 20, {11: 0.6}, "second"), 1, FAR)
    outcomes = join.apply(leg(Side.RIGHT, 0, 20, {0: 0.4, 12: 0.3}), 2, FAR)
    events = [o.event for o in outcomes if isinstance(o, Out)]
    named = [(e.left.source, e.at) for e in events if isinstance(e, SpreadReadings)]
    assert named == [("first", [1]), ("second", [11, 12])]


def test_a_window_still_filling_is_shown_but_never_compared() -> None:
    events = offline(interleaved(DAY), settings(Kafka()))
    warming = [
        e
        for e in events
        if isinstance(e, VolatilityReadings)
        and (e.symbol, e.measure, e.window) == ("BTC", "close-to-close", "1d")
        and e.at[-1] < BEGIN + 20 * HOUR
    ]
    assert warming
    assert {e.quality for e in warming} == {"warming"}
    compared = [
        at
        for e in events
        if isinstance(e, SpreadReadings) and e.comparison == "close-to-close/1d"
        for at in e.at
    ]
    assert all(at >= BEGIN + 24 * HOUR - MINUTE for at in compared)
