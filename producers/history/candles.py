"""Candles to ticks: a venue's history in the words of its live feed. Pure.

A candle of a price is walked: four ticks, from which a bar gets the very open,
high, low and close. One that is coarser than the bars is walked within its last
bar: spread over all of them, it would be movement that nobody saw. A vol has only
its close to tell.
"""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from producers.source import Heard, Series, Values


class Candle(NamedTuple):
    """One row of a venue's answer."""

    opened: int
    """When it opens (ns UTC); it lasts until just before the next one does."""
    open: float
    high: float
    low: float
    close: float


class Chapter(NamedTuple):
    """A stretch of history that is asked for at once.

    Attributes:
        start: from when (ns UTC).
        end: until just before when.
        step: how long a candle lasts (ns).
        bar: length (ns) of the bars that its ticks are for; 0 of a vol.
    """

    start: int
    end: int
    step: int
    bar: int

    def asked(self, unit: int) -> tuple[int, int]:
        """Return when its first candle opens and when it ends, as a venue counts.

        Args:
            unit: ns; a second, a millisecond.
        """
        return self.start // self.step * self.step // unit, -(-self.end // unit)


def told(series: Series, candles: Iterable[Candle], chapter: Chapter) -> Heard:
    """Return what candles say of a chapter, and vouch for no more and no less.

    They may come in any order, twice, or not at all. The last one may still be
    open: it counts up to the end of the chapter, as it stood when it was asked for.
    """
    step = chapter.step
    known = {
        candle.opened: candle
        for candle in candles
        if candle.opened + step > chapter.start and candle.opened < chapter.end
    }
    opened = np.array(sorted(known), dtype=np.int64)
    prices = np.array([known[at][1:] for at in sorted(known)]).reshape(-1, 4)
    begin = np.maximum(opened, chapter.start)
    last = np.minimum(opened + step, chapter.end) - 1
    if chapter.bar:
        begin = np.maximum(begin, last + 1 - chapter.bar)
        # Apart, and none upon the edge, which belongs to the bar before.
        room = last - begin >= 4
        begin, length = begin[room, None] + 1, (last - begin)[room, None] - 1
        at = begin + length * np.arange(4) // 3
        value = _walk(prices[room])
    else:
        at, value = last, prices[:, 3]
    return Heard(
        series,
        at.reshape(-1),
        value.reshape(-1),
        since=chapter.start,
        until=chapter.end,
    )


def _walk(prices: Values) -> Values:
    """Return open, the nearer extreme, the other one, close, of each candle."""
    first, high, low, close = prices.T
    rose = close >= first
    walk: Values = np.column_stack(
        (first, np.where(rose, low, high), np.where(rose, high, low), close)
    )
    return walk
