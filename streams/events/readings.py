"""What is worked out of the market: volatilities, legs, spreads, their context."""

from collections.abc import Sequence
from enum import StrEnum

import msgspec

from streams.events.event import Event, Origin


class Quality(StrEnum):
    """What a reading is good for."""

    OK = "ok"
    WARMING = "warming"
    """The window is not full yet; shown, but never compared or alerted on."""


class VolatilityReadings(Event, frozen=True, kw_only=True):
    """One volatility of one symbol as it moves, on ``readings``, by symbol."""

    symbol: str
    measure: str
    """``dvol``, ``iv30`` … or an estimator: ``close-to-close``, ``ewma``."""
    window: str
    """Look-back of a realised vol, tenor of an implied one: ``30d``."""
    origin: Origin
    source: str
    quality: Quality
    start: int
    end: int
    at: list[int]
    value: list[float]
    delay_seconds: float = 0.0


class Side(StrEnum):
    """Which leg of a pair."""

    LEFT = "left"
    RIGHT = "right"


class LegName(msgspec.Struct, frozen=True, kw_only=True):
    """What one leg of a pair is, for people and for the message."""

    symbol: str
    measure: str
    window: str
    origin: Origin
    source: str
    delay_seconds: float = 0.0
    history: bool = False
    """Of the past, as a venue remembers it: carried, but never told on its own."""


class LegReadings(Event, frozen=True, kw_only=True):
    """One leg of one comparison, on ``legs``, keyed by pair.

    ``comparison`` is what the two legs have in common: ``implied``, or an
    estimator and its window, ``close-to-close/30d``.
    """

    pair: str
    comparison: str
    side: Side
    name: LegName
    start: int
    end: int
    at: list[int]
    value: list[float]


class DailyCloses(msgspec.Struct, frozen=True, kw_only=True):
    """What a leg was worth at the end of some days (UTC), a row each."""

    at: list[int]
    """The last instant of the day at which it spoke."""
    value: list[float]


class SpreadReadings(Event, frozen=True, kw_only=True):
    """Left minus right of one comparison of a pair, on ``spreads``, by pair.

    A row for every instant at which either leg spoke; the other leg's latest
    value is carried, and ``left_at``/``right_at`` say from when it is. The
    ratio left/right is not sent: both values are.
    """

    pair: str
    comparison: str
    left: LegName
    right: LegName
    start: int
    end: int
    at: list[int]
    left_value: list[float]
    right_value: list[float]
    spread: list[float]
    """Left minus right, in fractions: 0.01 is one vol point."""
    left_at: list[int]
    right_at: list[int]
    left_closes: DailyCloses | None = None
    """Days of the leg that no row tells: they are history, or the other leg had
    not begun. Told once, in any order."""
    right_closes: DailyCloses | None = None


class ContextReadings(Event, frozen=True, kw_only=True):
    """Where a spread and its legs stand in their own history, on ``context``.

    A row for the last spread of every minute of event time; null while a
    history is short.
    """

    pair: str
    comparison: str
    left: LegName
    right: LegName
    start: int
    end: int
    at: list[int]
    z_score: list[float | None]
    """Standard deviations from the mean of 30 days of hourly closing spreads."""
    left_rank: list[float | None]
    """(value − lowest) / (highest − lowest) of the leg's year, as a fraction."""
    left_percentile: list[float | None]
    """Share of the days of the leg's year that closed below the value."""
    right_rank: list[float | None]
    right_percentile: list[float | None]
    left_days: Sequence[int] = []
    """How many days rank and percentile stand on; a year at most."""
    right_days: Sequence[int] = []
    announcements: list[str]
    """Of either leg, from ``end`` on within its tenor: ``NVDA earnings 2024-08-28``."""
    left_value: Sequence[float] = []
    """What was placed: each row's spread again, as on ``spreads``."""
    right_value: Sequence[float] = []
    spread: Sequence[float] = []
    left_at: Sequence[int] = []
    right_at: Sequence[int] = []
