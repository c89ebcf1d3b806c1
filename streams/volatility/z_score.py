"""How unusual a spread is against its own recent history."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from streams.volatility.bars import Column
from streams.volatility.dispersion import (
    DISPERSION_LIMBS,
    deviation,
    dispersion,
    dispersion_terms,
)
from streams.volatility.window import Window

_TERMS = slice(0, DISPERSION_LIMBS)


class ZScore:
    """(x − mean) / standard deviation over a sliding window that ends with x.

    Every value counts once, so feed it at the cadence whose history is
    meant, an hour's or a day's last spread, not at every tick. Exact sums:
    batches and restarts leave no trace. NaN before the second value, and
    where all of them are equal.

    Args:
        window_seconds: look-back in time of the calendar.
    """

    def __init__(self, window_seconds: float) -> None:
        self._span = round(window_seconds * 10**9)
        if self._span < 1:
            raise ValueError(f"a window of {window_seconds} s")
        self._reset()

    def _reset(self) -> None:
        self._at: int | None = None
        # The first row of a window is measured from one before: an empty one.
        self._window = Window(self._span, DISPERSION_LIMBS + 1)

    def update(self, at: NDArray[np.int64], value: Column) -> Column:
        """Take in further values and return the z-score of each.

        Args:
            at: ns UTC, rising.
            value: fractions of magnitude up to 8.

        Raises:
            ValueError: times that do not rise, or a value beyond ±8 or not
                finite. Nothing is taken in.
        """
        if not at.size:
            return np.empty(0)
        known = at if self._at is None else np.append(self._at, at)
        if (np.diff(known) <= 0).any():
            raise ValueError("the times of the values do not rise")
        addends = np.empty((at.size, DISPERSION_LIMBS + 1), dtype=np.int64)
        addends[:, _TERMS] = dispersion_terms(value).T
        addends[:, -1] = 1
        if self._at is None:
            origin = at[:1] - self._span - 1
            nothing = np.zeros((1, DISPERSION_LIMBS + 1), dtype=np.int64)
            self._window.extend(origin, origin, nothing)
        windows = self._window.extend(at, at, addends).sums().T
        self._at = int(at[-1])
        count = windows[-1].astype(np.float64)
        sums = windows[_TERMS]
        with np.errstate(divide="ignore", invalid="ignore"):
            variance = dispersion(sums, count) / (count - 1)
            score: Column = deviation(value, sums, count) / np.sqrt(variance)
        score[~(variance > 0)] = np.nan
        return score

    def needs_since(self, at: int) -> int:
        """Return the event time of the oldest value `restore` would need."""
        return at - self._span + 1

    def state(self) -> dict[str, Any]:
        """Return where the history stands, JSON-able."""
        return {"at": self._at}

    def restore(
        self, state: dict[str, Any], at: NDArray[np.int64], value: Column
    ) -> None:
        """Become what returned that state, given the values of its window.

        Raises:
            ValueError: the values do not end where the state does.
        """
        if (int(at[-1]) if at.size else None) != state["at"]:
            raise ValueError("the values do not end where the state does")
        self._reset()
        self.update(at, value)
