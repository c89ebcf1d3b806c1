"""What every estimator over a sliding window shares."""

from abc import ABC, abstractmethod
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np

from streams.volatility.bars import BarColumns, Column
from streams.volatility.estimator import Estimates
from streams.volatility.exact_sum import Integers
from streams.volatility.market_time import MarketClock
from streams.volatility.span import Span, Steps, Trail
from streams.volatility.window import Slices, Window

_RUNNING = 2
"""Columns before the terms: market time and number of bars."""


class WindowedVolatility(ABC):
    """The root of a variance made of exact sums over a window.

    A subclass says what is summed for each bar (`_terms`) and what variance
    the sums of a window make (`_variance`). The market time that passed, not
    the number of bars, says how many such windows make a year: so a gap, a
    silent stretch and any grid annualise alike.
    """

    columns: ClassVar[int]
    """Integers summed for each bar."""

    def __init__(self, window_seconds: float, clock: MarketClock) -> None:
        self._span = Span(window_seconds, clock)
        self._reset()

    def _reset(self) -> None:
        self._trail = Trail(self._span)
        self._window = Window(self._span.length, _RUNNING + self.columns)

    @abstractmethod
    def _terms(self, steps: Steps) -> Integers:
        """Return the addends of each bar, shape (columns, n); theirs to lose."""

    @abstractmethod
    def _variance(self, windows: "Sums") -> Column:
        """Return the variance over each whole window; NaN if too short."""

    def update(self, bars: BarColumns) -> Estimates:
        """Take in further bars; see `Estimator`."""
        if not len(bars):
            return Estimates.none()
        trail = replace(self._trail)
        steps = trail.step(bars)
        addends = self._terms(steps)
        if not steps.counts.all():
            addends[:, ~steps.counts] = 0
        running = (steps.passed, steps.number)
        slices = self._window.extend(steps.key, bars.at, running, addends)
        self._trail = trail

        windows = Sums(slices)
        elapsed, clock = windows.elapsed, self._span.clock
        with np.errstate(divide="ignore", invalid="ignore"):
            rate = clock.per_year * clock.unit / elapsed
            value = np.sqrt(self._variance(windows) * rate)
        value[elapsed <= 0] = np.nan
        return Estimates(value, trail.warm(steps.key, elapsed))

    def needs_since(self, at: int) -> int:
        """Return the event time of the oldest bar still needed."""
        return at + 1 if self._trail.at is None else self._window.oldest()

    def state(self) -> dict[str, Any]:
        """Return where history began and where it stands."""
        return {
            "window_seconds": self._span.window_seconds,
            "since": self._trail.since,
            "at": self._trail.at,
        }

    def restore(self, state: dict[str, Any], bars: BarColumns) -> None:
        """Become what the estimator was; see `Estimator`."""
        if state["window_seconds"] != self._span.window_seconds:
            raise ValueError(
                f"a state of {state['window_seconds']} s"
                f" for a window of {self._span.window_seconds} s"
            )
        end = int(bars.at[-1]) if len(bars) else None
        if end != state["at"]:
            raise ValueError(f"bars up to {end} for a state of {state['at']}")
        self._reset()
        self.update(bars)
        self._trail.since = state["since"]


class Sums:
    """The sums of every column over each of some windows.

    Attributes:
        elapsed: market time (ns) from each window's first close to its last.
        count: how many bars moved from one to the other.
    """

    def __init__(self, slices: Slices) -> None:
        self._slices = slices
        elapsed, count = slices.sums(slice(0, _RUNNING))
        self.elapsed = elapsed.astype(np.float64)
        self.count = count.astype(np.float64)

    def __call__(self, columns: slice, *, but_the_oldest: bool = False) -> Integers:
        """Return the sums of some terms, shape (columns, windows).

        Args:
            columns: which of what `_terms` returned.
            but_the_oldest: whether to leave out the oldest bar of each window.
        """
        columns = slice(columns.start + _RUNNING, columns.stop + _RUNNING)
        return self._slices.sums(columns, but_the_oldest=but_the_oldest)
