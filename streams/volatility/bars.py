"""Bars as columns, and the log returns between prices.

A bar sums up the prices of one step of the sampling grid. Only steps in
which the market traded have a bar; `at` is the step's end.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Column = NDArray[np.float64]
Instants = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class BarColumns:
    """Bars of one symbol in the order of their time.

    Attributes:
        at: end of each bar, ns UTC, strictly rising.
        open: first price of each bar; > 0.
        high: highest price; not below open and close.
        low: lowest price; > 0 and not above open and close.
        close: last price; > 0.
    """

    at: Instants
    open: Column
    high: Column
    low: Column
    close: Column

    def __post_init__(self) -> None:
        """Refuse what is not a series of bars.

        Raises:
            ValueError: columns of different length, times that do not rise,
                prices that are not positive and finite, or a high or low
                that does not enclose open and close.
        """
        columns = (self.open, self.high, self.low, self.close)
        if any(column.shape != self.at.shape for column in columns):
            raise ValueError("columns of different length")
        if not self.at.size:
            return
        if (self.at[1:] <= self.at[:-1]).any():
            raise ValueError("the bars' times do not rise")
        with np.errstate(invalid="ignore"):
            fits = (
                (self.low > 0)
                & (self.low <= np.minimum(self.open, self.close))
                & (self.high >= np.maximum(self.open, self.close))
                & (self.high < np.inf)
            )
        if not fits.all():
            row = int(np.flatnonzero(~fits)[0])
            raise ValueError(f"row {row} is not a bar: {self._row(row)}")

    def _row(self, row: int) -> str:
        return ", ".join(
            f"{name} {getattr(self, name)[row]}"
            for name in ("at", "open", "high", "low", "close")
        )

    @classmethod
    def of(
        cls,
        at: ArrayLike,
        open: ArrayLike,  # noqa: A002 - the bar's own word
        high: ArrayLike,
        low: ArrayLike,
        close: ArrayLike,
    ) -> "BarColumns":
        """Build bars from anything numpy can read as columns.

        Raises:
            ValueError: as the class itself.
        """
        return cls(
            np.asarray(at, dtype=np.int64),
            np.asarray(open, dtype=np.float64),
            np.asarray(high, dtype=np.float64),
            np.asarray(low, dtype=np.float64),
            np.asarray(close, dtype=np.float64),
        )

    @classmethod
    def of_closes(cls, at: ArrayLike, close: ArrayLike) -> "BarColumns":
        """Build bars of which only the last price is known.

        Raises:
            ValueError: as the class itself.
        """
        return cls.of(at, close, close, close, close)

    @classmethod
    def concatenate(cls, parts: "list[BarColumns]") -> "BarColumns":
        """Return one series of several that follow one another.

        Raises:
            ValueError: as the class itself.
        """
        none = np.empty(0)
        columns = ("open", "high", "low", "close")
        return cls.of(
            np.concatenate([np.empty(0, np.int64), *(part.at for part in parts)]),
            *(
                np.concatenate([none, *(getattr(part, name) for part in parts)])
                for name in columns
            ),
        )

    def __len__(self) -> int:
        return int(self.at.size)

    def __getitem__(self, rows: slice) -> "BarColumns":
        return BarColumns(
            self.at[rows],
            self.open[rows],
            self.high[rows],
            self.low[rows],
            self.close[rows],
        )


# Further apart than a factor of two, the ratio is as good, and does not
# round a crash to the loss of everything.
_NEAR = math.log(2)


def log_return(before: Column, after: Column) -> Column:
    """Return ln(after/before), right to a few units in the last place.

    The difference of two logarithms, or the logarithm of a rounded ratio,
    loses the digits of a small return: 1e-6 keeps ten of them. The
    difference of two near prices is exact, and so is worth starting from.
    """
    with np.errstate(divide="ignore", over="ignore", under="ignore"):
        apart: Column = after - before
        apart /= before
        np.log1p(apart, out=apart)
        if apart.size and not (apart.min() > -_NEAR and apart.max() < _NEAR):
            far = ~(np.abs(apart) < _NEAR)
            apart[far] = np.log(after[far] / before[far])
    return apart
