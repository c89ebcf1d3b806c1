"""What a window such as 30d or 1h means on a given market's clock.

A day or longer is a calendar span for every asset, so that both legs of a
pair look at the same stretch of the world: 30d of a stock is the sessions in
it. Shorter than a day, a stock's window is a stretch of open market: 1h at
10:00 reaches back to half past the previous close, and the return of the
night between is no part of it.
"""

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from streams.volatility.bars import BarColumns, Column, log_return
from streams.volatility.market_time import DAY_NS, MarketClock

Instants = NDArray[np.int64]

LARGEST_MOVE = 4.0
"""The largest log return, and log range, of a bar: no market's, and the square
of any sum of two, or six times that of one, is within what `exact_sum` can hold.
Refused here, for all estimators alike."""

_LARGEST_RATIO = math.exp(LARGEST_MOVE)
_CALENDAR_YEAR_DAYS = 365.0


@dataclass(frozen=True, slots=True)
class Span:
    """A length of time on a market's clock.

    Attributes:
        window_seconds: as configured.
        clock: the market's.
    """

    window_seconds: float
    clock: MarketClock

    def __post_init__(self) -> None:
        """Refuse a window of no length.

        Raises:
            ValueError: the window is not longer than a nanosecond.
        """
        if not self.window_seconds * 10**9 >= 1:
            raise ValueError(f"a window of {self.window_seconds} s")

    @property
    def intraday(self) -> bool:
        """Whether it is measured in open market and leaves the nights out."""
        return self.clock.has_nights and self.length < DAY_NS

    @property
    def length(self) -> int:
        """Nanoseconds: of open market if `intraday`, else of the calendar."""
        return round(self.window_seconds * 10**9)

    @property
    def market_length(self) -> float:
        """Market nanoseconds such a window holds on average over a year."""
        if self.intraday:
            return float(self.length)
        days = self.length / DAY_NS
        return days * self.clock.unit * self.clock.per_year / _CALENDAR_YEAR_DAYS

    def key(self, at: Instants) -> Instants:
        """Return the instants on the axis along which `length` is measured."""
        return self.clock.position(at) if self.intraday else at


@dataclass(frozen=True)
class Steps:
    """Bars, each with the close it moved away from.

    What only some estimators look at is worked out when they do.

    Attributes:
        bars: n bars.
        key: their ends on the window's axis.
        close_before: the close before each.
        counts: whether the step is part of a window: not the first bar ever,
            nor one that begins in another session when nights are left out.
        passed: all market time (ns) counted up to each.
        number: all steps counted up to each.
        earlier: where the trail stood before the first of these.
    """

    bars: BarColumns
    key: Instants
    close_before: Column
    counts: NDArray[np.bool_]
    passed: Instants
    number: Instants
    earlier: "Trail"

    @property
    def returns(self) -> Column:
        """Log returns from the close before; 0 where not counted."""
        returns = log_return(self.close_before, self.bars.close)
        if not self.counts.all():
            returns[~self.counts] = 0.0
        return returns

    @property
    def elapsed(self) -> Instants:
        """Market time (ns) of each step; 0 where not counted."""
        elapsed = self.passed.copy()
        elapsed[1:] -= self.passed[:-1]
        elapsed[0] -= self.earlier.passed
        return elapsed


@dataclass(slots=True)
class Trail:
    """The last bar seen of one symbol, from which the next one steps.

    Attributes:
        span: the window.
        at: end of the last bar; None before the first.
        close: its close.
        since: key of the first bar there ever was.
        position: its end on the market's clock.
        passed: market time (ns) counted so far.
        number: steps counted so far.
        close_before: the close its step began at; its own where not counted.
        passed_before: market time (ns) counted before its step.
    """

    span: Span
    at: int | None = None
    close: float = float("nan")
    since: int = 0
    position: int = 0
    passed: int = 0
    number: int = 0
    close_before: float = float("nan")
    passed_before: int = 0

    @property
    def last_return(self) -> float:
        """Log return of the last bar; 0 where not counted."""
        if self.at is None:
            return 0.0
        before, close = np.array([[self.close_before], [self.close]])
        return float(log_return(before, close)[0])

    @property
    def last_elapsed(self) -> int:
        """Market time (ns) of that return."""
        return self.passed - self.passed_before

    def step(self, bars: BarColumns) -> Steps:
        """Move on over one or more bars.

        Raises:
            ValueError: a bar that is not later than the one before it, that
                moved by more than `LARGEST_MOVE`, or outside the market's
                calendar.
        """
        at = bars.at
        if self.at is not None and at[0] <= self.at:
            raise ValueError(f"the bar of {at[0]} ns comes after that of {self.at} ns")
        position = self.span.clock.position(at)
        key = position if self.span.intraday else at
        before = np.concatenate((bars.close[:1], bars.close[:-1]))
        if self.at is not None:
            before[0] = self.close
        higher, lower = np.maximum(before, bars.close), np.minimum(before, bars.close)
        if (higher > _LARGEST_RATIO * lower).any() or (
            bars.high > _LARGEST_RATIO * bars.low
        ).any():
            raise ValueError(
                f"a price moved by more than a factor of {_LARGEST_RATIO:.1f}"
                " within or between bars"
            )
        counts = self._counted(at)
        if counts.all():
            passed = position + (self.passed - self.position)
            number = np.arange(self.number + 1, self.number + 1 + at.size)
        else:
            elapsed = np.diff(position, prepend=self.position)
            elapsed[~counts] = 0
            passed = self.passed + np.cumsum(elapsed)
            number = self.number + np.cumsum(counts)
        steps = Steps(
            bars=bars,
            key=key,
            close_before=before,
            counts=counts,
            passed=passed,
            number=number,
            earlier=replace(self),
        )
        if self.at is None:
            self.since = int(key[0])
        self.at, self.close = int(at[-1]), float(bars.close[-1])
        self.close_before = float(before[-1]) if counts[-1] else self.close
        self.position = int(position[-1])
        self.passed_before = int(passed[-2]) if at.size > 1 else self.passed
        self.passed, self.number = int(passed[-1]), int(number[-1])
        return steps

    def _counted(self, at: Instants) -> NDArray[np.bool_]:
        """Return which of the steps to bars that end then are part of windows."""
        if self.span.intraday:
            start = np.concatenate((at[:1], at[:-1]))
            start[0] = at[0] if self.at is None else self.at
            counts = self.span.clock.unbroken(start, at)
        else:
            counts = np.ones(at.shape, dtype=np.bool_)
        counts[0] &= self.at is not None
        return counts

    def warm(self, key: Instants, elapsed: NDArray[np.number]) -> NDArray[np.bool_]:
        """Return whether windows are full enough to be compared.

        History reaches back a whole window, and the window holds at least
        half the market time its name promises: a stock's 1d on a Monday at
        10:00 holds a week-end's return and half an hour.

        Args:
            key: ends of the windows.
            elapsed: market time (ns) in each.
        """
        enough = elapsed >= self.span.market_length / 2
        reached: NDArray[np.bool_] = key - self.since >= self.span.length
        return reached & enough
