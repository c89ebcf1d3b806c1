"""Exponentially weighted volatility: no window's edge, hence no ghost."""

import math
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streams.volatility.bars import BarColumns, Column, Instants
from streams.volatility.estimator import Estimates
from streams.volatility.market_time import MarketClock
from streams.volatility.span import Span, Trail

_ERA = 256.0
"""Length of an era, in memories: e²⁵⁶ is far from the end of the doubles."""


class Ewma:
    """Volatility that forgets at a steady rate of market time.

    A return r over market time Δ moves the variance per unit of time, v, to
    λ^Δ·v + (1 − λ^Δ)·r²/Δ. The weights are as old on average as those of a
    flat window of the same name: the half-life is window · ln 2 / 2, 10.4
    days or 7.2 sessions for 30d. v begins at 0 and is divided by the weight
    given out so far, so that no first return is worth more than another.

    A jump steps it up and decays; it never falls off an edge a month later.
    Unlike a window's, its value depends on the whole history, and costs no
    memory.

    The recursion is run as a sum: v·e^(t/memory) only ever grows by what a
    return adds to it, t being the market time since its era began. So whole
    columns are added at once, one after the other, with the same bits whatever
    the batch.
    """

    def __init__(self, window_seconds: float, clock: MarketClock) -> None:
        self._span = Span(window_seconds, clock)
        # The mean age of the weights: half a window.
        self._memory = self._span.market_length / 2
        self._trail = Trail(self._span)
        self._era = math.ceil(_ERA * self._memory)
        self._grown = 0.0
        self._pending = 0.0

    def update(self, bars: BarColumns) -> Estimates:
        """Take in further bars; see `Estimator`."""
        if not len(bars):
            return Estimates.none()
        trail = replace(self._trail)
        steps = trail.step(bars)
        elapsed = steps.elapsed
        squares, pending = _settled(steps.returns**2, elapsed == 0, self._pending)
        share = -np.expm1(elapsed / -self._memory)
        gains = np.zeros(len(bars))
        np.divide(squares * share, elapsed, out=gains, where=elapsed > 0)
        variance = self._weigh(gains, steps.passed)
        self._trail, self._pending = trail, pending
        given = -np.expm1(steps.passed / -self._memory)
        a_year = self._span.clock.unit * self._span.clock.per_year
        value = np.full(len(bars), np.nan)
        np.divide(a_year * variance, given, out=value, where=given > 0)
        return Estimates(np.sqrt(value), trail.warm(steps.key, steps.passed))

    def _weigh(self, gains: Column, passed: Instants) -> Column:
        """Return the variance per nanosecond after each of the gains."""
        variance = np.empty(gains.size)
        era, row = self._trail.passed // self._era, 0
        while row < gains.size:
            now = int(passed[row]) // self._era
            end = int(passed.searchsorted((now + 1) * self._era))
            self._grown *= math.exp((era - now) * self._era / self._memory)
            growth = np.exp((passed[row:end] - now * self._era) / self._memory)
            grown = gains[row:end] * growth
            grown[0] += self._grown
            np.add.accumulate(grown, out=grown)
            np.divide(grown, growth, out=variance[row:end])
            self._grown = float(grown[-1])
            era, row = now, end
        return variance

    def needs_since(self, at: int) -> int:
        """Return `at` + 1: its state says all."""
        return at + 1

    def state(self) -> dict[str, Any]:
        """Return the grown variance, what waits to enter it, and the last bar."""
        return {
            "window_seconds": self._span.window_seconds,
            "since": self._trail.since,
            "at": self._trail.at,
            "close": None if self._trail.at is None else self._trail.close,
            "grown": self._grown,
            "pending": self._pending,
            "passed": self._trail.passed,
        }

    def restore(self, state: dict[str, Any], bars: BarColumns) -> None:  # noqa: ARG002 - the contract's
        """Become what the estimator was; the bars are not needed."""
        if state["window_seconds"] != self._span.window_seconds:
            raise ValueError(
                f"a state of {state['window_seconds']} s"
                f" for a window of {self._span.window_seconds} s"
            )
        close = float("nan") if state["close"] is None else state["close"]
        self._trail = Trail(self._span, state["at"], close, state["since"])
        self._trail.passed = state["passed"]
        if state["at"] is not None:
            at = np.array([state["at"]], dtype=np.int64)
            self._trail.position = int(self._span.clock.position(at)[0])
        self._grown = state["grown"]
        self._pending = state["pending"]


def _settled(
    squares: Column, still: NDArray[np.bool_], pending: float
) -> tuple[Column, float]:
    """Return the squares, each with those before it that took no market time.

    A move while market time stood still waits for time to pass.

    Args:
        squares: the squared returns.
        still: whether market time stood still over each.
        pending: what waits already.

    Returns:
        The squares, and what still waits after the last.
    """
    squares[0] += pending
    pending = 0.0
    for row in np.flatnonzero(still).tolist():
        if row + 1 < squares.size:
            squares[row + 1] += squares[row]
        else:
            pending = float(squares[row])
        squares[row] = 0.0
    return squares, pending
