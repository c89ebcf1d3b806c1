"""What an option's name says: underlying, expiry, strike, call or put."""

import datetime as dt
import re
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

NEW_YORK = ZoneInfo("America/New_York")

_OCC = re.compile(r"([A-Z]{1,6})(\d?)\s*(\d{2})(\d{2})(\d{2})([CP])(\d{8})")
_DERIBIT = re.compile(
    r"([A-Z0-9]+(?:_[A-Z]+)?)-(\d{1,2})([A-Z]{3})(\d{2})-(\d+(?:d\d+)?)-([CP])"
)
_MONTHS = [
    "JAN",
    "FEB",
    "MAR",
    "APR",
    "MAY",
    "JUN",
    "JUL",
    "AUG",
    "SEP",
    "OCT",
    "NOV",
    "DEC",
]

# Index options whose settlement is fixed in the morning; their weekly
# siblings, of another root, in the afternoon.
_MORNING_ROOTS = frozenset({"SPX", "NDX", "RUT", "DJX", "VIX"})
_WEEKLY_ROOTS = {"SPXW": "SPX", "NDXP": "NDX", "RUTW": "RUT", "VIXW": "VIX"}
EUROPEAN_UNDERLYINGS = frozenset({"SPX", "XSP", "NDX", "XND", "RUT", "DJX", "VIX"})


class Instrument(NamedTuple):
    """One listed option.

    Attributes:
        underlying: what it is on.
        expiry: the instant it expires (ns UTC).
        strike: in the currency of the underlying's price.
        call: else a put.
        standard: false for an adjusted contract, whose deliverable is not the
            usual hundred shares.
    """

    underlying: str
    expiry: int
    strike: float
    call: bool
    standard: bool = True


def occ_instrument(name: str) -> Instrument:
    """Read an OCC symbol.

    Expires at 16:00 New York; an index's morning-settled one at 09:30.

    Raises:
        ValueError: it is none.

    >>> option = occ_instrument("NVDA240816C00120000")
    >>> option.underlying, option.strike, option.call
    ('NVDA', 120.0, True)
    """
    match = _OCC.fullmatch(name)
    if match is None:
        raise ValueError(f"{name!r} is not an OCC option symbol")
    root, digit, year, month, day, right, mills = match.groups()
    expiry = us_expiry(
        f"20{year}-{month}-{day}", morning=root in _MORNING_ROOTS and not digit
    )
    underlying = _WEEKLY_ROOTS.get(root, root)
    return Instrument(underlying, expiry, int(mills) / 1000, right == "C", not digit)


def deribit_instrument(name: str) -> Instrument:
    """Read a Deribit instrument; it expires at 08:00 UTC.

    Raises:
        ValueError: it is no option's.

    >>> option = deribit_instrument("BTC-25JUN27-50000-C")
    >>> option.underlying, option.strike, option.call
    ('BTC', 50000.0, True)
    """
    match = _DERIBIT.fullmatch(name)
    if match is None or match[3] not in _MONTHS:
        raise ValueError(f"{name!r} is not a Deribit option")
    underlying, day, month, year, strike, right = match.groups()
    return Instrument(
        underlying,
        _ns(
            dt.datetime(
                2000 + int(year),
                _MONTHS.index(month) + 1,
                int(day),
                8,
                tzinfo=dt.UTC,
            )
        ),
        float(strike.replace("d", ".")),
        right == "C",
    )


@lru_cache(maxsize=4096)
def us_expiry(day: str, *, morning: bool = False) -> int:
    """Return when US options of that ISO date expire (ns UTC).

    Raises:
        ValueError: it is no date.
    """
    at = dt.time(9, 30) if morning else dt.time(16)
    return _ns(dt.datetime.combine(dt.date.fromisoformat(day), at, tzinfo=NEW_YORK))


def _ns(instant: dt.datetime) -> int:
    return round(instant.timestamp()) * 10**9
