"""Where a volatility stands in its own year: rank and percentile."""

from collections import deque
from collections.abc import Iterable
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from streams.volatility.bars import Column
from streams.volatility.market_time import DAY_NS

YEAR_DAYS = 365
ENOUGH_DAYS = 20
"""A month of a stock's sessions; how many there are is told beside the numbers."""


class Standings(NamedTuple):
    """Rank and percentile of each value, as fractions; NaN while history is short.

    Attributes:
        rank: (value − lowest) / (highest − lowest) of the year, itself included.
        percentile: share of the year's days that closed below it.
        days: how many days of history that rests on.
    """

    rank: Column
    percentile: Column
    days: NDArray[np.int64]


class Standing:
    """The closes of the last 365 days, and how the present compares.

    A day's close is its last value; the present day's is the present. Days of
    which nobody was there to hear may be told afterwards. Fewer than 20 days are
    no history.

    >>> standing = Standing()
    >>> at = np.arange(60) * DAY_NS
    >>> now = standing.update(at, np.linspace(0.4, 0.99, 60))
    >>> float(now.rank[-1]), float(now.percentile[-1])
    (1.0, 1.0)
    """

    def __init__(self) -> None:
        self._closes: deque[tuple[int, float]] = deque()
        self._today: tuple[int, float] | None = None

    def update(self, at: NDArray[np.int64], value: Column) -> Standings:
        """Take in further values and return where each stands.

        Args:
            at: ns UTC, never falling.
            value: annualised fractions.

        Raises:
            ValueError: a value of a day before the last.
        """
        days = at // DAY_NS
        known = days if self._today is None else np.append(self._today[0], days)
        if (np.diff(known) < 0).any():
            raise ValueError("the days of the values fall")
        rank, percentile = np.full(at.size, np.nan), np.full(at.size, np.nan)
        count = np.zeros(at.size, dtype=np.int64)
        # A stretch of one day at a time: they share one history.
        starts = np.flatnonzero(np.diff(days, prepend=-1))
        for start, end in pairwise([*starts.tolist(), at.size]):
            self._turn_to(int(days[start]))
            rows = slice(start, end)
            count[rows] = len(self._closes)
            if len(self._closes) >= ENOUGH_DAYS:
                history = np.sort([close for _, close in self._closes])
                present = value[rows]
                low = np.minimum(history[0], present)
                reach = np.maximum(history[-1], present) - low
                rank[rows] = np.divide(
                    present - low,
                    reach,
                    out=np.full(present.size, 0.5),
                    where=reach > 0,
                )
                below = np.searchsorted(history, present, side="left")
                percentile[rows] = below / history.size
            self._today = int(days[start]), float(value[end - 1])
        return Standings(rank, percentile, count)

    def remember(self, at: Iterable[int], value: Iterable[float]) -> None:
        """Take in closes of earlier days, in any order; those known stand.

        Args:
            at: an instant (ns UTC) of each day.
            value: annualised fractions.
        """
        told = {t // DAY_NS: v for t, v in zip(at, value, strict=True)}
        days = sorted((told | dict(self._closes)).items())
        present = self._today[0] if self._today is not None else None
        self._closes = deque(x for x in days if present is None or x[0] < present)

    def _turn_to(self, day: int) -> None:
        while self._closes and self._closes[-1][0] >= day:
            self._closes.pop()  # told before its day was over
        if self._today is not None and self._today[0] < day:
            self._closes.append(self._today)
        while self._closes and self._closes[0][0] < day - YEAR_DAYS:
            self._closes.popleft()

    def state(self) -> dict[str, Any]:
        """Return the closes, JSON-able: a year of days at most."""
        return {"closes": [list(x) for x in self._closes], "today": self._today}

    def restore(self, state: dict[str, Any]) -> None:
        """Become what returned that state."""
        self._closes = deque((int(day), float(v)) for day, v in state["closes"])
        today = state["today"]
        self._today = None if today is None else (int(today[0]), float(today[1]))
