"""What is said on one connection to a venue: pure, whatever the socket.

A venue's file says what to send when a connection opens and what each message
means. The loops that own the sockets know no venue, and no venue knows them.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from producers.source import Heard, Series, Unusable
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
            Refused: the venue says no. Nothing else may be raised.
        """


@dataclass(frozen=True, slots=True)
class Venue:
    """A venue as its users should know it.

    Attributes:
        name: as shown to people, and in metric labels.
        gives: what it gives.
        key: what it wants of us: nothing, or the name of a key.
        delay: how late its data are, in words.
        terms: a word on its terms of use.
    """

    name: str
    gives: str
    key: str
    delay: str
    terms: str
