"""Who remembers one series, in which detail, and how far back."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import zip_longest
from typing import NamedTuple

from producers.history.candles import Candle, Chapter, told
from producers.source import SECOND, Heard, Series
from streams.volatility.corporate_actions import CorporateAction

Fetch = Callable[[Chapter], Awaitable[Iterable[Candle]]]
"""Asks a venue for one chapter.

Raises:
    Refused: the venue says no.
    OSError: it does not answer.
    Odd: it answers nonsense. So does whatever msgspec raises.
"""


MILLISECOND = 1_000_000
"""In ns: what most venues count in."""


class Layer(NamedTuple):
    """One resolution of what a venue remembers.

    Attributes:
        seconds: how long a candle lasts.
        reach_seconds: how far back it is asked for; beyond begins the layer
            before it in the list, which is coarser.
        most: candles in one answer.
        bar_seconds: length of the bars its ticks are for; 0 of a vol.
    """

    seconds: int
    reach_seconds: float = float("inf")
    most: int = 1_000
    bar_seconds: float = 0


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the streams need to know of a symbol's past.

    Attributes:
        symbol: ours.
        back_seconds: how far back.
        grid_seconds: length of its bars.
        actions: its splits and dividends, as configured.
        behind_seconds: see `Historian`.
    """

    symbol: str
    back_seconds: float
    grid_seconds: float
    actions: tuple[CorporateAction, ...] = ()
    behind_seconds: float = 0


@dataclass(frozen=True, slots=True)
class Historian:
    """What a venue remembers of one series.

    Attributes:
        series: whose.
        layers: its resolutions, the coarsest first.
        back_seconds: how much of it is wanted.
        fetch: how to ask.
        behind_seconds: how long the live source holds its data back. What is
            younger, it has yet to say: told now, it would happen twice.
    """

    series: Series
    layers: tuple[Layer, ...]
    back_seconds: float
    fetch: Fetch
    behind_seconds: float = 0

    async def tell(self, since: int, until: int) -> AsyncGenerator[Heard, None]:
        """Yield what was in ``[since, until)``, chapter by chapter, without a gap.

        Args:
            since: ns UTC.
            until: the present (ns UTC).

        Raises:
            Exception: whatever `fetch` raises; what was yielded stands.
        """
        told_since = max(since, until - round(self.behind_seconds * SECOND))
        for chapter in chapters(self.layers, since, told_since):
            yield told(self.series, await self.fetch(chapter), chapter)
        if told_since < until:
            yield told(self.series, (), Chapter(told_since, until, SECOND, 0))


def fitting(resolutions: Iterable[int], grid_seconds: float) -> int:
    """Return the seconds of the longest candle that fits into a bar, or the shortest.

    Args:
        resolutions: seconds that a venue's candles may last.
        grid_seconds: length of a bar.
    """
    fits = [seconds for seconds in resolutions if grid_seconds % seconds == 0]
    return max(fits) if fits else min(resolutions)


def chapters(layers: tuple[Layer, ...], since: int, until: int) -> Iterator[Chapter]:
    """Yield the questions that cover ``[since, until)``, each in one layer."""
    if layers[0].reach_seconds < float("inf"):
        since = max(since, until - round(layers[0].reach_seconds * SECOND))
    for layer, finer in zip_longest(layers, layers[1:]):
        step = layer.seconds * SECOND
        end = until
        if finer is not None:
            # On an edge of this layer, which is one of the finer layer, too.
            edge = until - round(finer.reach_seconds * SECOND)
            end = min(until, -(-edge // step) * step)
        while since < end:
            after = min(end, (since // step + layer.most) * step)
            yield Chapter(since, after, step, round(layer.bar_seconds * SECOND))
            since = after
