"""One channel's way through ``alerts``: send, record what became of it, commit.

Each channel reads at its own pace, in a consumer group of its own, so that
one that is down holds nobody else up. What was already delivered is read back
from ``deliveries``: whatever crashes, and wherever, an alert is sent at least
once, and once more only when we died after the destination took it and before
that was recorded. The second carries the same id.
"""

import asyncio
import contextlib
from collections.abc import Sequence

import structlog
from aiokafka import (
    AIOKafkaConsumer,
    ConsumerRebalanceListener,
    TopicPartition,
)
from aiokafka.errors import KafkaError
from aiokafka.structs import ConsumerRecord

from alerts import metrics
from alerts.telling.bundling import bundles
from alerts.telling.delivery import Channel, Interrupted, Result, Retelling, deliver
from alerts.telling.ledger import Key, Ledger, Post
from alerts.telling.message import compose_all
from alerts.telling.pace import Pace
from alerts.telling.silences import in_force, reason, silencing
from streams import wire
from streams.events import Alert, AlertState, Outcome, Silence
from streams.settings import client
from streams.topics import ALERTS, SILENCES

_log = structlog.get_logger()
_alert = wire.Codec(Alert)
_silence = wire.Codec(Silence)

GROUP = "volcross-outbox"

_POLL_MS = 250
_SESSION_MS = 10_000
# A destination may be down for days, and we wait for it between two polls.
_POLL_INTERVAL_MS = 2**31 - 1
_GRACE_SECONDS = 6.0
_BURST = 3


class Outbox(ConsumerRebalanceListener):  # type: ignore[misc] # aiokafka has no types
    """Carries alerts to one channel until cancelled.

    Args:
        channel: where to.
        post: what all outboxes share.
        instance: this process' lasting name, with which it is back in its
            group at once after a crash.
    """

    def __init__(
        self, channel: Channel, post: Post, instance: str | None = None
    ) -> None:
        self._channel = channel
        self._post = post
        self._topic = post.kafka.topic_prefix + ALERTS.name
        self._instance = f"{instance}.{channel.name}" if instance else None
        self._ledger = Ledger(channel.name, post)
        self._stop = asyncio.Event()
        self._revoked = asyncio.Event()
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
        """Finish the attempt under way, and forget: another may go on."""
        if revoked:
            self._revoked.set()
            async with self._turn:
                self._ledger.forget()

    async def on_partitions_assigned(self, assigned: Sequence[TopicPartition]) -> None:
        """Take up where the last one left off."""
        if assigned and not self._stop.is_set():
            self._revoked.clear()

    async def _work(self) -> None:
        consumer = AIOKafkaConsumer(
            **client(self._post.kafka),
            group_id=f"{self._post.kafka.topic_prefix}{GROUP}.{self._channel.name}",
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
            if isinstance(self._channel, Retelling):
                self._channel.resume(await self._settled_alerts())
            while not self._stop.is_set():
                batches = await consumer.getmany(timeout_ms=_POLL_MS)
                for place, records in batches.items():
                    await self._take_all(consumer, place, records)
        finally:
            await consumer.stop()
            await self._channel.close()

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
            due = await self._unsilenced(await self._due(records))
            told = bundles(due.values()) if self._channel.bundles else zip(due.values())
            offsets = {id(alert): offset for offset, alert in due.items()}
            for bundle in told:
                if self._revoked.is_set() or not await self._pace.turn(self._revoked):
                    return
                try:
                    await self._tell(bundle)
                except Interrupted:
                    return
                await self._commit(consumer, place, offsets[id(bundle[-1])] + 1)
            await self._commit(consumer, place, records[-1].offset + 1)

    async def _settled_alerts(self) -> list[Alert]:
        """Return what this channel was told before we started, oldest first."""
        reader = self._post.reader
        end = await reader.end(self._topic, 0)
        # Read whole first: the reader serves one at a time, and the ledger is next.
        records = [raw async for _, raw in reader.between(self._topic, 0, 0, end)]
        told = []
        for raw in records:
            with contextlib.suppress(wire.Unreadable):
                alert = _alert.decode(raw)
                outcome = await self._ledger.outcome(alert.id, alert.state)
                if self._channel.name in alert.channels and (
                    outcome is Outcome.DELIVERED
                ):
                    told.append(alert)
        return told

    async def _commit(
        self, consumer: AIOKafkaConsumer, place: TopicPartition, offset: int
    ) -> None:
        try:
            await consumer.commit({place: offset})
        except KafkaError as error:
            # Whoever reads it again finds it among the settled ones.
            _log.warning(
                "commit_failed",
                channel=self._channel.name,
                offset=offset,
                error=type(error).__name__,
            )

    async def _due(self, records: Sequence[ConsumerRecord]) -> dict[int, Alert]:
        """Return, by offset, what this channel has yet to tell."""
        due: dict[int, Alert] = {}
        seen: set[Key] = set()
        for record in records:
            alert = self._read(record)
            if alert is None or self._channel.name not in alert.channels:
                continue
            key = (alert.id, alert.state)
            if key not in seen and await self._ledger.outcome(*key) is None:
                seen.add(key)
                due[record.offset] = alert
        return due

    async def _unsilenced(self, due: dict[int, Alert]) -> dict[int, Alert]:
        """Return what is left to tell; what is silenced is recorded as such."""
        if not due:
            return due
        # Read anew each time, alerts being rare: a silence holds at once.
        silences = in_force(await self._read_silences(), self._post.clock())
        left: dict[int, Alert] = {}
        for offset, alert in due.items():
            silence = silencing(alert, silences)
            if silence is not None:
                result = Result(Outcome.SILENCED, 0, reason(silence))
                await self._ledger.record(alert, result)
            elif await self._began_in_silence(alert):
                # Nobody wants to hear that what they were not told of is over.
                result = Result(Outcome.SILENCED, 0, "its firing was silenced")
                await self._ledger.record(alert, result)
            else:
                left[offset] = alert
        return left

    async def _began_in_silence(self, alert: Alert) -> bool:
        if alert.state is AlertState.FIRING:
            return False
        firing = await self._ledger.outcome(alert.id, AlertState.FIRING)
        return firing is Outcome.SILENCED

    async def _read_silences(self) -> list[Silence]:
        topic = self._post.kafka.topic_prefix + SILENCES.name
        end = await self._post.reader.end(topic, 0)
        told = []
        async for _, raw in self._post.reader.between(topic, 0, 0, end):
            with contextlib.suppress(wire.Unreadable):
                told.append(_silence.decode(raw))
        return told

    def _read(self, record: ConsumerRecord) -> Alert | None:
        try:
            return _alert.decode(record.value)
        except wire.Unreadable as error:
            metrics.UNREADABLE.labels(self._channel.name).inc()
            _log.error(
                "alert_unreadable",
                channel=self._channel.name,
                offset=record.offset,
                reason=error.reason,
                detail=error.detail,
            )
            return None

    async def _tell(self, alerts: Sequence[Alert]) -> None:
        result = await deliver(
            self._channel,
            alerts[0],
            compose_all(alerts, self._post.links),
            self._post.retry,
            self._revoked,
        )
        for alert in alerts:
            await self._ledger.record(alert, result)
