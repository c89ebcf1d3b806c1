"""A sliding window over event time that answers with sums, at O(1) a row.

Rows are (key, running totals of integer addends). The sum over the rows
whose key lies in (key − span, key] is one subtraction, whatever the span; see
`exact_sum` for why it is exact. Memory is the rows of one span.
"""

import numpy as np
from numpy.typing import NDArray

from streams.volatility.exact_sum import MOST_ROWS

Integers = NDArray[np.int64]
Rows = NDArray[np.intp]

_LEAST_ROOM = 1024


class Window:
    """The rows of one span, with running totals.

    The oldest row kept is the one just before the span: it is what the
    first row of the span is measured from.

    Args:
        span: length of the window, in units of the key.
        columns: integers summed for each row.
    """

    def __init__(self, span: int, columns: int) -> None:
        self._span = span
        self._keys = np.empty(_LEAST_ROOM, dtype=np.int64)
        self._at = np.empty(_LEAST_ROOM, dtype=np.int64)
        # A row's totals lie together: looking one up touches one line of cache.
        self._totals = np.empty((_LEAST_ROOM, columns), dtype=np.int64)
        self._head = 0
        self._tail = 0

    def __len__(self) -> int:
        return self._tail - self._head

    def extend(self, keys: Integers, at: Integers, addends: Integers) -> "Slices":
        """Take in new rows and find the window that ends with each.

        Args:
            keys: what the span is measured in; never falling.
            at: event time of each row.
            addends: shape (n, columns).

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
        totals = self._totals[old:end]
        totals[:] = addends
        if len(self) and new:
            totals[0] += self._totals[old - 1]
        np.add.accumulate(totals, axis=0, out=totals)
        self._tail = end
        base = self._bases(keys)
        if new:
            self._head = int(base[-1])
        return Slices(self._totals, base, slice(old, end))

    def _bases(self, keys: Integers) -> Rows:
        """Return, for windows ending at those keys, the row before each."""
        edges = keys - self._span
        # Windows slide on a little at a time: look near the last one first.
        low, high = self._head, min(self._head + 2 * keys.size + 1, self._tail)
        if keys.size and self._keys[high - 1] <= edges[-1]:
            high = self._tail
        base = np.searchsorted(self._keys[low:high], edges, side="right")
        base += low - 1
        return np.maximum(base, low, out=base)

    def oldest(self, key: int) -> int:
        """Return the event time of the oldest row a window beyond `key` needs.

        There must be a row.
        """
        keys = self._keys[self._head : self._tail]
        row = int(np.searchsorted(keys, key - self._span, side="right")) - 1
        return int(self._at[self._head + max(row, 0)])

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
            self._totals = np.empty((room, totals.shape[1]), dtype=np.int64)
        self._keys[:rows] = keys[live]
        self._at[:rows] = at[live]
        self._totals[:rows] = totals[live]
        self._head, self._tail = 0, rows


class Slices:
    """The windows that end with each of some rows: rows base+1 … last."""

    def __init__(self, totals: Integers, base: Rows, last: slice) -> None:
        self._totals = totals
        self._base = base
        self._last = last

    def sums(self, skip: int = 0) -> Integers:
        """Return the sums of every column, shape (n, columns).

        Args:
            skip: how many of the oldest rows of each window to leave out.
        """
        base = self._base
        if skip:
            last = np.arange(self._last.start, self._last.stop, dtype=np.intp)
            base = np.minimum(base + skip, last)
        return self._totals[self._last] - self._totals.take(base, axis=0)
