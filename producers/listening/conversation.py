"""What is said on one connection to a venue: pure, whatever the socket.

A venue's file says what to send when a connection opens and what each message
means. The loops that own the sockets know no venue, and no venue knows them.
"""

import math
from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple, Protocol

import msgspec

from producers.source import Heard, Reason, Series, Unusable, instant
from streams.events import ChainSnapshot

Frame = str | bytes


class Tick(NamedTuple):
    """One number of one series."""

    series: Series
    at: int
    """When the venue made it public (ns UTC)."""
    value: float
    size: float | None = None


class Missed(NamedTuple):
    """The venue's own numbering shows that something of a series did not arrive."""

    series: Series
    ticks: int


class Alive(NamedTuple):
    """The venue was asked about a series, and has nothing new."""

    series: Series


class Reply(NamedTuple):
    """What has to be answered, or the venue hangs up."""

    frame: str


Meaning = Tick | Missed | Alive | Reply | Heard | ChainSnapshot | Unusable
"""What a message may turn out to be."""


class Refused(Exception):  # noqa: N818 - it is the venue's answer, not a fault of ours
    """The venue will not talk to us like this.

    Attributes:
        permanent: asking again will not help: a wrong key, an unknown symbol.
        retry_after: seconds it wants to be left alone, if it says.
    """

    def __init__(
        self, reason: str, *, permanent: bool = False, retry_after: float | None = None
    ) -> None:
        super().__init__(reason)
        self.permanent = permanent
        self.retry_after = retry_after


class Silent(Refused):
    """The venue says nothing where it should, and is given up."""


class HungUp(Refused):
    """The connection ended, and the venue may have said why."""


class Odd(Exception):  # noqa: N818 - the message is odd, not we
    """A message that cannot be used; the connection is none the worse for it."""

    def __init__(self, reason: Reason, detail: str, symbol: str = "") -> None:
        super().__init__(detail)
        self.reason = reason
        self.symbol = symbol


def unusable(source: str, error: Exception, raw: bytes) -> Unusable:
    """Return what a message is that made its parser raise."""
    if isinstance(error, Odd):
        return Unusable(source, error.reason, str(error), raw, error.symbol)
    if isinstance(error, msgspec.ValidationError):
        missing = "missing required field" in str(error)
        reason = Reason.MISSING_FIELD if missing else Reason.NO_NUMBER
        return Unusable(source, reason, str(error), raw)
    return Unusable(source, Reason.UNPARSEABLE, repr(error), raw)


def positive(value: float, name: str) -> float:
    """Return a price, a size or a vol that can be one.

    Raises:
        Odd: it is not finite, or not above zero.
    """
    if not 0 < value < math.inf:
        raise Odd(Reason.NO_NUMBER, f"{name} is {value!r}")
    return value


def from_milliseconds(stamp: float) -> int:
    """Return a venue's milliseconds as an instant (ns UTC).

    Raises:
        Odd: it lies outside the years 2000 to 2100, or is no number.
    """
    if not 946_684_800_000 < stamp < 4_102_444_800_000:
        raise Odd(Reason.NO_NUMBER, f"no instant in milliseconds: {stamp!r}")
    return int(stamp) * 1_000_000


def from_datetime(moment: datetime) -> int:
    """Return a venue's date and time as an instant (ns UTC).

    Raises:
        Odd: it has no zone, or lies outside the years 2000 to 2100.
    """
    if moment.tzinfo is None or not 2000 <= moment.year < 2100:
        raise Odd(Reason.NO_NUMBER, f"no instant: {moment.isoformat()}")
    return instant(moment)


class Conversation(Protocol):
    """One connection's worth of talk; made anew for every connection."""

    def open(self) -> Iterable[str]:
        """Return what to send first."""

    def hear(self, frame: Frame, received: int) -> Iterable[Meaning]:
        """Return what a message means.

        Args:
            frame: as it came; anything at all.
            received: the wall clock when it came (ns UTC).

        Raises:
            Refused: the venue says no.
            Odd: the message cannot be used. So does whatever msgspec raises.
        """
