"""What the topics say, at a glance; pure, fed record by record.

One model behind every view: the terminal, ``status``, the live page.
"""

import contextlib
from bisect import bisect_right
from collections import Counter, deque
from dataclasses import dataclass, field, replace

import msgspec

from streams.events import (
    Alert,
    Checkpoint,
    ContextReadings,
    Delivery,
    Event,
    FeedState,
    LegName,
    Origin,
    PriceTicks,
    Quality,
    Rejected,
    SpreadReadings,
    VolatilityReadings,
    VolTicks,
)

KEPT_ROWS = 100_000
"""Rows of one spread kept for its picture: ten weeks of minutes."""

KEPT_ALERTS = 200


@dataclass(frozen=True, slots=True)
class Context:
    """Where a spread and its legs stand; None while their history is short.

    Attributes:
        end: its watermark (ns UTC).
        z_score: standard deviations from the mean of 30 days.
        left_rank: between the extremes of the leg's year, 0 to 1.
        left_percentile: share of the leg's days that closed below.
        right_rank: as the left one.
        right_percentile: as the left one.
        left_days: how many days the left rank and percentile stand on; 0 unknown.
        right_days: as the left one.
        announcements: of either leg, within its tenor.
    """

    end: int = 0
    z_score: float | None = None
    left_rank: float | None = None
    left_percentile: float | None = None
    right_rank: float | None = None
    right_percentile: float | None = None
    left_days: int = 0
    right_days: int = 0
    announcements: tuple[str, ...] = ()


@dataclass(slots=True)
class SpreadLine:
    """One comparison of a pair as it moved.

    Attributes:
        pair: ``NVDA/BTC``.
        comparison: ``implied``, ``close-to-close/30d``.
        left: what the left leg is.
        right: what the right leg is.
        end: its watermark (ns UTC).
        at: instants (ns UTC), ascending, of the columns below.
        left_value: annualised fractions.
        right_value: annualised fractions.
        left_at: since when the last left value stands (ns UTC).
        right_at: since when the last right value stands (ns UTC).
        context: how unusual that is.
    """

    pair: str
    comparison: str
    left: LegName
    right: LegName
    end: int = 0
    at: list[int] = field(default_factory=list)
    left_value: list[float] = field(default_factory=list)
    right_value: list[float] = field(default_factory=list)
    left_at: int = 0
    right_at: int = 0
    context: Context = Context()

    def extend(self, event: SpreadReadings) -> None:
        """Add a record's rows; what is already covered is skipped."""
        self.left, self.right = event.left, event.right
        known = bisect_right(event.at, self.at[-1]) if self.at else 0
        self.at += event.at[known:]
        self.left_value += event.left_value[known:]
        self.right_value += event.right_value[known:]
        if known < len(event.at):
            self.left_at, self.right_at = event.left_at[-1], event.right_at[-1]
        self.end = max(self.end, event.end)
        if len(self.at) > 2 * KEPT_ROWS:
            for column in (self.at, self.left_value, self.right_value):
                del column[:-KEPT_ROWS]

    def place(self, event: ContextReadings) -> None:
        """Take in where it stands; what is already covered is skipped."""
        if event.end <= self.context.end:
            return
        announcements = tuple(event.announcements)
        if not event.at:  # nothing moved: only the calendar may have
            self.context = replace(
                self.context, end=event.end, announcements=announcements
            )
            return
        self.context = Context(
            end=event.end,
            z_score=event.z_score[-1],
            left_rank=event.left_rank[-1],
            left_percentile=event.left_percentile[-1],
            right_rank=event.right_rank[-1],
            right_percentile=event.right_percentile[-1],
            left_days=event.left_days[-1] if event.left_days else 0,
            right_days=event.right_days[-1] if event.right_days else 0,
            announcements=announcements,
        )

    @property
    def spread(self) -> float | None:
        """Left minus right now, None before both have spoken."""
        if not self.at:
            return None
        return self.left_value[-1] - self.right_value[-1]


@dataclass(frozen=True, slots=True)
class Reading:
    """The latest value of one volatility of one symbol."""

    symbol: str
    measure: str
    window: str
    origin: str
    source: str
    quality: Quality
    at: int
    value: float
    end: int

    @property
    def implied(self) -> bool:
        """Whether somebody gives this vol, rather than volcross working it out."""
        return self.origin != Origin.COMPUTED


@dataclass(frozen=True, slots=True)
class Feed:
    """One series of ticks, as far as it got."""

    symbol: str
    source: str
    measure: str
    """Empty for prices."""
    last_at: int
    """Event time of its last tick (ns UTC), 0 before the first."""
    end: int
    """Up to when it is covered (ns UTC)."""
    ticks: int
    delay_seconds: float


class _Instant(msgspec.Struct):
    at: int


_instant = msgspec.json.Decoder(_Instant)


def transition(event: Alert) -> tuple[str, str]:
    """Return what names a transition, however often it is told."""
    return event.id, event.state


@dataclass(slots=True)
class Board:
    """Everything worth a glance.

    Attributes:
        spreads: by pair and comparison.
        readings: by symbol, measure and window.
        feeds: by symbol, source and measure.
        connections: the last word of each feed on itself, by its name.
        alerts: transitions, oldest first, each once.
        deliveries: outcomes by channel and transition: the last word counts.
        rejected: refused ticks by topic and reason.
        unread_chains: by symbol, the instant (ns UTC) of the latest option chain
            that gave no number, and the reasons.
        reading_rows: values read from ``readings`` since the start.
        applied: by agent and partition, the last input offset it has taken in.
    """

    spreads: dict[tuple[str, str], SpreadLine] = field(default_factory=dict)
    readings: dict[tuple[str, str, str], Reading] = field(default_factory=dict)
    feeds: dict[tuple[str, str, str], Feed] = field(default_factory=dict)
    connections: dict[str, FeedState] = field(default_factory=dict)
    alerts: deque[Alert] = field(default_factory=lambda: deque(maxlen=KEPT_ALERTS))
    deliveries: dict[tuple[str, str, str], Delivery] = field(default_factory=dict)
    rejected: Counter[tuple[str, str]] = field(default_factory=Counter)
    unread_chains: dict[str, tuple[int, str]] = field(default_factory=dict)
    reading_rows: int = 0
    applied: dict[tuple[str, int], int] = field(default_factory=dict)
    _covered: dict[tuple[str, ...], int] = field(default_factory=dict)
    _told: set[tuple[str, str]] = field(default_factory=set)

    @property
    def ticks(self) -> int:
        """Ticks read since the start, each once."""
        return sum(feed.ticks for feed in self.feeds.values())

    @property
    def now(self) -> int:
        """How far the market's own time has come (ns UTC)."""
        return max((feed.end for feed in self.feeds.values()), default=0)

    def outcomes(self, channel: str) -> Counter[str]:
        """Return how many deliveries of a channel ended how."""
        return Counter(
            delivery.outcome.value
            for (name, _, _), delivery in self.deliveries.items()
            if name == channel
        )

    def apply(self, event: Event) -> None:
        """Take in one record of any topic; a repetition changes nothing."""
        match event:
            case SpreadReadings():
                self._line(event).extend(event)
            case ContextReadings():
                self._line(event).place(event)
            case VolatilityReadings():
                self._reading(event)
            case PriceTicks() | VolTicks():
                self._ticks(event)
            case Alert() if transition(event) not in self._told:
                self._told.add(transition(event))
                self.alerts.append(event)
            case Delivery():
                self.deliveries[event.channel, event.alert_id, event.state] = event
            case Rejected():
                self.rejected[event.topic, event.reason] += event.count
                self._unread(event)
            case FeedState():
                self.connections[event.feed] = event
            case Checkpoint():
                self.applied[event.agent, event.partition] = event.applied

    def _line(self, event: SpreadReadings | ContextReadings) -> SpreadLine:
        key = (event.pair, event.comparison)
        if key not in self.spreads:
            self.spreads[key] = SpreadLine(*key, event.left, event.right)
        return self.spreads[key]

    def _reading(self, event: VolatilityReadings) -> None:
        key = (event.symbol, event.measure, event.window)
        # Rows of either quality may cover the same stretch, in two records.
        if not self._news(f"reading {event.quality}", key, event):
            return
        self.reading_rows += len(event.at)
        if event.at:
            self.readings[key] = Reading(
                *key,
                event.origin,
                event.source,
                event.quality,
                event.at[-1],
                event.value[-1],
                event.end,
            )

    def _unread(self, event: Rejected) -> None:
        if event.reason != "unusable_chain":
            return
        # A very long original is cut off, and is no JSON any more.
        with contextlib.suppress(msgspec.DecodeError):
            at = _instant.decode(event.original).at
            if at > self.unread_chains.get(event.symbol, (0, ""))[0]:
                self.unread_chains[event.symbol] = (at, event.detail)

    def _ticks(self, event: PriceTicks | VolTicks) -> None:
        measure = event.measure if isinstance(event, VolTicks) else ""
        key = (event.symbol, event.source, measure)
        if not self._news("ticks", key, event):
            return
        before = self.feeds.get(key)
        self.feeds[key] = Feed(
            *key,
            last_at=event.at[-1] if event.at else before.last_at if before else 0,
            end=event.end,
            ticks=len(event.at) + (before.ticks if before else 0),
            delay_seconds=event.delay_seconds,
        )

    def _news(
        self,
        kind: str,
        key: tuple[str, ...],
        event: PriceTicks | VolTicks | VolatilityReadings,
    ) -> bool:
        """Say whether the record covers anything that was not covered yet."""
        if event.end <= self._covered.get((kind, *key), 0):
            return False
        self._covered[kind, *key] = event.end
        return True
