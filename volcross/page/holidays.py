"""What the days are called on which a market stays shut, or shuts early."""

import datetime as dt
import warnings
from functools import cache, lru_cache
from typing import TYPE_CHECKING, NamedTuple
from zoneinfo import ZoneInfo

from alerts.words.wording import moment

if TYPE_CHECKING:
    from pandas.tseries.holiday import AbstractHolidayCalendar

EXCHANGES = {"us-equity": ("XNYS", ZoneInfo("America/New_York"))}
"""By a market clock's name: its exchange, and where that stands."""


class Holiday(NamedTuple):
    """A day that is not as others.

    Attributes:
        name: ``Thanksgiving``.
        at: its noon where the exchange stands (ns UTC): within the hours that are
            missing or, of an early close, within those that are left.
    """

    name: str
    at: int


def holidays(clock: str, start: int, end: int) -> tuple[Holiday, ...]:
    """Return the named holidays and early closes around a stretch, in order.

    A day of mourning has no name beforehand, and none here.

    Args:
        clock: a market clock's name.
        start: the first day is the one that this lies in (ns UTC).
        end: and the last one that this lies in (ns UTC).
    """
    return _between(clock, moment(start).date(), moment(end).date())


@lru_cache(maxsize=16)  # pandas takes 50 ms, and every viewer asks for the same days
def _between(clock: str, first: dt.date, last: dt.date) -> tuple[Holiday, ...]:
    if clock not in EXCHANGES:
        return ()
    zone = EXCHANGES[clock][1]
    found = []
    for rules in _rules(clock):
        named = rules.holidays(first, last, return_name=True)
        for day, name in zip(named.index, named, strict=True):
            noon = dt.datetime.combine(day, dt.time(12), zone)
            found.append(Holiday(name, int(noon.timestamp()) * 10**9))
    return tuple(sorted(found, key=lambda holiday: holiday.at))


@cache
def _rules(clock: str) -> list["AbstractHolidayCalendar"]:
    """Return what the exchange says of every year, whole days and early closes."""
    import exchange_calendars

    with warnings.catch_warnings():
        # 4.13 reads columns in a way that pandas 3.1 deprecates.
        warnings.simplefilter("ignore", DeprecationWarning)
        # The rules hold for any year: a month of sessions is made in no time.
        calendar = exchange_calendars.get_calendar(
            EXCHANGES[clock][0], start="2024-01-01", end="2024-01-31"
        )
    return [calendar.regular_holidays, *(day for _, day in calendar.special_closes)]
