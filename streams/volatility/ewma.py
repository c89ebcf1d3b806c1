"""Exponentially weighted volatility: no window's edge, hence no ghost."""

from dataclasses import replace
from typing import Any

import numpy as np

from streams.volatility.bars import BarColumns, Column
from streams.volatility.estimator import Estimates
from streams.volatility.market_time import MarketClock
from streams.volatility.span import Span, Trail


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
    """

    def __init__(self, window_seconds: float, clock: MarketClock) -> None:
        self._span = Span(window_seconds, clock)
        # The mean age of the weights: half a window.
        self._memory = self._span.market_length / 2
        self._trail = Trail(self._span)
        self._variance = 0.0
        self._pending = 0.0
        self._elapsed = 0

    def update(self, bars: BarColumns) -> Estimates:
        """Take in further bars; see `Estimator`."""
        if not len(bars):
            return Estimates.none()
        trail = replace(self._trail)
        steps = trail.step(bars)
        age = steps.elapsed / self._memory
        moved = steps.elapsed > 0
        unit = self._span.clock.unit
        share = -np.expm1(-age)
        weight = np.zeros(len(bars))
        np.divide(share * unit, steps.elapsed, out=weight, where=moved)

        history, pending = _recursion(
            1.0 - share, weight, steps.returns**2, (self._variance, self._pending)
        )
        elapsed = self._elapsed + np.cumsum(steps.elapsed)
        self._trail = trail
        self._variance, self._pending = history[-1], pending
        self._elapsed = int(elapsed[-1])
        given = -np.expm1(-elapsed / self._memory)
        value = np.full(len(bars), np.nan)
        np.divide(np.array(history), given, out=value, where=given > 0)
        value = np.sqrt(self._span.clock.per_year * value)
        return Estimates(value, trail.warm(steps.key, elapsed))

    def needs_since(self, at: int) -> int:
        """Return `at` + 1: its state says all."""
        return at + 1

    def state(self) -> dict[str, Any]:
        """Return the variance, what waits to enter it, and the last bar."""
        return {
            "window_seconds": self._span.window_seconds,
            "since": self._trail.since,
            "at": self._trail.at,
            "close": None if self._trail.at is None else self._trail.close,
            "variance": self._variance,
            "pending": self._pending,
            "elapsed": self._elapsed,
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
        self._variance = state["variance"]
        self._pending = state["pending"]
        self._elapsed = state["elapsed"]


def _recursion(
    kept: Column, share: Column, square: Column, now: tuple[float, float]
) -> tuple[list[float], float]:
    """Return the variance after each step, and what waits to enter it.

    One step after the other, for the same bits whatever the batch.

    Args:
        kept: how much of the variance each step leaves.
        share: of a square that enters; 0 while no market time passes.
        square: the squared returns.
        now: the variance, and what waits, before the first.
    """
    variance, pending = now
    history: list[float] = []
    if not pending and ((share > 0) | (square == 0)).all():
        gains = (share * square).tolist()
        for keep, gain in zip(kept.tolist(), gains, strict=True):
            variance = keep * variance + gain
            history.append(variance)
        return history, pending
    columns = (kept.tolist(), share.tolist(), square.tolist())
    for keep, part, move in zip(*columns, strict=True):
        # A move while market time stood still waits for time to pass.
        pending += move
        if part:
            variance = keep * variance + part * pending
            pending = 0.0
        history.append(variance)
    return history, pending
