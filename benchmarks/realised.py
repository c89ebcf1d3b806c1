"""Rolling volatilities, a price or several to a bar, beside pandas, river, arch."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from arch.univariate import EWMAVariance
from numpy.typing import NDArray
from river import stats, utils

from benchmarks.race import Contender, race
from streams.stages.grid import Grid
from streams.volatility.bars import BarColumns
from streams.volatility.estimator import Estimator
from streams.volatility.estimators import ESTIMATORS
from streams.volatility.market_time import market_clock

CRYPTO = market_clock("crypto")

WINDOWS = (("1h", 3600.0), ("90d", 90 * 86_400.0))
TICKS_A_BAR = 4


class Rolling:
    """An estimator with its window full, fed batch by batch.

    Args:
        name: which estimator.
        window_seconds: its look-back.
        past: bars that fill the window before the clock starts.
        batches: what is timed.
    """

    def __init__(
        self,
        name: str,
        window_seconds: float,
        past: BarColumns,
        batches: list[BarColumns],
    ) -> None:
        self._make: Callable[[], Estimator] = lambda: ESTIMATORS[name](
            window_seconds, CRYPTO
        )
        self._past = past
        self._batches = batches
        self.fill()

    def fill(self) -> None:
        """Begin anew, with a full window."""
        self._estimator = self._make()
        self._estimator.update(self._past)

    def __call__(self) -> None:
        """Feed it all batches."""
        for bars in self._batches:
            self._estimator.update(bars)


def river_std(returns: list[float], rows: int) -> Callable[[], None]:
    """Return river's rolling standard deviation over those returns."""
    rolling_of: Any = utils.Rolling  # untyped in river, as is Var
    variance_of: Any = stats.Var

    def run() -> None:
        variance = rolling_of(variance_of(), window_size=rows)
        for x in returns:
            variance.update(x)
            _ = variance.get() ** 0.5

    return run


def rolling(rounds: int) -> None:
    """Print what a price costs in a rolling volatility, beside its peers."""
    n, few, batch, spacing = 40_000, 4_000, 4_000, 60
    history = 90 * 86_400 // spacing
    total = history + n
    at = np.arange(1, total + 1) * spacing * 10**9
    random = np.random.default_rng(0)
    moves = random.normal(0, 1e-3, total)
    close = 100 * np.exp(np.cumsum(moves))
    opened = close * np.exp(random.normal(0, 3e-4, total))
    high = np.maximum(opened, close) * np.exp(random.exponential(3e-4, total))
    low = np.minimum(opened, close) * np.exp(-random.exponential(3e-4, total))
    bars = BarColumns(at, opened, high, low, close)
    past = bars[:history]
    batches = [bars[i : i + batch] for i in range(history, total, batch)]
    ours = {
        f"volcross {name}, {label}": Rolling(name, seconds, past, batches)
        for name in ESTIMATORS
        for label, seconds in WINDOWS
    }
    returns = moves[-n:]
    series = pd.Series(returns, index=pd.to_datetime(at[-n:]))
    riskmetrics: Any = EWMAVariance(0.999)
    variance = np.empty(n)
    bounds = np.tile([0.0, 1e9], (n, 1))
    contenders = [
        *(Contender(name, run, n) for name, run in ours.items()),
        Contender("pandas rolling.std, 1h", lambda: series.rolling("1h").std(), n),
        Contender("pandas rolling.std, 90d", lambda: series.rolling("90D").std(), n),
        Contender("river Rolling(Var), 1h", river_std(returns[:few].tolist(), 60), few),
        Contender(
            "arch EWMAVariance, whole series",
            lambda: riskmetrics.compute_variance(
                np.empty(0), returns, variance, 1e-6, bounds
            ),
            n,
        ),
    ]
    best = {contender.name: float("inf") for contender in contenders}
    for _ in range(rounds):
        for run in ours.values():
            run.fill()
        for name, seconds in race(contenders, 1).items():
            best[name] = min(best[name], seconds)
    print(f"A price in a rolling volatility, batches of {batch:,}, a price a minute")
    for name, seconds in best.items():
        print(f"  {name:<36}{1e9 * seconds:8.0f} ns")


class Sampled:
    """Ticks that go through their bars into an estimator whose window is full.

    Args:
        name: which estimator.
        window_seconds: its look-back.
        past: bars that fill the window before the clock starts.
        step: length of a bar (ns).
        batches: instants and prices, what is timed.
    """

    def __init__(
        self,
        name: str,
        window_seconds: float,
        past: BarColumns,
        step: int,
        batches: list[tuple[NDArray[np.int64], NDArray[np.float64]]],
    ) -> None:
        self._make: Callable[[], Estimator] = lambda: ESTIMATORS[name](
            window_seconds, CRYPTO
        )
        self._past, self._step = past, step
        self._batches = batches
        self.fill()

    def fill(self) -> None:
        """Begin anew, with a full window."""
        self._grid = Grid(self._step)
        self._estimator = self._make()
        self._estimator.update(self._past)

    def __call__(self) -> None:
        """Feed it all batches."""
        for at, price in self._batches:
            bars = self._grid.take(int(at[0]), int(at[-1]) + 1, at, price)
            if bars is not None and len(bars.at):
                self._estimator.update(
                    BarColumns(bars.at, bars.open, bars.high, bars.low, bars.close)
                )


def sampled(rounds: int) -> None:
    """Print what a tick costs where several make a bar, its sampling included."""
    n, batch, spacing = 40_000, 4_000, 15 * 10**9
    step = TICKS_A_BAR * spacing
    full = np.arange(1, 90 * 86_400 * 10**9 // step + 1) * step
    flat = np.full(full.size, 100.0)
    past = BarColumns(full, flat, flat, flat, flat)
    random = np.random.default_rng(0)
    at = full[-1] + np.arange(1, n + 1) * spacing
    price = 100 * np.exp(np.cumsum(random.normal(0, 5e-4, n)))
    batches = [(at[i : i + batch], price[i : i + batch]) for i in range(0, n, batch)]
    ours = {
        f"volcross {name}, {label}": Sampled(name, seconds, past, step, batches)
        for name in ESTIMATORS
        for label, seconds in WINDOWS
    }
    best = dict.fromkeys(ours, float("inf"))
    for _ in range(rounds):
        for run in ours.values():
            run.fill()
        raced = race([Contender(name, run, n) for name, run in ours.items()], 1)
        best = {name: min(best[name], seconds) for name, seconds in raced.items()}
    print(f"A tick in a rolling volatility, through its bars, {TICKS_A_BAR} to a bar")
    for name, seconds in best.items():
        print(f"  {name:<36}{1e9 * seconds:8.0f} ns")
