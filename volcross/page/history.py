"""A long line told in few points, without losing a spike; pure."""

from bisect import bisect_left
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from volcross.watching.line import SpreadLine

MILLISECOND = 1_000_000


class Points(NamedTuple):
    """Rows of a spread; instants in milliseconds, which browsers can count."""

    at_ms: list[int]
    left: list[float]
    right: list[float]

    def plain(self) -> dict[str, Any]:
        """Return them as columns by name."""
        return {"at_ms": self.at_ms, "left": self.left, "right": self.right}


def kept(spread: NDArray[np.float64], count: int) -> NDArray[np.intp]:
    """Return which of many rows to keep so that the picture stays the same.

    Of each of ``count / 4`` equal groups of rows the first, the last, the
    lowest and the highest (M4: Jugel et al., VLDB 2014): as many points as are
    told apart on the screen, and every extreme among them.

    Args:
        spread: what is drawn, a value a row.
        count: how many rows to keep, about; everything when there are fewer.
    """
    n = len(spread)
    if n <= count:
        return np.arange(n)
    edges = np.linspace(0, n, max(1, count // 4) + 1).astype(np.intp)
    chosen: list[int] = []
    for begin, end in pairwise(edges):
        group = spread[begin:end]
        chosen += [
            int(begin),
            int(end) - 1,
            int(begin + group.argmin()),
            int(begin + group.argmax()),
        ]
    return np.unique(chosen)


def points(line: SpreadLine, *, since: int = 0, count: int = 2_000) -> Points:
    """Return the rows of a spread that are worth drawing.

    Args:
        line: the spread.
        since: leave out what is before this instant (ns UTC).
        count: about how many.
    """
    begin = bisect_left(line.at, since)
    at = line.at[begin:]
    left, right = line.left_value[begin:], line.right_value[begin:]
    rows = kept(np.subtract(left, right), count)

    def chosen(column: Sequence[float]) -> list[float]:
        return [column[row] for row in rows]

    return Points([at[row] // MILLISECOND for row in rows], chosen(left), chosen(right))
