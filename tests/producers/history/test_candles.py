from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from producers.history.candles import Candle, Chapter, told
from producers.history.historian import Layer, chapters, fitting
from producers.source import SECOND, Series
from producers.venues.deribit_history import DVOL_LAYERS
from streams.stages.grid import Grid

MINUTE = 60 * SECOND
DAY = 86_400
SERIES = Series("BTC", "test")
BEGIN = 1_722_211_200 * SECOND


def candles(count: int, seed: int = 1) -> list[Candle]:
    rng = np.random.default_rng(seed)
    rows = []
    for n in range(count):
        walk = 100 * np.exp(np.cumsum(rng.normal(0, 1e-3, 60)))
        prices = (walk[0], walk.max(), walk.min(), walk[-1])
        rows.append(Candle(BEGIN + n * MINUTE, *map(float, prices)))
    return rows


def whole(count: int, bar: int = MINUTE) -> Chapter:
    return Chapter(BEGIN, BEGIN + count * MINUTE, MINUTE, bar)


@given(
    st.integers(0, 10**6),
    st.sampled_from([1, 5]),
    st.lists(st.integers(1, 30 * 60 - 1), max_size=4),
)
def test_bars_have_the_very_prices_of_the_candles(
    seed: int, per_bar: int, cuts: list[int]
) -> None:
    rows = candles(30, seed)
    grid = Grid(per_bar * MINUTE)
    edges = [BEGIN, *sorted({BEGIN + cut * SECOND for cut in cuts}), whole(30).end]
    found = []
    # However often the telling was broken off, and wherever.
    for start, end in pairwise(edges):
        heard = told(SERIES, rows, Chapter(start, end, MINUTE, per_bar * MINUTE))
        assert (np.diff(heard.at) > 0).all()
        assert all(start <= at < end for at in heard.at)
        bars = grid.take(start, end, heard.at, heard.value)
        if bars is not None:
            found += list(zip(*bars[2:7], strict=True))
    last = grid.take(edges[-1], edges[-1] + 1, np.empty(0, np.int64), np.empty(0))
    found += list(zip(*last[2:7], strict=True)) if last is not None else []
    assert found == [
        (
            part[0].opened + per_bar * MINUTE,
            part[0].open,
            max(row.high for row in part),
            min(row.low for row in part),
            part[-1].close,
        )
        for part in (rows[n : n + per_bar] for n in range(0, 30, per_bar))
    ]


def test_a_candle_goes_first_where_it_does_not_end() -> None:
    rows = [Candle(BEGIN, 10, 12, 9, 11), Candle(BEGIN + MINUTE, 11, 12, 9, 10)]
    heard = told(SERIES, rows, whole(2))
    assert heard.value.tolist() == [10, 9, 12, 11, 11, 12, 9, 10]


def test_candles_out_of_order_twice_or_from_elsewhere_change_nothing() -> None:
    rows = candles(10)
    other = Candle(BEGIN - MINUTE, 1, 1, 1, 1), Candle(BEGIN + 10 * MINUTE, 1, 1, 1, 1)
    plain = told(SERIES, rows, whole(10))
    mixed = told(SERIES, [*other, *rows[::-1], rows[3]], whole(10))
    assert mixed.at.tolist() == plain.at.tolist()
    assert mixed.value.tolist() == plain.value.tolist()


def test_a_minute_without_trade_has_no_tick_and_leaves_no_gap() -> None:
    rows = candles(3)
    heard = told(SERIES, [rows[0], rows[2]], whole(3))
    assert len(heard.at) == 8
    assert (heard.since, heard.until) == (BEGIN, BEGIN + 3 * MINUTE)


def test_the_candle_that_is_still_open_counts_up_to_now() -> None:
    now = BEGIN + 90 * SECOND
    heard = told(SERIES, candles(2), Chapter(BEGIN, now, MINUTE, MINUTE))
    assert heard.at[-1] == now - 1
    assert heard.until == now


def test_a_vol_tells_its_closes_only() -> None:
    heard = told(SERIES, candles(2), whole(2, bar=0))
    assert heard.at.tolist() == [BEGIN + MINUTE - 1, BEGIN + 2 * MINUTE - 1]
    assert heard.value.tolist() == [row.close for row in candles(2)]


def test_a_candle_coarser_than_the_bars_is_one_bar_and_no_path_through_five() -> None:
    step = 5 * MINUTE
    rows = [Candle(BEGIN, 10, 12, 9, 11), Candle(BEGIN + step, 11, 12, 9, 10)]
    heard = told(SERIES, rows, Chapter(BEGIN, BEGIN + 2 * step, step, MINUTE))
    bars = Grid(MINUTE).take(BEGIN, BEGIN + 2 * step + 1, heard.at, heard.value)
    assert bars is not None
    assert bars.at.tolist() == [BEGIN + step, BEGIN + 2 * step]
    found = [[*prices] for prices in zip(*bars[3:7], strict=True)]
    assert found == [[10, 12, 9, 11], [11, 12, 9, 10]]


def test_no_candles_say_that_nothing_happened() -> None:
    heard = told(SERIES, [], whole(3))
    assert len(heard.at) == len(heard.value) == 0
    assert heard.until == BEGIN + 3 * MINUTE


@pytest.mark.parametrize(
    ("grid", "found"),
    [
        (60, 60),
        (300, 300),
        (120, 60),
        (86_400, 3600),
        (10, 60),
        (90, 60),
    ],
)
def test_candles_are_never_coarser_than_bars_if_they_can_help_it(
    grid: float, found: int
) -> None:
    assert fitting((60, 300, 3600), grid) == found


@given(st.integers(1, 400 * DAY), st.integers(0, 10**9))
def test_chapters_cover_all_once_and_begin_on_their_candles(
    span: int, odd: int
) -> None:
    until = BEGIN + odd
    since = until - span * SECOND
    found = list(chapters(DVOL_LAYERS, since, until))
    assert found[0].start == since
    assert found[-1].end == until
    assert all(one.end == other.start for one, other in pairwise(found))
    assert all(chapter.start % chapter.step == 0 for chapter in found[1:])
    assert all(len(range(*c.asked(c.step))) <= 1_001 for c in found)
    steps = [chapter.step for chapter in found]
    assert steps == sorted(steps, reverse=True)
    assert found[-1].step == SECOND


def test_a_year_of_a_vol_takes_a_handful_of_questions() -> None:
    found = list(chapters(DVOL_LAYERS, BEGIN - 400 * DAY * SECOND, BEGIN))
    assert [chapter.step // SECOND for chapter in found] == [
        *([DAY] * 1),
        *([3600] * 1),
        *([60] * 2),
        *([1] * 2),
    ]


def test_what_a_venue_has_forgotten_is_not_asked_for() -> None:
    layers = (Layer(300, 59 * DAY, most=2016), Layer(60, 29 * DAY, most=10_080))
    found = list(chapters(layers, BEGIN - 90 * DAY * SECOND, BEGIN))
    assert found[0].start == BEGIN - 59 * DAY * SECOND
    assert {chapter.step for chapter in found} == {60 * SECOND, 300 * SECOND}
