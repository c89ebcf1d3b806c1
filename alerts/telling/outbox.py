"""One channel's way through ``alerts``: send, record what became of it, commit.

Each channel reads at its own pace, in a consumer group of its own, so that
one that is down holds nobody else up. What was already delivered is read back
from ``deliveries``: whatever crashes, and wherever, an alert is sent at least
once, and once more only when we died after the destination took it and before
that was recorded. The second carries the same id.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import structlog
from aiokafka import (
    AIOKafkaConsumer,
    ConsumerRebalanceListener,
    TopicPartition,
)
from aiokafka.errors import KafkaError
from aiokafka.structs import ConsumerRecord

from alerts.telling.bundling import bundles
from alerts.telling.delivery import Channel, Interrupted, Remembering, deliver
from alerts.telling.ledger import Ledger, Post
from alerts.telling.letter import Letter, Picture, no_picture
from alerts.telling.pace import Pace
from alerts.telling.route import Route
from alerts.telling.sieve import Sieve
from alerts.words.writer import Writer
from streams.events import Alert
from streams.settings import Kafka, client
from streams.topics import ALERTS

_log = structlog.get_logger()

GROUP = "volcross-outbox"

RECHECK_SECONDS = 2.0
"""How often it is looked whether a quiet is over, or a dead letter wanted again."""
_POLL_MS = 250
_SESSION_MS = 10_000
# A destination may be down for days, and we wait for it between two polls.
_POLL_INTERVAL_MS = 2**31 - 1
_GRACE_SECONDS = 6.0
_BURST = 3


def group(kafka: Kafka, channel: str) -> str:
    """Return the consumer group whose offsets say how far a channel has come."""
    return f"{kafka.topic_prefix}{GROUP}.{channel}"


def _unseen(alert: Alert) -> Picture:
    del alert
    return no_picture


@dataclass(frozen=True, slots=True)
class Manner:
    """How a channel is told.

    Attributes:
        writer: in which words.
        routes: of what, and when.
        illustrate: returns the picture that goes with an alert.
    """

    writer: Writer = field(default_factory=Writer)
    routes: Sequence[Route] = ()
    illustrate: Callable[[Alert], Picture] = _unseen


class Outbox(ConsumerRebalanceListener):  # type: ignore[misc] # aiokafka has no types
    """Carries alerts to one channel until cancelled.

    Args:
        channel: where to.
        post: what all outboxes share.
        instance: this process' lasting name, with which it is back in its
            group at once after a crash.
        manner: how the channel is told.
    """

    def __init__(
        self,
        channel: Channel,
        post: Post,
        instance: str | None = None,
        manner: Manner | None = None,
    ) -> None:
        self._channel = channel
        self._post = post
        self._topic = post.kafka.topic_prefix + ALERTS.name
        self._instance = f"{instance}.{channel.name}" if instance else None
        self._manner = manner or Manner()
        self._ledger = Ledger(channel.name, post)
        self._sieve = Sieve(channel.name, post, self._ledger, self._manner.routes)
        self._stop = asyncio.Event()
        self._revoked = asyncio.Event()
        self._begun = False
        self._recheck_at = 0.0
        self._turn = asyncio.Lock()
        self._pace = Pace(channel.per_minute, burst=_BURST)

    async def run(self) -> None:
        """Deliver until cancelled; an attempt under way then is seen through."""
        work = asyncio.ensure_future(self._work())
        try:
            await asyncio.shield(work)
        except asyncio.CancelledError:
            self._stop.set()
            self._revoked.set()
            await asyncio.wait([work], timeout=_GRACE_SECONDS)
            work.cancel()
            raise

    async def on_partitions_revoked(self, revoked: Sequence[TopicPartition]) -> None:
        """Finish the attempt under way: another may go on."""
        if revoked:
            self._revoked.set()
            async with self._turn:
                if isinstance(self._channel, Remembering):
                    self._channel.resume([])

    async def on_partitions_assigned(self, assigned: Sequence[TopicPartition]) -> None:
        """Take up where the last one left off."""
        if assigned and not self._stop.is_set():
            self._revoked.clear()
            self._begun = False

    async def _work(self) -> None:
        consumer = AIOKafkaConsumer(
            **client(self._post.kafka),
            group_id=group(self._post.kafka, self._channel.name),
            group_instance_id=self._instance,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            session_timeout_ms=_SESSION_MS,
            heartbeat_interval_ms=_SESSION_MS // 5,
            max_poll_interval_ms=_POLL_INTERVAL_MS,
        )
        consumer.subscribe([self._topic], listener=self)
        try:
            await consumer.start()
            while not self._stop.is_set():
                batches = await consumer.getmany(timeout_ms=_POLL_MS)
                if consumer.assignment():
                    await self._recheck()
                for place, records in batches.items():
                    await self._take_all(consumer, place, records)
        finally:
            await consumer.stop()
            await self._channel.close()

    async def _recheck(self) -> None:
        """Look after what waits, every so often, and at once when we begin."""
        now = asyncio.get_running_loop().time()
        if self._begun and now < self._recheck_at:
            return
        self._recheck_at = now + RECHECK_SECONDS
        try:
            await self._tell_what_waited()
        except (KafkaError, TimeoutError) as error:
            if not self._begun:
                raise
            _log.warning(
                "recheck failed",
                channel=self._channel.name,
                error=type(error).__name__,
            )

    async def _tell_what_waited(self) -> None:
        """Tell what was held until now, and what somebody wants sent again."""
        async with self._turn:
            if self._revoked.is_set():
                return
            await self._ledger.refresh()
            if not self._begun and isinstance(self._channel, Remembering):
                self._channel.resume(await self._sieve.taken())
            self._begun = True
            over = await self._sieve.over()
            told = [over] if self._channel.bundles and over else [[a] for a in over]
            for held in told:
                if not await self._tell(held, held=True):
                    return
            for bundle in self._bundled(await self._sieve.again()):
                if not await self._tell(bundle):
                    return

    async def _take_all(
        self,
        consumer: AIOKafkaConsumer,
        place: TopicPartition,
        records: Sequence[ConsumerRecord],
    ) -> None:
        async with self._turn:
            # Fetched before the partition was taken from us: not ours to send.
            if self._revoked.is_set():
                return
            await self._ledger.refresh()
            due = await self._sieve.fresh(records)
            offsets = {id(alert): offset for offset, alert in due.items()}
            for bundle in self._bundled(list(due.values())):
                if not await self._tell(bundle):
                    return
                await self._commit(consumer, place, offsets[id(bundle[-1])] + 1)
            await self._commit(consumer, place, records[-1].offset + 1)

    def _bundled(self, alerts: Sequence[Alert]) -> Sequence[Sequence[Alert]]:
        return bundles(alerts) if self._channel.bundles else [[a] for a in alerts]

    async def _tell(self, alerts: Sequence[Alert], *, held: bool = False) -> bool:
        """Send, and write down what became of it; return False when interrupted."""
        if self._revoked.is_set() or not await self._pace.turn(self._revoked):
            return False
        letter = Letter(
            alerts=tuple(alerts),
            message=self._manner.writer.write(alerts, self._post.links, held=held),
            picture=self._manner.illustrate(alerts[-1]),
        )
        try:
            result = await deliver(
                self._channel, letter, self._post.retry, self._revoked
            )
        except Interrupted:
            return False
        for alert in alerts:
            await self._ledger.record(alert, result)
        return True

    async def _commit(
        self, consumer: AIOKafkaConsumer, place: TopicPartition, offset: int
    ) -> None:
        try:
            await consumer.commit({place: offset})
        except KafkaError as error:
            # Whoever reads it again finds it among the settled ones.
            _log.warning(
                "commit failed",
                channel=self._channel.name,
                offset=offset,
                error=type(error).__name__,
            )
