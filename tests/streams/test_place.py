"""Context held against plain recomputations, however its spreads are cut."""

import json
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as effort
from hypothesis import strategies as st

from streams import metrics
from streams.agents.stage import Gap, Out
from streams.events import ContextReadings, LegName, Origin, SpreadReadings
from streams.settings import Kafka, StreamSettings
from streams.stages.pairs import IMPLIED, LIKE_FOR_LIKE
from streams.stages.place import Place
from streams.topics import CONTEXT
from streams.volatility.standing import ENOUGH_DAYS
from tests.streams.market import BEGIN, HOUR, MINUTE, settings
from tests.streams.outputs import FAR

DAY = 24 * HOUR
DAYS = 45
END = BEGIN + DAYS * DAY


def configured() -> StreamSettings:
    """Return the small market, with three dates in its calendar."""
    dates = (
        ("NVDA", "2024-08-28T16:00:00-04:00"),
        ("BTC", "2024-08-01T20:30:00-04:00"),
        ("AMD", "2024-07-30T16:00:00-04:00"),
    )
    calendar = [{"symbol": name, "at": at} for name, at in dates]
    return settings(Kafka(), announcements=calendar)


def _spreads() -> dict[str, list[Any]]:
    """Return 45 days of a stock that speaks by day and a coin that always does."""
    rng = np.random.default_rng(11)
    right_at = rng.integers(BEGIN, END, 6000)
    # Some upon the minute: they are of the one that begins.
    right_at = np.unique(np.append(right_at, right_at[:900] // MINUTE * MINUTE))
    left_at = np.unique(rng.integers(BEGIN, END, 3000))
    of_day = (left_at - BEGIN) % DAY
    weekday = (left_at - BEGIN) // DAY % 7 < 5
    left_at = left_at[weekday & (of_day >= 13.5 * HOUR) & (of_day < 20 * HOUR)]
    left = 0.6 + np.cumsum(rng.normal(0, 0.004, left_at.size))
    right = 0.5 + np.cumsum(rng.normal(0, 0.002, right_at.size))
    at = np.union1d(left_at, right_at)
    at = at[at >= max(left_at[0], right_at[0])]
    a = np.searchsorted(left_at, at, side="right") - 1
    b = np.searchsorted(right_at, at, side="right") - 1
    columns = {
        "at": at,
        "left_value": left[a],
        "right_value": right[b],
        "spread": left[a] - right[b],
        "left_at": left_at[a],
        "right_at": right_at[b],
    }
    return {name: column.tolist() for name, column in columns.items()}


SPREADS = _spreads()
ROWS = len(SPREADS["at"])


def leg(symbol: str, measure: str) -> LegName:
    return LegName(
        symbol=symbol,
        measure=measure,
        window="30d",
        origin=Origin.PUBLISHED,
        source="test",
    )


def record(start: int, end: int, comparison: str = IMPLIED) -> SpreadReadings:
    a, b = np.searchsorted(SPREADS["at"], [start, end]).tolist()
    return SpreadReadings(
        pair="NVDA/BTC",
        comparison=comparison,
        left=leg("NVDA", "iv30"),
        right=leg("BTC", "dvol"),
        start=start,
        end=end,
        at=SPREADS["at"][a:b],
        left_value=SPREADS["left_value"][a:b],
        right_value=SPREADS["right_value"][a:b],
        spread=SPREADS["spread"][a:b],
        left_at=SPREADS["left_at"][a:b],
        right_at=SPREADS["right_at"][a:b],
    )


def contexts(outcomes: list[Any]) -> list[ContextReadings]:
    events = [o.event for o in outcomes if isinstance(o, Out) and o.topic is CONTEXT]
    return [event for event in events if isinstance(event, ContextReadings)]


def rows(events: list[ContextReadings]) -> list[tuple[Any, ...]]:
    return [
        row
        for e in events
        for row in zip(
            e.at,
            e.z_score,
            e.left_rank,
            e.left_percentile,
            e.right_rank,
            e.right_percentile,
            strict=True,
        )
    ]


@cache
def whole() -> list[tuple[Any, ...]]:
    return rows(contexts(Place(configured()).apply(record(BEGIN, END), 0, FAR)))


def again(place: Place) -> Place:
    """Return the stage as a new process would restore it."""
    new = Place(configured())
    new.restore(json.loads(json.dumps(place.state())), [])
    return new


EDGES = st.one_of(
    st.integers(BEGIN, END),
    st.integers(0, DAYS * 24 * 60).map(lambda n: BEGIN + n * MINUTE),
    st.integers(0, ROWS - 1).map(lambda i: int(SPREADS["at"][i])),
    st.integers(0, ROWS - 1).map(lambda i: int(SPREADS["at"][i]) + 1),
)


@effort(max_examples=15, deadline=None)
@given(st.sets(EDGES, max_size=40), st.sets(st.integers(0, 40), max_size=40))
def test_any_cut_put_away_and_restored_anywhere_gives_the_same_rows(
    cuts: set[int], restarts: set[int]
) -> None:
    place, said = Place(configured()), list[ContextReadings]()
    for offset, (a, b) in enumerate(pairwise(sorted({BEGIN, END, *cuts}))):
        said += contexts(place.apply(record(a, b), offset, FAR))
        if offset in restarts:
            place = again(place)
    assert rows(said) == whole()
    # What is covered is covered once, without a hole.
    assert said[0].start == BEGIN
    assert said[-1].end == END
    assert all(one.end == other.start for one, other in pairwise(said))
    assert all(e.start <= at < e.end for e in said for at in e.at)


def test_spreads_a_second_at_a_time_give_the_rows_of_their_minutes() -> None:
    place, said = Place(configured()), list[ContextReadings]()
    begin = SPREADS["at"][0] // MINUTE * MINUTE
    for offset in range(20 * 60):
        start = begin + offset * MINUTE // 60
        said += contexts(place.apply(record(start, start + MINUTE // 60), 0, FAR))
        place = again(place)
    assert len(said) == 20
    inside = [at for at in SPREADS["at"] if at < begin + 20 * MINUTE]
    last = {at // MINUTE: at for at in inside}
    assert [row[0] for row in rows(said)] == list(last.values())


def test_rows_are_the_last_spreads_of_their_minutes() -> None:
    last = {at // MINUTE: at for at in SPREADS["at"]}
    assert len(last) < ROWS
    assert [row[0] for row in whole()] == list(last.values())


def test_z_score_and_rank_are_those_of_a_plain_recomputation() -> None:
    at = np.array(SPREADS["at"])
    hour = at // HOUR
    closing = np.append(np.diff(hour) > 0, True)
    spread = np.array(SPREADS["spread"])
    index = {t: i for i, t in enumerate(SPREADS["at"])}
    scored = ranked = 0
    for row in whole()[::11]:
        i = index[row[0]]
        history = closing & (hour < hour[i]) & (hour > hour[i] - 720)
        sample = np.append(spread[history], spread[i])
        if sample.size <= 24:
            assert row[1] is None
        else:
            scored += 1
            exact = (spread[i] - sample.mean()) / sample.std(ddof=1)
            assert row[1] == pytest.approx(exact, rel=1e-9, abs=1e-12)
        for side, rank, percentile in (
            ("left", *row[2:4]),
            ("right", *row[4:6]),
        ):
            when = np.array(SPREADS[f"{side}_at"])[: i + 1] // DAY
            value = np.array(SPREADS[f"{side}_value"])[: i + 1]
            closes = {d: v for d, v in zip(when, value, strict=True) if d < when[-1]}
            if len(closes) < ENOUGH_DAYS:
                assert (rank, percentile) == (None, None)
                continue
            ranked += 1
            year, now = np.array(list(closes.values())), value[-1]
            low, high = min(year.min(), now), max(year.max(), now)
            assert rank == pytest.approx((now - low) / (high - low))
            assert percentile == np.mean(year < now)
    assert scored > 300
    assert ranked > 100


def test_a_record_told_again_is_skipped_and_one_that_overlaps_adds_its_news() -> None:
    plain, place = Place(configured()), Place(configured())
    first, both = record(BEGIN, BEGIN + DAY), record(BEGIN, BEGIN + 2 * DAY)
    said = contexts(place.apply(first, 0, FAR))
    assert place.apply(first, 1, FAR) == []
    assert place.apply(record(BEGIN, BEGIN + HOUR), 2, FAR) == []
    said += contexts(place.apply(both, 3, FAR))
    assert rows(said) == rows(contexts(plain.apply(both, 0, FAR)))


def test_a_stretch_without_records_is_a_gap() -> None:
    place = Place(configured())
    place.apply(record(BEGIN, BEGIN + DAY), 0, FAR)
    outcomes = place.apply(record(BEGIN + 2 * DAY, BEGIN + 3 * DAY), 1, FAR)
    assert outcomes[0] == Gap("NVDA/BTC implied spreads", BEGIN + DAY, BEGIN + 2 * DAY)


def test_a_row_upon_the_minute_waits_for_the_minute_it_begins() -> None:
    place = Place(configured())
    at = next(t for t in SPREADS["at"] if t % MINUTE == 0)
    (before,) = contexts(place.apply(record(BEGIN, at + 1), 0, FAR))
    assert before.end == at
    assert at not in before.at
    (after,) = contexts(place.apply(record(at + 1, at + MINUTE), 1, FAR))
    assert len(after.at) == 1


@pytest.mark.parametrize(
    ("comparison", "rows_made"),
    [(IMPLIED, True), (LIKE_FOR_LIKE, True), ("close-to-close/1d", False)],
)
def test_only_implied_vols_have_a_context(comparison: str, rows_made: bool) -> None:
    day = record(BEGIN, BEGIN + DAY, comparison)
    assert bool(Place(configured()).apply(day, 0, FAR)) is rows_made


def test_announcements_are_those_of_the_legs_within_the_tenor() -> None:
    place = Place(configured())
    (first,) = contexts(place.apply(record(BEGIN, BEGIN + HOUR), 0, FAR))
    # NVDA's report is more than 30 days away, AMD is no leg; the date of the
    # coin's is the one that was written, though it is the 2nd in Greenwich.
    assert first.announcements == ["BTC earnings 2024-08-01"]
    (second,) = contexts(place.apply(record(BEGIN + HOUR, BEGIN + 2 * DAY), 1, FAR))
    assert second.announcements == [
        "BTC earnings 2024-08-01",
        "NVDA earnings 2024-08-28",
    ]
    (third,) = contexts(place.apply(record(BEGIN + 2 * DAY, BEGIN + 9 * DAY), 2, FAR))
    assert third.announcements == ["NVDA earnings 2024-08-28"]
    (last,) = contexts(place.apply(record(BEGIN + 9 * DAY, END), 3, FAR))
    assert last.announcements == []


def test_what_is_remembered_is_closes_and_never_rows() -> None:
    place = Place(configured())
    place.apply(record(BEGIN, END), 0, FAR)
    state = place.state()["NVDA/BTC"][IMPLIED]
    assert len(state["score"]["closes"]) <= 720
    assert len(state["left"]["closes"]) <= DAYS
    assert len(json.dumps(state)) < 40_000


def test_the_latest_of_it_is_shown_to_prometheus() -> None:
    (said,) = contexts(Place(configured()).apply(record(BEGIN, END), 0, FAR))
    metrics.observe(said)
    assert metrics.Z_SCORE.value(("NVDA/BTC", IMPLIED)) == said.z_score[-1]
    assert metrics.RANK.value(("NVDA", "iv30")) == said.left_rank[-1]
    assert metrics.RANK.value(("BTC", "dvol")) == said.right_rank[-1]
