"""How far a price has come in its day, beside the volatility it began the day with."""

from typing import Any, NamedTuple

import numpy as np

from streams.volatility.bars import BarColumns, Column
from streams.volatility.estimator import Estimates
from streams.volatility.market_time import MarketClock


class Move(NamedTuple):
    """The day's move at each bar.

    Attributes:
        move: |log return| since the last session's close, annualised as if
            every day moved so; NaN where that close is not known.
        expected: the volatility as it stood at that close; NaN where it was
            not warm.
    """

    move: Column
    expected: Column


class DailyMove:
    """The log return since the previous session's close, in the unit of a volatility.

    |ln(p / p₀)| · √A, with p₀ the last price up to the close of the session
    before and A the sessions (of crypto: UTC days) in a year. Divided by the
    volatility that stood at that close, it says how many standard deviations
    the day has come: the numerator is not in the denominator, as it would be
    of a volatility of now. Whoever missed the session before has no close to
    count from, and so no move until the next one.

    >>> from streams.volatility.market_time import DAY_NS, market_clock
    >>> bars = BarColumns.of_closes([DAY_NS, DAY_NS + 60 * 10**9], [100.0, 103.0])
    >>> calm = Estimates(np.array([0.2, 0.2]), np.array([True, True]))
    >>> move, expected = DailyMove(market_clock("crypto")).update(bars, calm)
    >>> [round(float(m / e), 2) for m, e in zip(move, expected)]
    [nan, 2.82]
    """

    def __init__(self, clock: MarketClock) -> None:
        self._clock = clock
        self._at = np.empty(0, dtype=np.int64)
        self._close = np.empty(0)
        self._vol = np.empty(0)
        """The last bar of the session before, and the last bar: two at most."""

    def update(self, bars: BarColumns, estimates: Estimates) -> Move:
        """Take in further bars, with their volatility, and return their moves.

        Args:
            bars: right after those seen.
            estimates: the volatility at each of them.
        """
        if not len(bars):
            return Move(np.empty(0), np.empty(0))
        known = self._at.size
        at = np.concatenate((self._at, bars.at))
        close = np.concatenate((self._close, bars.close))
        vol = np.where(estimates.warm, estimates.value, np.nan)
        vol = np.concatenate((self._vol, vol))
        # A bar at the very close belongs to the session that ends.
        closes = self._clock.session_closes(int(at[0]) - 1, int(at[-1]))
        day = np.searchsorted(closes, at)
        before = np.searchsorted(day, day) - 1
        missed = (before < 0) | (day[before] != day - 1)
        move = np.abs(np.log(close / close[before])) * np.sqrt(self._clock.per_year)
        kept = [i for i in (int(before[-1]), at.size - 1) if i >= 0]
        self._at, self._close, self._vol = at[kept], close[kept], vol[kept]
        return Move(
            np.where(missed, np.nan, move)[known:],
            np.where(missed, np.nan, vol[before])[known:],
        )

    def state(self) -> dict[str, Any]:
        """Return the two bars, JSON-able; a volatility that is none is null."""
        vol = [None if np.isnan(value) else value for value in self._vol.tolist()]
        return {"at": self._at.tolist(), "close": self._close.tolist(), "vol": vol}

    def restore(self, state: dict[str, Any]) -> None:
        """Become what returned that state."""
        self._at = np.array(state["at"], dtype=np.int64)
        self._close = np.array(state["close"], dtype=np.float64)
        self._vol = np.array(state["vol"], dtype=np.float64)
