"""Ticks to bars: the sampling grid of one symbol.

Returns are taken on a grid because a tick-by-tick return is mostly the
bid-ask bounce. A bar ending at T holds the ticks of ``(T - step, T]``, so a
closing price stamped exactly at the close belongs to the session it closes.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Int = NDArray[np.int64]
Float = NDArray[np.float64]


class ClosedBars(NamedTuple):
    """Bars that no later tick can change; coverage ``[start, end)`` of their ends."""

    start: int
    end: int
    at: Int
    open: Float
    high: Float
    low: Float
    close: Float
    ticks: Int


@dataclass(slots=True)
class Grid:
    """One symbol's bars as they form.

    Attributes:
        step: length of a bar in nanoseconds; bars end at multiples of it.
        open_bar: [end, open, high, low, close, ticks] of the bar still open.
        closed: everything before has been returned; None before the first tick.
    """

    step: int
    open_bar: list[Any] | None = None
    closed: int | None = None

    def take(self, start: int, end: int, at: Int, price: Float) -> ClosedBars | None:
        """Return the bars that are complete once the watermark reaches `end`.

        Args:
            start: where the coverage of these ticks begins (ns UTC).
            end: the watermark after them; every tick lies before it.
            at: instants (ns UTC), ordered.
            price: what was traded at them.

        Returns:
            None while no step of the grid has ended since the last call.
        """
        if self.closed is None:
            self.closed = (start - 1) // self.step * self.step + 1
        bars = self._reduce(at, price)
        # A tick at T itself still belongs to the bar ending at T.
        final = (end - 1) // self.step * self.step
        n = int(np.searchsorted(bars[0], final, side="right"))
        self.open_bar = [c[n].item() for c in bars] if n < len(bars[0]) else None
        if final < self.closed:
            return None
        since, self.closed = self.closed, final + 1
        return ClosedBars(since, final + 1, *(column[:n] for column in bars))

    def _reduce(self, at: Int, price: Float) -> list[NDArray[Any]]:
        """Return [end, open, high, low, close, ticks], the open bar first."""
        if len(at):
            bar_end = -(-at // self.step) * self.step
            first = np.flatnonzero(np.diff(bar_end, prepend=bar_end[0] - 1))
            after = np.append(first[1:], len(at))
            bars = [
                bar_end[first],
                price[first],
                np.maximum.reduceat(price, first),
                np.minimum.reduceat(price, first),
                price[after - 1],
                after - first,
            ]
        else:
            bars = [np.empty(0, np.int64), *[np.empty(0)] * 4, np.empty(0, np.int64)]
        if self.open_bar is None:
            return bars
        end, open_, high, low, _, ticks = self.open_bar
        if len(at) and bars[0][0] == end:
            bars[1][0] = open_
            bars[2][0] = max(high, bars[2][0])
            bars[3][0] = min(low, bars[3][0])
            bars[5][0] += ticks
            return bars
        return [
            np.insert(column, 0, value)
            for column, value in zip(bars, self.open_bar, strict=True)
        ]
