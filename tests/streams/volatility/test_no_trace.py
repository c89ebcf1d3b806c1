"""What an estimate depends on: the bars, and not how or when they came."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.volatility.bars import BarColumns
from streams.volatility.estimators import ESTIMATORS
from streams.volatility.market_time import DAY_NS, MarketClock
from tests.streams.volatility.made_up import (
    CRYPTO,
    DAY,
    EVERY,
    NYSE,
    WINDOWED,
    cut,
    in_batches,
    made_up,
    same_bits,
)


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
