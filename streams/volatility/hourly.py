"""How unusual the present is against the hours of the last month."""

from collections import deque
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streams.volatility.bars import Column
from streams.volatility.dispersion import deviation, dispersion, dispersion_terms
from streams.volatility.exact_sum import Limbs

HOUR_NS = 3600 * 10**9
MONTH_HOURS = 720

_ENOUGH_HOURS = 24
_LARGEST = 8.0
"""What the exact sums hold: beyond it a value has no score and is no history."""


class HourlyScore:
    """z-score of the present among the hourly closes of the last 30 days.

    (value − mean) / standard deviation. An hour's close is its last value; the
    present hour's is the present, so that every hour counts once and yet each
    value has its score. NaN after fewer than 24 hours with a value, where all of
    them are equal, and beyond ±8.
    """

    def __init__(self) -> None:
        self._closes: deque[tuple[int, float]] = deque()
        self._present: tuple[int, float] | None = None

    def update(self, at: NDArray[np.int64], value: Column) -> Column:
        """Take in further values and return the score of each.

        Args:
            at: ns UTC, never falling.
            value: fractions.
        """
        score = np.full(at.size, np.nan)
        usable = np.flatnonzero(np.abs(value) <= _LARGEST)
        hours = at[usable] // HOUR_NS
        # A stretch of one hour at a time: they share one history.
        starts = np.flatnonzero(np.diff(hours, prepend=hours[:1] - 1))
        for start, end in pairwise([*starts.tolist(), usable.size]):
            rows = usable[start:end]
            hour = int(hours[start])
            self._turn_to(hour)
            if len(self._closes) >= _ENOUGH_HOURS:
                score[rows] = _scores(self._closes, value[rows])
            self._present = hour, float(value[rows[-1]])
        return score

    def _turn_to(self, hour: int) -> None:
        if self._present is not None and self._present[0] < hour:
            self._closes.append(self._present)
        while self._closes and self._closes[0][0] <= hour - MONTH_HOURS:
            self._closes.popleft()

    def state(self) -> dict[str, Any]:
        """Return the closes, JSON-able: a month of hours at most."""
        return {"closes": [list(x) for x in self._closes], "present": self._present}

    def restore(self, state: dict[str, Any]) -> None:
        """Become what returned that state."""
        self._closes = deque((int(hour), float(v)) for hour, v in state["closes"])
        present = state["present"]
        self._present = None if present is None else (int(present[0]), present[1])


def _scores(closes: deque[tuple[int, float]], present: Column) -> Column:
    history: Limbs = dispersion_terms(np.array([close for _, close in closes]))
    sums = history.sum(axis=1, keepdims=True) + dispersion_terms(present)
    count = np.full(present.size, len(closes) + 1.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = dispersion(sums, count) / (count - 1)
        score: Column = deviation(present, sums, count) / np.sqrt(variance)
    score[~(variance > 0)] = np.nan
    return score
