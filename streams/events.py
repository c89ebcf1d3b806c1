"""Every record that crosses Kafka, in order of birth.

Three conventions hold for all of them.

Units: a volatility is an annualised decimal fraction (0.71, never 71); an
instant is an int64 of nanoseconds since the epoch, UTC, of the event itself.

Columns: a record carries 0..N ticks or readings as parallel lists ordered by
``at``, because one Python object a tick is what makes a pipeline slow.

Coverage: a record says all there is to say about its series in
``[start, end)``. ``end`` is the watermark: nothing earlier will follow. A
record without rows says "nothing happened", which is not the same as silence.
A record whose ``end`` is not beyond what is already covered is a repetition;
one whose ``start`` is beyond it leaves a gap.
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import Any

import msgspec

VERSION = 1
"""The wire version this code writes and the only one it reads."""


class Origin(StrEnum):
    """How a number came to be, shown wherever the number is shown."""

    PUBLISHED = "published"
    """Somebody publishes it: an exchange, an index provider."""
    COMPUTED = "computed"
    """volcross worked it out from prices or quotes."""
    INTERPOLATED = "interpolated"
    """Drawn between published points; only implied vols are ever drawn so."""
    SYNTHETIC = "synthetic"
    """Made by the seeded market, for tests and demonstrations."""


Unchecked = Sequence[float | None]
"""A column from outside; JSON has no NaN, so what is no number is null."""


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """What every record has: the version of its own layout."""

    v: int = VERSION


class PriceTicks(Event, frozen=True, kw_only=True):
    """Trades or quotes of one symbol, on ``ticks.price``, keyed by symbol."""

    symbol: str
    source: str
    start: int
    end: int
    at: list[int]
    """When the venue made each price public (ns UTC)."""
    price: Unchecked
    size: Sequence[float] = []
    """Units traded; empty where the source does not say."""
    delay_seconds: float = 0.0
    """How long the venue itself holds its data back (Cboe: 900)."""


class VolTicks(Event, frozen=True, kw_only=True):
    """An implied vol somebody publishes, on ``ticks.vol``, keyed by symbol."""

    symbol: str
    source: str
    measure: str
    """The publisher's own name for it: ``dvol``, ``iv30``."""
    tenor_days: int
    origin: Origin = Origin.PUBLISHED
    start: int
    end: int
    at: list[int]
    value: Unchecked
    """Annualised fraction."""
    delay_seconds: float = 0.0


class Right(StrEnum):
    """What an option gives the right to."""

    CALL = "call"
    PUT = "put"


class ChainSnapshot(Event, frozen=True, kw_only=True):
    """All quoted options of one symbol at one instant, on ``chains``, by symbol.

    The columns are raw: a bid of nobody is null, and what a quote is worth is
    for the maths to say.
    """

    symbol: str
    source: str
    at: int
    """When the venue made the quotes public (ns UTC)."""
    spot: float
    """The underlying's price, in dollars."""
    coin_settled: bool = False
    """Whether bid and ask are in coins of the underlying instead of dollars."""
    expiry: list[int]
    """When each option ends (ns UTC)."""
    strike: list[float]
    right: list[Right]
    bid: Unchecked
    ask: Unchecked
    iv: Unchecked
    """The venue's own implied vol, an annualised fraction; null where it gives none."""
    delay_seconds: float = 0.0


class Bars(Event, frozen=True, kw_only=True):
    """Closed bars of one symbol on its sampling grid, on ``bars``, by symbol.

    A grid step in which the market was shut, or in which nothing traded,
    has no row: what a silent step means is for the estimator to say.
    """

    symbol: str
    source: str
    grid_seconds: int
    start: int
    end: int
    at: list[int]
    """The end of each bar (ns UTC), on the grid."""
    open: list[float]
    high: list[float]
    low: list[float]
    close: list[float]
    ticks: list[int]
    """How many ticks each bar was made of; their sum counts every tick once."""
    delay_seconds: float = 0.0


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
    announcements: list[str]
    """Of either leg, from ``end`` on within its tenor: ``NVDA earnings 2024-08-28``."""


class AlertState(StrEnum):
    """What an alert record announces about its rule."""

    FIRING = "firing"
    RESOLVED = "resolved"
    UNKNOWN = "unknown"
    """A leg is missing or stale: neither breach nor all-clear can be said."""
    KNOWN = "known"
    """What was unknown is known again: the incident, if any, stands as it stood."""


class LegValue(msgspec.Struct, frozen=True, kw_only=True):
    """One leg as it stood at a transition."""

    name: LegName
    value: float
    at: int
    """When this value was made public (ns UTC)."""
    market_open: bool
    """Whether the leg's own market was open at the transition."""


class Alert(Event, frozen=True, kw_only=True):
    """A rule changed state, on ``alerts``, keyed by rule.

    ``id`` names the incident: a digest of the rule and of the ``since`` with
    which it began, so that every retelling of one incident, by whichever
    process and after whichever crash, carries the same id. ``(id, state)``
    names the transition. A stretch in which nothing is known has an id of its
    own, made the same way, and tells by ``began`` in which incident it lies.
    """

    id: str
    rule: str
    severity: str
    pair: str
    comparison: str
    state: AlertState
    event_time: int
    """When the condition had held for the rule's ``for`` (ns UTC)."""
    since: int
    """When the condition began to hold (ns UTC)."""
    left: LegValue
    right: LegValue
    spread: float
    reason: str
    channels: list[str]
    """The channels this rule is routed to."""
    began: int | None = None
    """The ``since`` of the incident's firing; None for an unknown outside one."""
    peak: float | None = None
    """The furthest that what is watched has gone in the incident so far."""
    peak_at: int | None = None
    watch: str = "spread"
    """What the rule holds against its margin: spread, ratio, left or right."""
    when: str = "above"
    """Which side of the margin is the breach."""
    margin: float = 0.0


class Outcome(StrEnum):
    """How a delivery ended."""

    DELIVERED = "delivered"
    FAILED = "failed"
    """Given up: the dead letter, with its reason."""
    SILENCED = "silenced"
    """Not sent, because somebody asked for silence."""


class Delivery(Event, frozen=True, kw_only=True):
    """What became of one transition on one channel, on ``deliveries``."""

    channel: str
    alert_id: str
    rule: str
    state: AlertState
    outcome: Outcome
    attempts: int
    reason: str = ""
    at: int
    """Wall clock (ns UTC) at the receiver's answer."""


class Silence(Event, frozen=True, kw_only=True):
    """Somebody does not want to be told for a while, on ``silences``, by id.

    The last record of an id is what holds; one that has ended stays known.
    """

    id: str
    rule: str
    """The rules it covers: a name, or a pattern such as ``nvda-*``."""
    author: str
    comment: str
    start: int
    """Wall clock (ns UTC), as is `end`: silence is for people, not for data."""
    end: int


class Rejected(Event, frozen=True, kw_only=True):
    """Input that could not be used, whole, on ``rejected``, keyed by topic."""

    topic: str
    partition: int
    offset: int
    symbol: str = ""
    """Empty where the record could not even be read."""
    reason: str
    """One of a fixed set, safe as a metric label."""
    detail: str
    count: int = 1
    """Ticks refused; 1 for a record refused whole."""
    original: bytes
    """The record as it came, or one of the same type with the refused rows."""


class Checkpoint(Event, frozen=True, kw_only=True):
    """What an agent knew of one partition, on ``checkpoints``.

    The state is that after ``applied``. What the state leaves out on purpose
    (the rows inside a window, a leg that waits for the other) is read again
    from the input, ``base`` to ``applied``.
    """

    agent: str
    partition: int
    applied: int
    base: int
    state: dict[str, Any]
