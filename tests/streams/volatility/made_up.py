"""Bars made up, cut into batches: what several tests of estimators begin with."""

from collections.abc import Iterator

import numpy as np
import pytest

from streams.volatility.bars import BarColumns
from streams.volatility.estimator import Estimator
from streams.volatility.estimators import ESTIMATORS
from streams.volatility.market_time import MarketClock, market_clock
from tests.streams.volatility.conftest import ns

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
