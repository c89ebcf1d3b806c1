"""What each estimator is by reference, what its window means, what it refuses."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.volatility.bars import BarColumns
from streams.volatility.estimators import ESTIMATORS
from streams.volatility.market_time import DAY_NS
from tests.streams.volatility.conftest import HOUR_NS, ns
from tests.streams.volatility.made_up import (
    CRYPTO,
    DAY,
    EVERY,
    MINUTE_NS,
    NYSE,
    made_up,
    same_bits,
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
