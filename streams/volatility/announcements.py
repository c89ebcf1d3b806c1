"""Known dates that move an implied vol before anything has happened.

A stock's 30-day vol steps up when an earnings report enters the expiries it
is interpolated from, and falls when the report is out. Neither is news.
"""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from zoneinfo import ZoneInfo

from streams.volatility.market_time import DAY_NS

_NEW_YORK = ZoneInfo("America/New_York")


@dataclass(frozen=True, slots=True)
class Announcement:
    """One date in the calendar.

    Attributes:
        symbol: whose.
        at: ns UTC.
        what: as it is shown.
    """

    symbol: str
    at: int
    what: str = "earnings"


class Held(StrEnum):
    """Which of the two expiries behind a tenor outlive an announcement."""

    NEITHER = "neither"
    FAR = "far"
    """It is weighed in, more of it each day."""
    BOTH = "both"


def after_the_close(symbol: str, day: str, what: str = "earnings") -> Announcement:
    """Return an announcement made after 16:00 New York of an ISO date.

    Raises:
        ValueError: no date.
    """
    close = dt.datetime.combine(dt.date.fromisoformat(day), dt.time(16), _NEW_YORK)
    return Announcement(symbol, round(close.timestamp()) * 10**9, what)


FOUNDING_STORY = (
    after_the_close("GOOGL", "2024-07-23"),
    after_the_close("MSFT", "2024-07-30"),
    after_the_close("AMD", "2024-07-30"),
    after_the_close("META", "2024-07-31"),
    after_the_close("NVDA", "2024-08-28"),
)
"""The reports of the summer of 2024 that the story's vols wait for."""


def in_window(
    calendar: Iterable[Announcement], symbol: str, at: int, tenor_days: float
) -> list[Announcement]:
    """Return the symbol's announcements of the next so many days, in order."""
    end = at + round(tenor_days * DAY_NS)
    ahead = (one for one in calendar if one.symbol == symbol and at <= one.at < end)
    return sorted(ahead, key=lambda one: one.at)


def held(announcement: Announcement, near: int, far: int) -> Held:
    """Return which of a tenor's two expiries (ns UTC) carry the announcement."""
    if announcement.at < near:
        return Held.BOTH
    return Held.FAR if announcement.at < far else Held.NEITHER
