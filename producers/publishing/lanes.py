"""What waits to be sent: a lane for each series, and one for all that is none."""

import asyncio
from collections import deque
from typing import Protocol

import structlog
from kafka.errors import MessageSizeTooLargeError
from msgspec import Raw

from producers.publishing.coverage import Coverage, Stretch
from producers.publishing.spool import Spooled
from producers.source import Heard, Reason, Unusable
from streams import wire
from streams.events import ChainSnapshot, FeedState, Rejected, VolTicks
from streams.topics import CHAINS, FEEDS, REJECTED, VOL_TICKS

log = structlog.get_logger(__name__)


class Carrier(Protocol):
    """Whoever brings records to the broker."""

    async def deliver(self, record: Spooled, rows: int) -> None:
        """Return once the record is acknowledged."""

    async def deliver_ticks(self, stretch: Stretch) -> None:
        """Return once the stretch is acknowledged."""


class Lane:
    """One thing's ticks on their way to Kafka, in order, whoever says them."""

    def __init__(self, lateness: int, limit: int) -> None:
        self.coverage = Coverage(lateness)
        self.limit = limit
        self.sending: Stretch | None = None
        self.closing = False
        self._heard = asyncio.Event()
        self.idle = asyncio.Event()
        """Set while everything that may leave has left."""

    def hear(self, heard: Heard) -> None:
        """Take in what the source says."""
        self.coverage.hear(heard)
        self.wake()

    def wake(self) -> None:
        """Look again whether there is something to send."""
        self.idle.clear()
        self._heard.set()

    def close(self) -> None:
        """Hold nothing back from here on, because nothing more will be heard."""
        self.closing = True
        self.wake()

    async def run(self, carrier: Carrier) -> None:
        """Send for ever, one stretch at a time."""
        while True:
            self._heard.clear()
            while (stretch := self._next()) is not None:
                await self._send(stretch, carrier)
            self.idle.set()
            await self._heard.wait()

    def rest(self) -> list[Spooled]:
        """Return all that is not acknowledged."""
        left = [] if self.sending is None else [self.sending]
        self.sending, self.closing = None, True
        while (stretch := self._next()) is not None:
            left.append(stretch)
        return [addressed(stretch) for stretch in left]

    def _next(self) -> Stretch | None:
        return self.coverage.cut(self.limit, last=self.closing)

    async def _send(self, stretch: Stretch, carrier: Carrier) -> None:
        self.sending = stretch
        try:
            await carrier.deliver_ticks(stretch)
        except MessageSizeTooLargeError:
            if len(stretch.at) < 2:
                raise
            # The broker takes less than we thought: halve it, now and from now on.
            self.limit = max(1, len(stretch.at) // 2)
            first, second = stretch.halves()
            await self._send(first, carrier)
            await self._send(second, carrier)
        self.sending = None


def addressed(stretch: Stretch) -> Spooled:
    """Return a stretch as it travels, with where it goes."""
    value = Raw(wire.encode(stretch.record()))
    return Spooled(stretch.series.topic.name, stretch.series.symbol, value)


KEPT_BYTES = 256 * 1024
"""Of what is refused: Kafka takes a megabyte, and a venue may send ten."""


class Letters:
    """What is no series on its way to Kafka: chains, refusals, how feeds stand."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[Spooled, int]] = deque()
        self._posted = asyncio.Event()
        self.idle = asyncio.Event()
        """Set while everything has left."""
        self.idle.set()

    def post(self, said: VolTicks | ChainSnapshot | Unusable | FeedState) -> int:
        """Take in what the source says; return how many rows that is."""
        if isinstance(said, ChainSnapshot):
            rows, topic, key = max(1, len(said.strike)), CHAINS, said.symbol
            value = wire.encode(said)
        elif isinstance(said, VolTicks):
            # History that missed its turn: it follows nothing, and nothing it.
            rows, topic, key = len(said.at), VOL_TICKS, said.symbol
            value = wire.encode(said)
        elif isinstance(said, FeedState):
            rows, topic, key, value = 1, FEEDS, said.feed, wire.encode(said)
        else:
            rows, topic, key = 1, REJECTED, f"source.{said.source}"
            value = wire.encode(_rejection(said))
        self._waiting.append((Spooled(topic.name, key, Raw(value)), rows))
        self.idle.clear()
        self._posted.set()
        return rows

    async def run(self, carrier: Carrier) -> None:
        """Send for ever, in order."""
        while True:
            self._posted.clear()
            while self._waiting:
                # It stays in the queue until acknowledged, or it could not be spooled.
                letter, rows = self._waiting[0]
                try:
                    await carrier.deliver(letter, rows)
                except MessageSizeTooLargeError:
                    if letter.topic == REJECTED.name:
                        raise
                    self._waiting[0] = too_large(letter), rows
                else:
                    self._waiting.popleft()
            self.idle.set()
            await self._posted.wait()

    def rest(self) -> list[Spooled]:
        """Return all that is not acknowledged."""
        return [record for record, _ in self._waiting]


def too_large(letter: Spooled) -> Spooled:
    """Return the refusal of a record that Kafka does not take, to be sent instead."""
    size = len(bytes(letter.value))
    detail = f"{size:,} bytes of {letter.key} on {letter.topic}: more than Kafka takes"
    log.error("a record is too large for Kafka", topic=letter.topic, bytes=size)
    unusable = Unusable(
        letter.topic, Reason.TOO_LARGE, detail, bytes(letter.value), letter.key
    )
    value = Raw(wire.encode(_rejection(unusable)))
    return Spooled(REJECTED.name, f"source.{letter.topic}", value)


def _rejection(unusable: Unusable) -> Rejected:
    detail, whole = unusable.detail, len(unusable.original)
    if whole > KEPT_BYTES:
        detail = f"{detail} (the first {KEPT_BYTES:,} of {whole:,} bytes are kept)"
    # It never had an offset: it was refused before it became a record.
    return Rejected(
        topic=f"source.{unusable.source}",
        partition=-1,
        offset=-1,
        symbol=unusable.symbol,
        reason=unusable.reason,
        detail=detail,
        count=unusable.count,
        original=unusable.original[:KEPT_BYTES],
    )
