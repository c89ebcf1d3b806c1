"""What the topics say, at a glance; pure, fed record by record.

One model behind every view: the terminal, ``status``, the live page.
"""

import contextlib
from collections import Counter, deque
from dataclasses import dataclass, field

import msgspec

from streams.events import (
    Alert,
    Checkpoint,
    ContextReadings,
    Delivery,
    Event,
    FeedState,
    Origin,
    PriceTicks,
    Quality,
    Rejected,
    Silence,
    SpreadReadings,
    VolatilityReadings,
    VolTicks,
)
from volcross.watching.line import SpreadLine

KEPT_ALERTS = 200


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
        silences: the last word on each, by its id; some have ended.
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
    silences: dict[str, Silence] = field(default_factory=dict)
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
            case Delivery() | Silence() | FeedState():
                self._last_word(event)
            case Rejected():
                self.rejected[event.topic, event.reason] += event.count
                self._unread(event)
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

    def _last_word(self, event: Delivery | Silence | FeedState) -> None:
        match event:
            case Delivery():
                self.deliveries[event.channel, event.alert_id, event.state] = event
            case Silence():
                self.silences[event.id] = event
            case FeedState():
                self.connections[event.feed] = event

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
        if before is None or before.end < event.start:
            self._succeed(key, event.start)
        self.feeds[key] = Feed(
            *key,
            last_at=event.at[-1] if event.at else before.last_at if before else 0,
            end=event.end,
            ticks=len(event.at) + (before.ticks if before else 0),
            delay_seconds=event.delay_seconds,
        )

    def _succeed(self, key: tuple[str, str, str], start: int) -> None:
        """Drop the sources that this one goes on for: a history, a failover."""
        for other, feed in list(self.feeds.items()):
            same = (other[0], other[2]) == (key[0], key[2])
            if same and other != key and feed.end <= start:
                del self.feeds[other]

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
