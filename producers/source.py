"""What a source is: an async iterator of what was heard of some series."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Protocol

import numpy as np
import numpy.typing as npt

from streams.events import ChainSnapshot, FeedState, Origin, VolTicks
from streams.topics import PRICE_TICKS, VOL_TICKS, Topic

Instants = npt.NDArray[np.int64]
"""Nanoseconds UTC of events."""

Values = npt.NDArray[np.float64]
"""Prices, sizes, or annualised fractions."""

SECOND = 1_000_000_000

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def instant(moment: datetime) -> int:
    """Return the nanoseconds UTC of an aware datetime, exactly.

    Raises:
        TypeError: it has no time zone.
    """
    return (moment - _EPOCH) // timedelta(microseconds=1) * 1000


@dataclass(frozen=True, slots=True)
class Series:
    """One line of numbers of one symbol, from one place.

    Attributes:
        symbol: ``NVDA``, ``BTC``.
        source: who says it, as shown to people and in metric labels.
        measure: the publisher's name for an implied vol; None for a price.
        tenor_days: of an implied vol.
        origin: how an implied vol came to be.
        delay_seconds: how long the venue itself holds its data back.
        history: whether it is what a venue remembers, and no news.
    """

    symbol: str
    source: str
    measure: str | None = None
    tenor_days: int = 0
    origin: Origin = Origin.PUBLISHED
    delay_seconds: float = 0.0
    history: bool = False

    @property
    def topic(self) -> Topic:
        """Where its ticks go."""
        return PRICE_TICKS if self.measure is None else VOL_TICKS

    @property
    def meaning(self) -> tuple[str, str | None]:
        """What it is a series of, whoever says it: symbol and measure."""
        return self.symbol, self.measure


@dataclass(frozen=True, slots=True, eq=False)
class Heard:
    """What a source says about one series, all at once.

    Attributes:
        series: whose ticks these are.
        at: when each was made public (ns UTC).
        value: prices, or annualised fractions.
        size: units traded with each price, where the source says.
        until: the source vouches that before this instant there was nothing
            else. None: it vouches for no more than the ticks themselves.
        since: the source vouches from here on. Only needed where its word
            does not join on to what it said last: at its beginning, and after
            an outage that could not be filled. A live source that lost its
            line must say so, or the hole would pass for a quiet market.
    """

    series: Series
    at: Instants
    value: Values
    size: Values | None = None
    until: int | None = None
    since: int | None = None

    @property
    def end(self) -> int:
        """Return the instant before which it says all there is to say."""
        last = int(self.at.max()) + 1 if len(self.at) else 0
        return max(last, self.until or 0)

    def within(self, start: int, end: int) -> "Heard":
        """Return what it says of ``[start, end)``, and vouches for."""
        rows = (self.at >= start) & (self.at < end)
        return replace(
            self,
            at=self.at[rows],
            value=self.value[rows],
            size=None if self.size is None else self.size[rows],
            since=start,
            until=end,
        )

    def after(self, told: int | None) -> "Heard | None":
        """Return what it says of the time from `told` on; None if that is nothing.

        Its word joins on to what was told, unless it broke off itself.
        """
        if told is None:
            return self
        if self.end <= told:
            return None
        fresh = self.at >= told
        return replace(
            self,
            at=self.at[fresh],
            value=self.value[fresh],
            size=None if self.size is None else self.size[fresh],
            since=max(told, self.since or told),
        )


class Reason(StrEnum):
    """Why a message of a venue was refused; safe as a metric label."""

    UNPARSEABLE = "unparseable"
    UNKNOWN_TYPE = "unknown_type"
    MISSING_FIELD = "missing_field"
    NO_NUMBER = "no_number"
    UNKNOWN_SYMBOL = "unknown_symbol"
    FAR_FUTURE = "far_future"
    TOO_LARGE = "too_large"


@dataclass(frozen=True, slots=True)
class Unusable:
    """What a venue sent and we cannot use, whole, with the reason.

    Attributes:
        source: who sent it.
        reason: one of a fixed set.
        detail: what exactly.
        original: the message as it came.
        symbol: whose, if that could be read.
        count: how many ticks or quotes of the message are refused.
    """

    source: str
    reason: Reason
    detail: str
    original: bytes
    symbol: str = ""
    count: int = 1


Said = Heard | VolTicks | ChainSnapshot | Unusable | FeedState
"""Anything a source may say."""


class Source(Protocol):
    """Anything the market can be heard from; it ends when it has no more to say."""

    def __aiter__(self) -> AsyncIterator[Said]:
        """Start listening."""
        ...
