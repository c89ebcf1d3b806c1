"""What an option of a US underlying is called: ``NVDA260717C00095000``."""

import math
from datetime import date, datetime, time
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from producers.source import instant
from streams.events import Right

_NEW_YORK: Final = ZoneInfo("America/New_York")
_RIGHTS: Final = {"C": Right.CALL, "P": Right.PUT}


def occ(name: str) -> tuple[int, float, Right] | None:
    """Return expiry (ns UTC), strike (dollars) and right; None if it names none."""
    strike, right = name[-8:], _RIGHTS.get(name[-9:-8])
    expiry = expires(name[-15:-9])
    if expiry is None or right is None or not (strike.isascii() and strike.isdigit()):
        return None
    dollars = int(strike) / 1000
    return (expiry, dollars, right) if 0 < dollars < math.inf else None


@lru_cache(maxsize=4096)
def expires(yymmdd: str) -> int | None:
    """Return when options of that day end (ns UTC): 16:00 New York."""
    if len(yymmdd) != 6 or not (yymmdd.isascii() and yymmdd.isdigit()):
        return None
    try:
        day = date(2000 + int(yymmdd[:2]), int(yymmdd[2:4]), int(yymmdd[4:]))
    except ValueError:
        return None
    return instant(datetime.combine(day, time(16), _NEW_YORK))
