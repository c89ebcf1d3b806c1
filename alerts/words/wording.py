"""How a number, an instant or a length of time is written for a person."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

NEW_YORK = ZoneInfo("America/New_York")

_MINUTE, _HOUR, _DAY = 60, 3600, 86_400


def percent(vol: float) -> str:
    """Return a vol (fraction) in percent.

    >>> percent(0.5985)
    '59.9%'
    """
    # Half up, as a person rounds; binary 59.85 would go either way.
    return f"{round(vol * 1000 + 1e-9) / 10:.1f}%"


def points(spread: float) -> str:
    """Return a spread (fraction) in vol points, with its sign.

    >>> points(0.2227), points(-0.0168), points(0.00004)
    ('+22.3 points', '-1.7 points', '+0.0 points')
    """
    return f"{spread * 100:+.1f} points"


def length(duration: timedelta) -> str:
    """Return a length of time in at most two units.

    >>> length(timedelta(minutes=15)), length(timedelta(days=9, hours=20, minutes=35))
    ('15 min', '9 d 21 h')
    >>> length(timedelta(seconds=42)), length(timedelta(hours=1))
    ('42 s', '1 h')
    """
    seconds = round(duration.total_seconds())
    if seconds < _MINUTE:
        return f"{seconds} s"
    if seconds < _HOUR:
        return _two(seconds, 60, "min", "s")
    if seconds < _DAY:
        return _two(round(seconds / _MINUTE), 60, "h", "min")
    return _two(round(seconds / _HOUR), 24, "d", "h")


def _two(count: int, per: int, large: str, small: str) -> str:
    whole, rest = divmod(count, per)
    return f"{whole} {large} {rest} {small}" if rest else f"{whole} {large}"


def moment(at: int) -> datetime:
    """Return an instant (ns UTC) as a date and time, to the microsecond."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at // 1000)


def both_times(at: int) -> str:
    """Return an instant (ns UTC) as UTC and New York read it.

    >>> both_times(1_722_014_820_000_000_000)
    'Fri 26 Jul 2024 17:27 UTC (13:27 New York)'
    """
    utc = moment(at)
    there = utc.astimezone(NEW_YORK)
    day = "" if there.date() == utc.date() else f"{there:%a} "
    return f"{utc:%a %-d %b %Y %H:%M} UTC ({day}{there:%H:%M} New York)"


def short_time(at: int) -> str:
    """Return an instant (ns UTC) with no more than is needed to know it.

    >>> short_time(1_722_014_820_000_000_000)
    '26 Jul 17:27 UTC'
    """
    return f"{moment(at):%-d %b %H:%M} UTC"
