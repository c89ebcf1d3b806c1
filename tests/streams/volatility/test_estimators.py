import json
import math
from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.volatility.bars import BarColumns
from streams.volatility.estimator import Estimator
from streams.volatility.estimators import ESTIMATORS
from streams.volatility.market_time import DAY_NS, MarketClock, market_clock
from tests.streams.volatility import oracles
from tests.streams.volatility.conftest import HOUR_NS, ns

CRYPTO, NYSE = market_clock("crypto"), market_clock("us-equity")
MINUTE_NS = 60 * 10**9
DAY = 86_400.0
EVERY = pytest.mark.parametrize("name", ESTIMATORS)
# EWMA has no window: all history counts.
WINDOWED = pytest.mark.parametrize("name", sorted(set(ESTIMATORS) - {"ewma"}))


def in_batches(
    estimator: Estimator, bars: BarColumns, sizes: Iterator[int]
) -> tuple[np.ndarray, np.ndarray]:
    values, warm, row = [], [], 0
    while row < len(bars):
        size = next(sizes)
        value, full = estimator.update(bars[row : row + size])
        values.append(value)
        warm.append(full)
        row += size
    return np.concatenate(values), np.concatenate(warm)


def cut(seed: int, most: int) -> Iterator[int]:
    random = np.random.default_rng(seed)
    while True:
        yield int(random.integers(0, most))


def same_bits(one: np.ndarray, other: np.ndarray) -> bool:
    return one.tobytes() == other.tobytes()


def made_up(seed: int, n: int, clock: MarketClock) -> BarColumns:
    """Return minute bars with silences, jumps and, for a stock, nights."""
    random = np.random.default_rng(seed)
    at = ns("2024-06-24") + np.cumsum(random.integers(1, 30, 4 * n)) * MINUTE_NS
    if clock.has_nights:
        at = at[[clock.is_open(int(t) - 1) for t in at]]
    at = at[:n]
    steps = random.normal(0, 1e-3, (4, at.size))
    steps[0, random.integers(0, at.size, 3)] = [0.4, -0.3, 1e-9]
    close = 100 * np.exp(np.cumsum(steps[0]))
    opened = close * np.exp(steps[1])
    return BarColumns.of(
        at,
        opened,
        np.maximum(opened, close) * np.exp(abs(steps[2])),
        np.minimum(opened, close) * np.exp(-abs(steps[3])),
        close,
    )


# -- reference values (METHODS.md) -------------------------------------------


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("close-to-close", 70.68),
        ("close-to-close-demeaned", 72.27),
        ("parkinson", 46.37),
        ("garman-klass", 45.70),
        ("rogers-satchell", 45.03),
        ("yang-zhang", 61.43),
    ],
)
def test_nvidia_21_sessions_to_july_31(
    name: str, expected: float, nvda: BarColumns
) -> None:
    end = int(np.flatnonzero(nvda.at == ns("2024-07-31T16:00-04:00"))[0])
    value, _ = ESTIMATORS[name](30 * DAY, NYSE).update(nvda[end - 21 : end + 1])
    assert 100 * value[-1] == pytest.approx(expected, abs=0.01)


@pytest.mark.parametrize(
    ("name", "expected"), [("close-to-close", 51.33), ("bipower", 48.05)]
)
def test_bitcoin_30_days_of_hours_to_july_31(
    name: str, expected: float, btc: BarColumns
) -> None:
    until = btc[: int(np.flatnonzero(btc.at == ns("2024-08-01"))[0]) + 1]
    value, warm = ESTIMATORS[name](30 * DAY, CRYPTO).update(until)
    assert 100 * value[-1] == pytest.approx(expected, abs=0.01)
    assert warm[-1]


# -- against the slow way, on every prefix ------------------------------------


def holds_on_every_prefix(
    name: str, days: float, bars: BarColumns, clock: MarketClock
) -> None:
    value, _ = in_batches(ESTIMATORS[name](days * DAY, clock), bars, cut(1, 50))
    slow = oracles.Slow(bars)
    for last in range(1, len(bars)):
        first, _ = part = oracles.stretch(bars, last, round(days * DAY_NS))
        units = clock.elapsed(bars.at[first : first + 1], bars.at[last : last + 1])
        expected = slow.volatility(
            name, part, float(units[0]) / clock.unit, clock.per_year
        )
        # The floor is a return of a price's own rounding, far below any market.
        close = pytest.approx(expected, rel=1e-9, abs=1e-13, nan_ok=True)
        assert value[last] == close, (name, last)


@WINDOWED
@pytest.mark.parametrize("days", [1, 7, 30])
def test_it_is_the_slow_sum_on_every_prefix_of_bitcoin(
    name: str, days: int, btc: BarColumns
) -> None:
    holds_on_every_prefix(name, days, btc, CRYPTO)


@WINDOWED
@pytest.mark.parametrize("days", [7, 30])
def test_it_is_the_slow_sum_on_every_prefix_of_nvidia(
    name: str, days: int, nvda: BarColumns
) -> None:
    holds_on_every_prefix(name, days, nvda, NYSE)


@WINDOWED
@pytest.mark.parametrize("days", [7, 30])
def test_it_is_the_slow_sum_on_every_prefix_of_dvol(
    name: str, days: int, dvol: BarColumns
) -> None:
    holds_on_every_prefix(name, days, dvol, CRYPTO)


@pytest.mark.parametrize("name", sorted(set(ESTIMATORS) - {"ewma", "bipower"}))
@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32), days=st.sampled_from([0.02, 0.3, 2.0]))
def test_it_is_the_slow_sum_over_made_up_bars_with_gaps_and_jumps(
    name: str, seed: int, days: float
) -> None:
    holds_on_every_prefix(name, days, made_up(seed, 150, CRYPTO), CRYPTO)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_bipower_is_the_slow_sum_over_a_made_up_even_grid(seed: int) -> None:
    bars = made_up(seed, 150, CRYPTO)
    even = BarColumns.of_closes(np.arange(1, 151) * MINUTE_NS, bars.close)
    holds_on_every_prefix("bipower", 0.02, even, CRYPTO)


def test_a_steady_climb_has_no_volatility_about_its_mean() -> None:
    # Its mean is 1e12 times its scatter: what is left is the prices' rounding.
    climb = np.exp(0.01 * np.arange(1000))
    bars = BarColumns.of_closes(np.arange(1, 1001) * HOUR_NS, climb)
    value, _ = ESTIMATORS["close-to-close-demeaned"](7 * DAY, CRYPTO).update(bars)
    assert (value[2:] < 1e-13).all()
    holds_on_every_prefix("close-to-close-demeaned", 7, bars, CRYPTO)


def test_bipower_steps_over_a_jump_that_close_to_close_takes() -> None:
    signs = np.where(np.random.default_rng(1).random(720) < 0.5, 1e-3, -1e-3)
    signs[600] = 0.1
    bars = BarColumns.of_closes(np.arange(1, 721) * HOUR_NS, np.exp(np.cumsum(signs)))
    plain, robust = (
        ESTIMATORS[name](7 * DAY, CRYPTO).update(bars).value
        for name in ("close-to-close", "bipower")
    )
    assert plain[-1] / plain[599] > 7
    assert robust[-1] / robust[599] < 1.5


def test_ewma_is_the_weighted_mean_of_all_squares_on_every_prefix(
    dvol: BarColumns,
) -> None:
    value, _ = in_batches(ESTIMATORS["ewma"](30 * DAY, CRYPTO), dvol, cut(1, 9))
    for last in range(1, len(dvol)):
        part = dvol[: last + 1]
        expected = oracles.ewma(part, [1.0] * last, memory=15.0, per_year=365)
        assert value[last] == pytest.approx(expected, rel=1e-9, abs=0), last


def holds_ewma_on_every_prefix(
    bars: BarColumns, clock: MarketClock, unit: float, days: float = 30
) -> None:
    """`unit` is the market time of every return, in days or sessions."""
    memory = days / 2 * (1 if clock is CRYPTO else 252 / 365)
    value, _ = in_batches(ESTIMATORS["ewma"](days * DAY, clock), bars, cut(1, 90))
    squares = np.array(oracles.Slow(bars).r[1:]) ** 2 / unit
    for last in range(1, len(bars)):
        age = np.arange(last - 1, -1, -1) * unit
        share = np.exp(-age / memory)
        weighted = math.fsum((share * squares[:last]).tolist())
        expected = math.sqrt(clock.per_year * weighted / math.fsum(share.tolist()))
        assert value[last] == pytest.approx(expected, rel=1e-9, abs=0), last


def test_ewma_is_so_on_every_prefix_of_bitcoin(btc: BarColumns) -> None:
    holds_ewma_on_every_prefix(btc, CRYPTO, 1 / 24)


def test_ewma_is_so_when_it_has_forgotten_its_beginning(btc: BarColumns) -> None:
    # A memory of an eighth of a day: an era is 32 days, and there are three.
    holds_ewma_on_every_prefix(btc, CRYPTO, 1 / 24, days=0.25)


def test_ewma_of_an_hour_starts_over_after_a_month_of_silence() -> None:
    at = np.array([0, 1, 2, 720, 721, 722]) * HOUR_NS
    close = np.array([100.0, 150, 100, 100, 101, 100])
    value, _ = ESTIMATORS["ewma"](3600.0, CRYPTO).update(
        BarColumns.of_closes(at, close)
    )
    # Two returns of four memories' weight; e⁻⁴ is left of the hour that stood still.
    expected = np.log(1.01) * np.sqrt(365 * 24 * -np.expm1(-4))
    assert value[2] > 30 * expected
    assert value[3] == 0
    assert value[5] == pytest.approx(expected, rel=1e-9)


def test_ewma_of_a_stock_keeps_a_move_made_while_its_market_was_shut() -> None:
    opened = ns("2024-08-01T09:30-04:00")
    shut = opened + np.array([-120, -60, -30]) * MINUTE_NS
    at = np.concatenate((shut, opened + np.arange(1, 4) * MINUTE_NS))
    early = BarColumns.of_closes(at, [100.0, 104.0, 103.0, 103.0, 103.0, 103.0])
    both = np.log(1.04) ** 2 + np.log(103 / 104) ** 2
    late = BarColumns.of_closes(
        at[[0, 3, 4, 5]],
        [100.0, 100 * np.exp(np.sqrt(both)), *2 * [100 * np.exp(np.sqrt(both))]],
    )
    value, _ = ESTIMATORS["ewma"](7 * DAY, NYSE).update(early)
    expected, _ = ESTIMATORS["ewma"](7 * DAY, NYSE).update(late)
    assert np.isnan(value[:3]).all()
    assert value[3:] == pytest.approx(expected[1:], rel=1e-9)


def test_ewma_is_so_on_every_prefix_of_nvidia(nvda: BarColumns) -> None:
    holds_ewma_on_every_prefix(nvda, NYSE, 1.0)


def test_ewma_forgets_half_in_its_half_life() -> None:
    # 30 days → half-life 10.4 days: one jump, then quiet for that long, twice.
    half = round(30 * np.log(2) / 2 * DAY_NS)
    quiet = np.arange(1, 4001) * DAY_NS // 10
    at = np.concatenate((quiet, quiet[-1] + np.array([1, 1 + half, 1 + 2 * half])))
    close = np.array([100.0] * len(quiet) + [110.0] * 3)
    value, _ = ESTIMATORS["ewma"](30 * DAY, CRYPTO).update(
        BarColumns.of_closes(at, close)
    )
    variance = value[-3:] ** 2
    assert variance[1:] / variance[:-1] == pytest.approx([0.5, 0.5], rel=1e-6)


def test_ewma_of_a_stock_forgets_in_sessions() -> None:
    closes = NYSE.session_closes(ns("2015-01-01"), ns("2024-08-01"))
    close = np.full(len(closes), 100.0)
    close[-40:] = 110.0
    value, _ = ESTIMATORS["ewma"](30 * DAY, NYSE).update(
        BarColumns.of_closes(closes, close)
    )
    variance = value[-40:] ** 2
    sessions = 30 * 252 / 365 / 2
    assert variance[-1] / variance[0] == pytest.approx(np.exp(-39 / sessions), rel=1e-6)


# -- what depends on the bars alone -------------------------------------------


@EVERY
@pytest.mark.parametrize("clock", [CRYPTO, NYSE], ids=lambda clock: clock.name)
@pytest.mark.parametrize("seconds", [3600.0, DAY, 7 * DAY])
@settings(max_examples=6, deadline=None)
@given(seed=st.integers(0, 2**32), most=st.sampled_from([2, 7, 100]))
def test_batches_leave_no_trace(
    name: str, clock: MarketClock, seconds: float, seed: int, most: int
) -> None:
    bars = made_up(seed, 300, clock)
    value, warm = ESTIMATORS[name](seconds, clock).update(bars)
    again, full = in_batches(ESTIMATORS[name](seconds, clock), bars, cut(seed, most))
    assert same_bits(value, again)
    assert same_bits(warm, full)


@EVERY
@pytest.mark.parametrize("clock", [CRYPTO, NYSE], ids=lambda clock: clock.name)
@pytest.mark.parametrize("seconds", [3600.0, DAY, 7 * DAY])
@settings(max_examples=6, deadline=None)
@given(seed=st.integers(0, 2**32), where=st.integers(0, 299), spare=st.integers(0, 20))
def test_a_restart_leaves_no_trace(
    name: str, clock: MarketClock, *, seconds: float, seed: int, where: int, spare: int
) -> None:
    bars = made_up(seed, 300, clock)
    whole = ESTIMATORS[name](seconds, clock)
    before, after = bars[:where], bars[where:]
    whole.update(before)
    state = json.loads(json.dumps(whole.state()))
    needed = whole.needs_since(int(before.at[-1]) if where else 0)
    first = max(int(np.searchsorted(before.at, needed)) - spare, 0)
    restored = ESTIMATORS[name](seconds, clock)
    restored.restore(state, before[first:])
    expected, warm = whole.update(after)
    value, full = restored.update(after)
    assert same_bits(value, expected)
    assert same_bits(warm, full)
    assert restored.state() == whole.state()


@WINDOWED
def test_a_month_ago_leaves_no_trace_in_a_window(name: str) -> None:
    bars = made_up(3, 2000, CRYPTO)
    late = int(np.searchsorted(bars.at, bars.at[-1] - 2 * DAY_NS)) - 2
    value, _ = ESTIMATORS[name](DAY, CRYPTO).update(bars)
    fresh, _ = ESTIMATORS[name](DAY, CRYPTO).update(bars[late:])
    assert same_bits(value[-50:], fresh[-50:])


@EVERY
def test_the_state_of_a_full_window_is_small(name: str, btc: BarColumns) -> None:
    estimator = ESTIMATORS[name](30 * DAY, CRYPTO)
    estimator.update(btc)
    assert len(json.dumps(estimator.state())) < 300


# -- what a window means -------------------------------------------------------


@EVERY
@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32), factor=st.floats(1e-3, 1e3))
def test_scaling_prices_leaves_it_unchanged(
    name: str, seed: int, factor: float
) -> None:
    bars = made_up(seed, 100, CRYPTO)
    scaled = BarColumns.of(
        bars.at, *(factor * x for x in (bars.open, bars.high, bars.low, bars.close))
    )
    value, _ = ESTIMATORS[name](DAY, CRYPTO).update(bars)
    again, _ = ESTIMATORS[name](DAY, CRYPTO).update(scaled)
    # The scaled prices are rounded anew: 1e-16 of a return.
    assert again == pytest.approx(value, rel=1e-9, abs=1e-10, nan_ok=True)


@pytest.mark.parametrize("name", ["close-to-close", "ewma"])
@settings(max_examples=30, deadline=None)
@given(
    vol=st.floats(0.01, 5),
    signs=st.lists(st.sampled_from([-1, 1]), min_size=60, max_size=60),
)
def test_returns_of_one_size_give_that_volatility(
    name: str, vol: float, signs: list[int]
) -> None:
    size = vol / np.sqrt(365 * 24)
    close = 100 * np.exp(size * np.cumsum(signs))
    bars = BarColumns.of_closes(np.arange(1, 61) * HOUR_NS, close)
    value, warm = ESTIMATORS[name](DAY, CRYPTO).update(bars)
    assert warm[-1]
    assert value[1:] == pytest.approx(np.full(59, vol), rel=1e-9)


@EVERY
def test_there_is_no_number_before_the_second_close(name: str) -> None:
    estimator = ESTIMATORS[name](DAY, CRYPTO)
    value, warm = estimator.update(BarColumns.of_closes([1], [100.0]))
    assert np.isnan(value[0])
    assert not warm[0]


@EVERY
def test_it_is_warm_once_history_spans_the_window(name: str, btc: BarColumns) -> None:
    _, warm = ESTIMATORS[name](7 * DAY, CRYPTO).update(btc)
    assert int(np.argmax(warm)) == 7 * 24
    assert warm[7 * 24 :].all()


def test_silence_counts_as_time_without_movement() -> None:
    # The same hours with and without the bars in which nothing moved.
    close = np.array([100.0, 101.0, 101.0, 101.0, 99.0, 99.0, 100.0])
    at = np.arange(1, 8) * HOUR_NS
    moved = np.concatenate(([True], close[1:] != close[:-1]))
    for name in ("close-to-close",):
        all_, _ = ESTIMATORS[name](DAY, CRYPTO).update(BarColumns.of_closes(at, close))
        some, _ = ESTIMATORS[name](DAY, CRYPTO).update(
            BarColumns.of_closes(at[moved], close[moved])
        )
        assert same_bits(all_[moved], some)


def test_a_stocks_hour_leaves_the_night_out() -> None:
    opening = ns("2024-08-01T09:30-04:00")
    closing = ns("2024-07-31T16:00-04:00")
    at = np.concatenate(
        (
            closing + np.arange(-120, 1) * MINUTE_NS,
            opening + np.arange(1, 31) * MINUTE_NS,
        )
    )
    signs = np.where(np.arange(at.size) % 2, 1e-3, -1e-3)
    jump = np.where(at > closing, 0.2, 0.0)
    bars = BarColumns.of_closes(at, 100 * np.exp(np.cumsum(signs) + jump))
    expected = 1e-3 * np.sqrt(252 * 390)
    value, warm = ESTIMATORS["close-to-close"](3600.0, NYSE).update(bars)
    assert warm[-1]
    assert value[1:] == pytest.approx(np.full(at.size - 1, expected), rel=1e-9)
    day, _ = ESTIMATORS["close-to-close"](DAY, NYSE).update(bars)
    assert day[-1] > 10 * expected


def test_n_sessions_annualise_by_252_over_n_of_night_and_day_alike() -> None:
    closes = NYSE.session_closes(ns("2024-06-28"), ns("2024-07-31"))
    signs = np.where(np.arange(closes.size) % 2, 0.03, -0.03)
    bars = BarColumns.of_closes(closes, 100 * np.exp(np.cumsum(signs)))
    value, _ = ESTIMATORS["close-to-close"](30 * DAY, NYSE).update(bars)
    assert value[1:] == pytest.approx(np.full(closes.size - 1, 0.03 * np.sqrt(252)))


def test_monday_morning_is_not_a_day(nvda: BarColumns) -> None:
    monday = ns("2024-08-05T09:30-04:00")
    morning = BarColumns.of_closes(
        monday + np.arange(1, 391) * MINUTE_NS, [100.0] * 390
    )
    estimator = ESTIMATORS["close-to-close"](DAY, NYSE)
    estimator.update(nvda[: int(np.searchsorted(nvda.at, monday))])
    _, warm = estimator.update(morning)
    assert not warm[29]
    assert warm[-1]


# -- what it refuses -----------------------------------------------------------


@EVERY
def test_bars_out_of_order_are_refused_and_change_nothing(name: str) -> None:
    estimator = ESTIMATORS[name](DAY, CRYPTO)
    bars = made_up(5, 50, CRYPTO)
    estimator.update(bars[:40])
    before = estimator.state()
    for bad in (bars[39:], bars[10:12]):
        with pytest.raises(ValueError, match="comes after"):
            estimator.update(bad)
    assert estimator.state() == before
    value, _ = estimator.update(bars[40:])
    whole, _ = ESTIMATORS[name](DAY, CRYPTO).update(bars)
    assert same_bits(value, whole[40:])


@pytest.mark.parametrize(
    "bars",
    [
        {"at": [1, 1], "close": [1.0, 1.0]},
        {"at": [2, 1], "close": [1.0, 1.0]},
        {"at": [1], "close": [0.0]},
        {"at": [1], "close": [-1.0]},
        {"at": [1], "close": [np.nan]},
        {"at": [1], "close": [np.inf]},
        {"at": [1, 2], "close": [1.0]},
    ],
)
def test_what_is_not_a_series_of_bars_is_refused(bars: dict[str, list[float]]) -> None:
    with pytest.raises(ValueError, match=r"rise|is not a bar|length"):
        BarColumns.of_closes(**bars)


def test_a_high_below_the_close_is_refused() -> None:
    with pytest.raises(ValueError, match="row 0 is not a bar"):
        BarColumns.of([1], [10.0], [11.0], [9.0], [12.0])


@pytest.mark.parametrize(
    "close", [[100.0, 5500.0], [100.0, 1.8], [1e-300, 1e300], [1e300, 1e-300]]
)
def test_every_estimator_refuses_the_same_move_and_keeps_its_state(
    close: list[float],
) -> None:
    for name, estimator in ESTIMATORS.items():
        kept = estimator(DAY, CRYPTO)
        kept.update(BarColumns.of_closes([1], close[:1]))
        before = kept.state()
        with pytest.raises(ValueError, match="moved by more"):
            kept.update(BarColumns.of_closes([2], close[1:]))
        assert kept.state() == before, name


def test_every_estimator_takes_the_largest_move_that_is_not_refused() -> None:
    bars = BarColumns.of(
        [1, 2, 3], [1, 2980, 1], [54.5, 2980, 54.5], [1, 54.7, 1], [54.5, 2970, 54.5]
    )
    for name, estimator in ESTIMATORS.items():
        value, _ = estimator(DAY, CRYPTO).update(bars)
        assert np.isfinite(value[2]), name


@EVERY
def test_a_state_of_another_window_is_refused(name: str) -> None:
    state = ESTIMATORS[name](DAY, CRYPTO).state()
    with pytest.raises(ValueError, match="window"):
        ESTIMATORS[name](2 * DAY, CRYPTO).restore(state, made_up(1, 9, CRYPTO)[:0])


def test_bars_that_end_elsewhere_do_not_restore() -> None:
    bars = made_up(1, 20, CRYPTO)
    estimator = ESTIMATORS["close-to-close"](DAY, CRYPTO)
    estimator.update(bars)
    with pytest.raises(ValueError, match="bars up to"):
        ESTIMATORS["close-to-close"](DAY, CRYPTO).restore(estimator.state(), bars[:19])


def test_the_bars_of_a_window_cover_it_and_no_more(btc: BarColumns) -> None:
    estimator = ESTIMATORS["close-to-close"](DAY, CRYPTO)
    for start, end in pairwise(range(0, 500, 37)):
        estimator.update(btc[start:end])
        now = int(btc.at[end - 1])
        # The close before the oldest return of the next window, an hour on.
        assert estimator.needs_since(now) == max(now - DAY_NS, int(btc.at[0]))
