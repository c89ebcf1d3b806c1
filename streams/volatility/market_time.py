"""Market time: how much of a market's own life passes between two instants.

Variance accrues while a market lives. Bitcoin's never stops: its day has
24 hours and its year 365 days. New York's year has 252 sessions; a session
counts as one whether it is the usual 390 minutes long or an early close of
210, whose minutes weigh more. Nights, week-ends and holidays last no time at
all: what happens to a price overnight happens between two sessions.

Market time is counted in integers, so that sums of it are exact.
"""

import warnings
from functools import cache
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Instants = NDArray[np.int64]

DAY_NS = 86_400 * 10**9
SESSION_NS = 390 * 60 * 10**9

# The last year is far past any clock: a monitor that runs for years must not
# reach the end of its calendar, and the result must not depend on today.
_FIRST, _LAST = "1990-01-01", "2060-12-31"


class MarketClock(Protocol):
    """One market's time.

    Attributes:
        name: as in the configuration.
        per_year: units (days or sessions) in a year.
        unit: market nanoseconds in a unit.
        has_nights: whether the market ever shuts.
    """

    name: str
    per_year: float
    unit: int
    has_nights: bool

    def position(self, at: Instants) -> Instants:
        """Return the market time (ns) passed since the calendar's beginning.

        It stands still while the market is shut.

        Raises:
            ValueError: an instant outside the calendar.
        """

    def elapsed(self, start: Instants, end: Instants) -> Instants:
        """Return the market time (ns) between the instants.

        Raises:
            ValueError: an instant outside the calendar.
        """

    def unbroken(self, start: Instants, end: Instants) -> NDArray[np.bool_]:
        """Return whether the market was open all the way from start to end."""

    def is_open(self, at: int) -> bool:
        """Return whether the market is open at an instant; at its close, no."""

    def session_closes(self, start: int, end: int) -> Instants:
        """Return the instants in (start, end] at which a session (a day) ended."""

    def sessions(self, start: int, end: int) -> list[tuple[int, int]]:
        """Return the stretches of [start, end) in which the market is open."""


class AlwaysOpen:
    """A market that never shuts: 365 days of 24 hours.

    >>> clock = AlwaysOpen()
    >>> int(clock.elapsed(np.array([0]), np.array([DAY_NS]))[0]) == clock.unit
    True
    """

    name = "crypto"
    per_year = 365.0
    unit = DAY_NS
    has_nights = False

    def position(self, at: Instants) -> Instants:
        """Return the instants themselves."""
        return at

    def elapsed(self, start: Instants, end: Instants) -> Instants:
        """Return the plain difference."""
        return end - start

    def unbroken(self, start: Instants, end: Instants) -> NDArray[np.bool_]:
        """Return true: there is nothing to break it."""
        return np.ones(np.broadcast_shapes(start.shape, end.shape), dtype=np.bool_)

    def is_open(self, at: int) -> bool:  # noqa: ARG002 - the contract's
        """Return true."""
        return True

    def session_closes(self, start: int, end: int) -> Instants:
        """Return the UTC midnights in (start, end]."""
        days = np.arange(start // DAY_NS + 1, end // DAY_NS + 1, dtype=np.int64)
        return days * DAY_NS

    def sessions(self, start: int, end: int) -> list[tuple[int, int]]:
        """Return the whole stretch."""
        return [(start, end)] if start < end else []


class Sessions:
    """A market of sessions, each of them one unit of time.

    Args:
        name: as in the configuration.
        opens: when each session begins (ns UTC), rising.
        closes: when each session ends (ns UTC).
        per_year: sessions in a year.
    """

    unit = SESSION_NS
    has_nights = True

    def __init__(
        self, name: str, opens: Instants, closes: Instants, per_year: float
    ) -> None:
        self.name = name
        self.per_year = per_year
        self._opens = opens
        self._closes = closes
        self._minutes = (closes - opens) // (60 * 10**9)

    def _session(self, at: Instants) -> NDArray[np.intp]:
        """Return the index of the latest session that began at or before."""
        index = np.searchsorted(self._opens, at, side="right") - 1
        if at.size and (index.min() < 0 or at.max() > self._closes[-1]):
            outside = int(at[(index < 0) | (at > self._closes[-1])][0])
            raise ValueError(
                f"{outside} ns is outside the {self.name} calendar"
                f" ({self._opens[0]} to {self._closes[-1]})"
            )
        return index

    def position(self, at: Instants) -> Instants:
        """Return sessions begun before, and how far into this one, in ns."""
        session = self._session(at)
        into = np.minimum(at, self._closes[session]) - self._opens[session]
        # 390 minutes whatever the session's length; exact where it is 390.
        return session * SESSION_NS + into * 390 // self._minutes[session]

    def elapsed(self, start: Instants, end: Instants) -> Instants:
        """Return the market time (ns) between the instants."""
        return self.position(end) - self.position(start)

    def unbroken(self, start: Instants, end: Instants) -> NDArray[np.bool_]:
        """Return whether both lie in one session, its two ends included."""
        session = self._session(start)
        same: NDArray[np.bool_] = (end <= self._closes[session]) & (start <= end)
        return same

    def is_open(self, at: int) -> bool:
        """Return whether a session is on."""
        instants = np.array([at], dtype=np.int64)
        return bool(at < self._closes[self._session(instants)[0]])

    def session_closes(self, start: int, end: int) -> Instants:
        """Return the closes in (start, end]."""
        low, high = np.searchsorted(self._closes, [start, end], side="right")
        return self._closes[low:high]

    def sessions(self, start: int, end: int) -> list[tuple[int, int]]:
        """Return the sessions that touch [start, end), cut to it."""
        low = np.searchsorted(self._closes, start, side="right")
        high = np.searchsorted(self._opens, end)
        opens = np.maximum(self._opens[low:high], start).tolist()
        closes = np.minimum(self._closes[low:high], end).tolist()
        return list(zip(opens, closes, strict=True))


@cache
def market_clock(name: str) -> MarketClock:
    """Return the clock of that name, built once.

    Args:
        name: ``crypto`` or ``us-equity`` (New York Stock Exchange sessions,
            holidays and early closes, 1990 to 2060).

    Raises:
        ValueError: no such clock.
    """
    if name == "crypto":
        return AlwaysOpen()
    if name == "us-equity":
        # Imported here because it takes two seconds, with pandas.
        import exchange_calendars

        with warnings.catch_warnings():
            # 4.13 reads columns in a way that pandas 3.1 deprecates.
            warnings.simplefilter("ignore", DeprecationWarning)
            calendar = exchange_calendars.get_calendar("XNYS", start=_FIRST, end=_LAST)
        return Sessions(
            name,
            opens=calendar.opens_nanos,
            closes=calendar.closes_nanos,
            per_year=252.0,
        )
    raise ValueError(f"no market clock {name!r}; there are crypto and us-equity")
