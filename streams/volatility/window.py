"""A sliding window over event time that answers with sums, at O(1) a row.

Rows are (key, running totals of integer addends). The sum over the rows
whose key lies in (key − span, key] is one subtraction, whatever the span; see
`exact_sum` for why it is exact. Memory is the rows of one span.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from streams.volatility.exact_sum import MOST_ROWS, Integers

Rows = NDArray[np.intp] | slice

_LEAST_ROOM = 1024


class Window:
    """The rows of one span, with running totals.

    The oldest row kept is the one just before the span: it is what the
    first row of the span is measured from.

    Args:
        span: length of the window, in units of the key.
        columns: integers for each row, of which windows give the sums.
    """

    def __init__(self, span: int, columns: int) -> None:
        self._span = span
        self._keys = np.empty(_LEAST_ROOM, dtype=np.int64)
        self._at = np.empty(_LEAST_ROOM, dtype=np.int64)
        self._totals = np.empty((columns, _LEAST_ROOM), dtype=np.int64)
        self._head = 0
        self._tail = 0

    def __len__(self) -> int:
        return self._tail - self._head

    def extend(
        self,
        keys: Integers,
        at: Integers,
        running: Sequence[Integers],
        addends: Integers,
    ) -> "Slices":
        """Take in new rows and find the window that ends with each.

        Args:
            keys: what the span is measured in; never falling.
            at: event time of each row.
            running: the first columns, which are running totals already.
            addends: the others, one integer a row: shape (columns, rows);
                written over.

        Returns:
            The windows, to be summed before the next call.

        Raises:
            OverflowError: more rows than can be summed exactly; none is taken.
        """
        new = keys.size
        if len(self) + new > MOST_ROWS:
            raise OverflowError(f"more than {MOST_ROWS} rows in one window")
        self._make_room(new)
        old, end = self._tail, self._tail + new
        self._keys[old:end] = keys
        self._at[old:end] = at
        for row, column in enumerate(running):
            self._totals[row, old:end] = column
        totals = self._totals[len(running) :]
        if new and len(self):
            addends[:, 0] += totals[:, old - 1]
        np.add.accumulate(addends, axis=1, out=totals[:, old:end])
        self._tail = end
        base = self._bases(keys)
        if new:
            self._head = (
                int(base[-1]) if isinstance(base, np.ndarray) else base.stop - 1
            )
        return Slices(self._totals, base, slice(old, end))

    def _bases(self, keys: Integers) -> Rows:
        """Return, for windows ending at those keys, the row before each."""
        if not keys.size:
            return slice(0, 0)
        edges = keys - self._span
        live = self._keys[self._head : self._tail]
        low = self._head + int(live.searchsorted(edges[0], side="right")) - 1
        # On an even grid the windows of n rows in a row begin at n in a row.
        high = low + keys.size
        if (
            self._head <= low
            and high < self._tail
            and (self._keys[low:high] <= edges).all()
            and (self._keys[low + 1 : high + 1] > edges).all()
        ):
            return slice(low, high)
        # Elsewhere they slide on a little at a time: look near the first.
        low = max(low, self._head)
        high = min(low + 2 * keys.size + 1, self._tail)
        if self._keys[high - 1] <= edges[-1]:
            high = self._tail
        base = np.searchsorted(self._keys[low:high], edges, side="right")
        base += low - 1
        return np.maximum(base, low, out=base)

    def oldest(self) -> int:
        """Return the event time of the oldest row kept; there must be one."""
        return int(self._at[self._head])

    def _make_room(self, new: int) -> None:
        if self._tail + new <= self._keys.size:
            return
        live = slice(self._head, self._tail)
        rows = len(self)
        # Half the room is free after a move: on average a row moves once.
        keys, at, totals = self._keys, self._at, self._totals
        if (room := 2 * (rows + new)) > self._keys.size:
            self._keys = np.empty(room, dtype=np.int64)
            self._at = np.empty(room, dtype=np.int64)
            self._totals = np.empty((len(totals), room), dtype=np.int64)
        self._keys[:rows] = keys[live]
        self._at[:rows] = at[live]
        self._totals[:, :rows] = totals[:, live]
        self._head, self._tail = 0, rows


class Slices:
    """The windows that end with each of some rows: rows base+1 … last."""

    def __init__(self, totals: Integers, base: Rows, last: slice) -> None:
        self._totals = totals
        self._base = base
        self._last = last

    def sums(self, columns: slice, *, but_the_oldest: bool = False) -> Integers:
        """Return the sums of some columns, shape (columns, windows).

        Args:
            columns: which of them.
            but_the_oldest: whether to leave out the oldest row of each window.
        """
        totals, base, last = self._totals[columns], self._base, self._last
        if isinstance(base, slice):
            before = totals[:, base.start + but_the_oldest : base.stop + but_the_oldest]
        else:
            if but_the_oldest:
                base = np.minimum(base + 1, np.arange(last.start, last.stop))
            before = totals.take(base, axis=1)
        return totals[:, last] - before
