from collections.abc import Sequence

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from producers.publishing.coverage import Coverage, Stretch
from producers.source import Heard, Series
from streams.events import Origin, PriceTicks, VolTicks

BTC = Series("BTC", "test")


def heard(
    at: Sequence[int],
    value: Sequence[float] | None = None,
    *,
    until: int | None = None,
    since: int | None = None,
) -> Heard:
    return Heard(
        BTC,
        np.array(at, np.int64),
        np.array(at if value is None else value, np.float64),
        until=until,
        since=since,
    )


def cuts(coverage: Coverage, limit: int = 1000, *, last: bool = False) -> list[Stretch]:
    stretches = []
    while (stretch := coverage.cut(limit, last=last)) is not None:
        stretches.append(stretch)
    return stretches


def one(coverage: Coverage) -> Stretch:
    (stretch,) = cuts(coverage)
    return stretch


def test_it_begins_where_the_source_says_and_ends_where_it_vouches() -> None:
    coverage = Coverage()
    coverage.hear(heard([15, 20], since=10, until=30))
    stretch = one(coverage)
    assert (stretch.start, stretch.end, stretch.at.tolist()) == (10, 30, [15, 20])


def test_without_a_promise_it_covers_no_more_than_the_ticks() -> None:
    coverage = Coverage()
    coverage.hear(heard([15, 20]))
    assert (one(coverage).start, coverage.ticks) == (15, 0)
    coverage.hear(heard([40]))
    stretch = one(coverage)
    assert (stretch.start, stretch.end) == (21, 41)


def test_silence_moves_the_watermark() -> None:
    coverage = Coverage()
    coverage.hear(heard([], since=10, until=20))
    coverage.hear(heard([], until=30))
    stretch = one(coverage)
    assert (stretch.start, stretch.end, len(stretch.at)) == (10, 30, 0)
    assert coverage.cut(10) is None


def test_equal_instants_keep_their_order_even_across_cuts() -> None:
    coverage = Coverage()
    coverage.hear(heard([5, 5, 5], [1, 2, 3]))
    assert one(coverage).at.tolist() == [5, 6, 7]
    coverage.hear(heard([5, 6, 9], [4, 5, 6]))
    stretch = one(coverage)
    assert (stretch.start, stretch.at.tolist()) == (8, [8, 9, 10])
    assert stretch.value.tolist() == [4, 5, 6]


def test_a_tick_out_of_order_finds_its_place_while_it_is_not_sent() -> None:
    coverage = Coverage()
    coverage.hear(heard([10, 30], since=0))
    coverage.hear(heard([20]))
    assert one(coverage).at.tolist() == [10, 20, 30]


def test_a_tick_behind_the_watermark_travels_on_to_be_refused() -> None:
    coverage = Coverage()
    coverage.hear(heard([10], since=0, until=50))
    one(coverage)
    coverage.hear(heard([40, 60]))
    stretch = one(coverage)
    assert (stretch.start, stretch.end) == (50, 61)
    assert stretch.at.tolist() == [40, 60]


def test_a_late_tick_alone_still_makes_a_stretch_and_shuts_nobody_out() -> None:
    coverage = Coverage()
    coverage.hear(heard([], since=0, until=50))
    one(coverage)
    coverage.hear(heard([40]))
    stretch = one(coverage)
    assert (stretch.start, stretch.end) == (50, 51)
    coverage.hear(heard([50]))
    stretch = one(coverage)
    assert stretch.start <= stretch.at[0] < stretch.end


def test_lateness_holds_ticks_back_until_order_is_certain() -> None:
    coverage = Coverage(lateness=10)
    coverage.hear(heard([100], since=90))
    assert coverage.cut(10) is None
    coverage.hear(heard([105, 95]))
    coverage.hear(heard([112]))
    stretch = one(coverage)
    assert (stretch.at.tolist(), stretch.end) == ([95, 100], 102)
    coverage.hear(heard([], until=120))
    stretch = one(coverage)
    assert (stretch.at.tolist(), stretch.end) == ([105, 112], 120)


def test_at_the_end_nothing_is_held_back() -> None:
    coverage = Coverage(lateness=10)
    coverage.hear(heard([100, 105], since=100))
    (stretch,) = cuts(coverage, last=True)
    assert stretch.at.tolist() == [100, 105]


def test_a_word_that_broke_off_leaves_a_gap_for_all_to_see() -> None:
    coverage = Coverage()
    coverage.hear(heard([10], since=0, until=20))
    coverage.hear(heard([50], since=45, until=60))
    before, after = cuts(coverage)
    assert (before.start, before.end) == (0, 20)
    assert (after.start, after.end) == (45, 60)


def test_a_word_that_joins_on_leaves_none() -> None:
    coverage = Coverage()
    coverage.hear(heard([10], since=0, until=20))
    coverage.hear(heard([25], since=15, until=30))
    assert (one(coverage).start, coverage.ticks) == (0, 0)


def test_another_source_takes_over_where_the_first_broke_off() -> None:
    other = Series("BTC", "other")
    coverage = Coverage()
    coverage.hear(heard([10], since=0, until=20))
    coverage.hear(Heard(other, np.array([25]), np.array([2.0]), since=20, until=30))
    coverage.hear(heard([40], [3.0], since=30, until=50))
    told = [(s.series.source, s.start, s.end, s.value.tolist()) for s in cuts(coverage)]
    assert told == [
        ("test", 0, 20, [10.0]),
        ("other", 20, 30, [2.0]),
        ("test", 30, 50, [3.0]),
    ]


def test_records_carry_the_series() -> None:
    series = Series("NVDA", "cboe", "iv30", 30, Origin.PUBLISHED, 900.0)
    coverage = Coverage()
    coverage.hear(Heard(series, np.array([5]), np.array([0.7]), since=0, until=9))
    stretch = coverage.cut(10)
    assert stretch is not None
    assert stretch.record() == VolTicks(
        symbol="NVDA",
        source="cboe",
        measure="iv30",
        tenor_days=30,
        start=0,
        end=9,
        at=[5],
        value=[0.7],
        delay_seconds=900.0,
    )


def test_sizes_travel_with_prices_or_not_at_all() -> None:
    coverage = Coverage()
    coverage.hear(heard([1]))
    record = one(coverage).record()
    assert isinstance(record, PriceTicks)
    assert record.size == []
    coverage.hear(Heard(BTC, np.array([4]), np.array([9.0]), np.array([0.5])))
    record = one(coverage).record()
    assert isinstance(record, PriceTicks)
    assert record.size == [0.5]


batches = st.lists(
    st.tuples(
        st.lists(st.integers(1, 60), max_size=6),
        st.none() | st.integers(1, 80),
        st.none() | st.integers(1, 80),
        st.booleans(),
    ),
    max_size=12,
)


@given(batches=batches, limit=st.integers(1, 5), lateness=st.sampled_from([0, 7]))
@example(
    # Held back, so never sent: what comes before it is not late.
    batches=[([11], None, None, True), ([1, 3], None, None, False)],
    limit=1,
    lateness=7,
)
def test_every_tick_leaves_once_and_coverage_never_overlaps(
    batches: list[tuple[list[int], int | None, int | None, bool]],
    limit: int,
    lateness: int,
) -> None:
    coverage = Coverage(lateness)
    sent: list[Stretch] = []
    count = 0
    for at, until, since, cut_now in batches:
        names = np.arange(count, count + len(at), dtype=np.float64)
        count += len(at)
        coverage.hear(heard(at, names.tolist(), until=until, since=since))
        if cut_now:
            sent += cuts(coverage, limit)
    sent += cuts(coverage, limit, last=True)

    told = np.concatenate([s.value for s in sent]) if sent else np.empty(0)
    assert sorted(told.tolist()) == list(range(count))
    assert coverage.ticks == 0
    watermark = 0
    for stretch in sent:
        assert watermark <= stretch.start < stretch.end
        watermark = stretch.end
        assert len(stretch.at) <= limit
        on_time = stretch.at[stretch.at >= stretch.start]
        late = stretch.at[: len(stretch.at) - len(on_time)]
        assert np.all(np.diff(on_time) > 0)
        assert np.all(np.diff(late) >= 0)
        assert np.all(late < stretch.start)
        assert np.all(on_time < stretch.end)
