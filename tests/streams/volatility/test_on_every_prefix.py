"""Every estimator against the slow way, on every prefix of real and made-up series."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.volatility.bars import BarColumns
from streams.volatility.estimators import ESTIMATORS
from streams.volatility.market_time import DAY_NS, MarketClock
from tests.streams.volatility import oracles
from tests.streams.volatility.conftest import HOUR_NS, ns
from tests.streams.volatility.made_up import (
    CRYPTO,
    DAY,
    MINUTE_NS,
    NYSE,
    WINDOWED,
    cut,
    in_batches,
    made_up,
)


def holds_on_every_prefix(
    name: str, days: float, bars: BarColumns, clock: MarketClock
) -> None:
    value, _ = in_batches(ESTIMATORS[name](days * DAY, clock), bars, cut(1, 50))
    steps = clock.elapsed(bars.at[:-1], bars.at[1:]) / clock.unit
    slow = oracles.Slow(bars, [0.0, *steps.tolist()])
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


@WINDOWED
@pytest.mark.parametrize("clock", [CRYPTO, NYSE], ids=lambda clock: clock.name)
@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 2**32), days=st.sampled_from([1.0, 2.0, 7.0]))
def test_it_is_the_slow_sum_over_made_up_bars_with_gaps_nights_and_jumps(
    name: str, clock: MarketClock, seed: int, days: float
) -> None:
    holds_on_every_prefix(name, days, made_up(seed, 150, clock), clock)


@WINDOWED
@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 2**32), days=st.sampled_from([0.02, 0.3]))
def test_it_is_so_within_a_day_too(name: str, seed: int, days: float) -> None:
    holds_on_every_prefix(name, days, made_up(seed, 150, CRYPTO), CRYPTO)


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


@pytest.mark.parametrize("clock", [CRYPTO, NYSE], ids=lambda clock: clock.name)
@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32), days=st.sampled_from([1.0, 30.0]))
def test_ewma_is_the_weighted_mean_of_all_squares_over_made_up_bars(
    clock: MarketClock, seed: int, days: float
) -> None:
    bars = made_up(seed, 150, clock)
    value, _ = in_batches(ESTIMATORS["ewma"](days * DAY, clock), bars, cut(1, 9))
    steps = (clock.elapsed(bars.at[:-1], bars.at[1:]) / clock.unit).tolist()
    returns = oracles.Slow(bars, [0.0, *steps]).r[1:]
    memory = days / 2 * (1 if clock is CRYPTO else 252 / 365)
    for n in range(1, len(bars)):
        expected = oracles.ewma(returns[:n], steps[:n], memory, clock.per_year)
        assert value[n] == pytest.approx(expected, rel=1e-9, abs=0), n


def holds_ewma_on_every_prefix(
    bars: BarColumns, clock: MarketClock, unit: float, days: float = 30
) -> None:
    """`unit` is the market time of every return, in days or sessions."""
    memory = days / 2 * (1 if clock is CRYPTO else 252 / 365)
    value, _ = in_batches(ESTIMATORS["ewma"](days * DAY, clock), bars, cut(1, 90))
    squares = np.array(oracles.Slow(bars, [unit] * len(bars)).r[1:]) ** 2 / unit
    for last in range(1, len(bars)):
        age = np.arange(last - 1, -1, -1) * unit
        share = np.exp(-age / memory)
        weighted = math.fsum((share * squares[:last]).tolist())
        expected = math.sqrt(clock.per_year * weighted / math.fsum(share.tolist()))
        assert value[last] == pytest.approx(expected, rel=1e-9, abs=0), last


def test_ewma_is_so_on_every_prefix_of_dvol(dvol: BarColumns) -> None:
    holds_ewma_on_every_prefix(dvol, CRYPTO, 1.0)


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
