"""What makes an agent safe to kill: a stage, wrapped.

Stock Faust commits offsets and keeps state on different schedules, so that a
restart loses ticks or counts them twice. Here a record counts as taken in
when, and only when, a checkpoint says so:

1. outputs are sent, and their acknowledgements awaited;
2. then ``{applied offset, state}`` is written to the agent's checkpoints.

A crash between the two repeats outputs, never loses them, and repetitions are
recognised downstream by what they cover. After a restart, records at or
before the applied offset are skipped, and records that Faust committed but
nobody checkpointed are read again beside it.

A record on which the stage itself fails would fail it at every restart, for
ever. It is refused like any that cannot be used, and the stage begins again
from the checkpoint, as if the record had not been there.
"""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Generic, NamedTuple, TypeVar, cast

import structlog
from aiokafka import AIOKafkaProducer

from streams import metrics, wire
from streams.agents.partitions import PartitionReader
from streams.agents.rejecting import rejected
from streams.agents.stage import Gap, Outcome, Refused, Stage
from streams.events import Checkpoint, Event
from streams.reason import Reason
from streams.settings import Kafka
from streams.topics import Topic, checkpoints

T = TypeVar("T", bound=Event)

_log = structlog.get_logger()
_checkpoint = wire.Codec(Checkpoint)


class Work(NamedTuple, Generic[T]):
    """One agent: its name, the topic it reads, and what it does with it."""

    name: str
    topic: Topic
    stage: Callable[[], Stage[T]]
    before: Callable[[], Awaitable[None]] | None = None
    """Reads what a stage begins with beside its checkpoint, whenever one begins."""
    after: Callable[[Stage[T]], None] | None = None
    """Hears of a stage whose state is written, and all that it sent before that."""


@dataclass(slots=True)
class _Partition(Generic[T]):
    """What an agent knows of one partition it was assigned."""

    stage: Stage[T]
    applied: int = -1
    saved: int = -1
    torn: bool = False
    unacked: list[asyncio.Future[Any]] = field(default_factory=list)
    applying: asyncio.Lock = field(default_factory=asyncio.Lock)
    saving: asyncio.Lock = field(default_factory=asyncio.Lock)


class _PoisonError(Exception):
    """The stage failed on a record, and may have taken half of it in."""

    def __init__(self, offset: int, detail: str) -> None:
        super().__init__(offset, detail)
        self.offset = offset
        self.detail = detail


class Agent(Generic[T]):
    """Takes the records of its partitions in, each exactly once."""

    def __init__(
        self,
        work: Work[T],
        kafka: Kafka,
        producer: AIOKafkaProducer,
        reader: PartitionReader,
        clock: Callable[[], int] = time.time_ns,
    ) -> None:
        self.name = work.name
        self.topic = kafka.topic_prefix + work.topic.name
        self._work = work
        self._codec: wire.Codec[T] = wire.Codec(cast("type[T]", work.topic.carries))
        self._prefix = kafka.topic_prefix
        self._checkpoints = kafka.topic_prefix + checkpoints(work.name).name
        self._producer = producer
        self._reader = reader
        self._clock = clock
        self._partitions: dict[int, _Partition[T]] = {}
        self._poison: dict[tuple[int, int], str] = {}
        """What the stage said of the (partition, offset) it failed on."""
        metrics.expect(self.name, work.topic.name)

    async def take(self, partition: int, offset: int, raw: bytes | None) -> None:
        """Take a record in, unless it was already, and first any that are missing."""
        while True:
            try:
                return await self._catch_up(partition, offset, raw)
            except _PoisonError as poison:
                self._poison[partition, poison.offset] = poison.detail

    async def _catch_up(self, partition: int, offset: int, raw: bytes | None) -> None:
        known = self._partitions.get(partition)
        if known is None:
            known = self._partitions[partition] = await self._restore(partition)
        if offset <= known.applied:
            return
        if offset > known.applied + 1:
            missing = self._reader.between(
                self.topic, partition, known.applied + 1, offset
            )
            async for missed, value in missing:
                await self._take(known, partition, missed, value)
        await self._take(known, partition, offset, raw)

    async def save(self) -> None:
        """Write a checkpoint for every partition that has moved on."""
        for partition, known in list(self._partitions.items()):
            if known.applied > known.saved:
                await self._save(known, partition)

    def applied(self) -> dict[int, int]:
        """Return the offset of the last record taken in, by partition."""
        return {number: known.applied for number, known in self._partitions.items()}

    def forget(self) -> None:
        """Drop what is known: another worker may own the partitions now."""
        self._partitions.clear()

    async def _take(
        self, known: _Partition[T], partition: int, offset: int, raw: bytes | None
    ) -> None:
        async with known.applying:
            try:
                await self._apply(known, partition, offset, raw)
            except BaseException:
                # Cancelled between two outputs: the stage knows a record that
                # was never told on. What it knows must not become a checkpoint.
                known.torn = True
                self._partitions.pop(partition, None)
                raise

    async def _apply(
        self, known: _Partition[T], partition: int, offset: int, raw: bytes | None
    ) -> None:
        began = time.perf_counter()
        outcomes: list[Outcome]
        try:
            record = self._codec.decode(raw)
        except wire.Unreadable as error:
            outcomes = [Refused(error.reason, error.detail, "", 1, raw or b"")]
        else:
            outcomes = self._work_on(known, partition, offset, record, raw)
        for outcome in outcomes:
            await self._settle(known, partition, offset, outcome)
        known.applied = offset
        metrics.RECORDS.labels(self.name).inc()
        metrics.APPLY_SECONDS.labels(self.name).observe(time.perf_counter() - began)

    def _work_on(
        self,
        known: _Partition[T],
        partition: int,
        offset: int,
        record: T,
        raw: bytes | None,
    ) -> list[Outcome]:
        failed = self._poison.get((partition, offset))
        if failed is not None:
            return [Refused(Reason.FAILED, failed, "", 1, raw or b"")]
        try:
            return known.stage.apply(record, offset, self._clock())
        except Exception as error:
            # Whatever it is, it is a fault of ours, and told as one.
            _log.exception("failed", agent=self.name, offset=offset)
            detail = f"{type(error).__name__}: {error}"
            raise _PoisonError(offset, detail) from error

    async def _settle(
        self, known: _Partition[T], partition: int, offset: int, outcome: Outcome
    ) -> None:
        if isinstance(outcome, Gap):
            missing = (outcome.end - outcome.start) / 1e9
            metrics.GAP_SECONDS.labels(self.name).inc(missing)
            _log.warning("gap", agent=self.name, series=outcome.series, seconds=missing)
            return
        if isinstance(outcome, Refused):
            outcome = rejected(self._work.topic.name, partition, offset, outcome)
        metrics.observe(outcome.event)
        sent = await self._producer.send(
            self._prefix + outcome.topic.name,
            key=outcome.key.encode(),
            value=wire.encode(outcome.event),
        )
        known.unacked.append(sent)

    async def _save(self, known: _Partition[T], partition: int) -> None:
        async with known.saving:
            # Between two records: in the middle of one the stage already knows
            # what has not been sent yet. Further ones may be applied while the
            # acknowledgements are awaited.
            async with known.applying:
                if known.torn:
                    return
                base = known.stage.base()
                checkpoint = Checkpoint(
                    agent=self.name,
                    partition=partition,
                    applied=known.applied,
                    base=known.applied + 1 if base is None else base,
                    state=known.stage.state(),
                )
                unacked, known.unacked = known.unacked, []
            await asyncio.gather(*unacked)
            await self._producer.send_and_wait(
                self._checkpoints,
                key=str(partition).encode(),
                value=wire.encode(checkpoint),
                partition=partition,
            )
            known.saved = checkpoint.applied
            if self._work.after is not None:
                self._work.after(known.stage)
            self._poison = {
                (number, offset): detail
                for (number, offset), detail in self._poison.items()
                if number != partition or offset > known.saved
            }
            metrics.CHECKPOINTS.labels(self.name).inc()

    async def _restore(self, partition: int) -> _Partition[T]:
        raw = await self._reader.last(self._checkpoints, partition)
        if self._work.before is not None:
            # Checkpoint first: it may not know more. Ours may still be under way.
            await self._producer.flush()
            await self._work.before()
        known = _Partition(self._work.stage())
        log = _log.bind(agent=self.name, partition=partition)
        if raw is None:
            log.info("begins")
            return known
        try:
            checkpoint = _checkpoint.decode(raw)
        except wire.Unreadable as error:
            log.warning("checkpoint of another format", detail=str(error))
            return known
        end = await self._reader.end(self.topic, partition)
        if checkpoint.applied >= end:
            # Not our log any more: it was deleted, or the broker forgot some of
            # it. Offsets mean nothing now; what the state covers still does.
            log.error(
                "log shorter than checkpoint", applied=checkpoint.applied, end=end
            )
            self._resume(known, partition, checkpoint, [])
            return known
        again: list[tuple[int, T]] = []
        async for offset, value in self._reader.between(
            self.topic, partition, checkpoint.base, checkpoint.applied + 1
        ):
            with contextlib.suppress(wire.Unreadable):  # refused the first time
                again.append((offset, self._codec.decode(value)))
        self._resume(known, partition, checkpoint, again)
        known.applied = known.saved = checkpoint.applied
        log.info("restored", applied=checkpoint.applied, read_again=len(again))
        return known

    def _resume(
        self,
        known: _Partition[T],
        partition: int,
        checkpoint: Checkpoint,
        again: list[tuple[int, T]],
    ) -> None:
        """Make the stage what it was; of another release's state, from the records.

        What follows from them was sent already.
        """
        try:
            known.stage.restore(checkpoint.state, again)
        except Exception as error:  # noqa: BLE001 - whatever it is, it must not end us
            _log.warning(
                "checkpoint of another format",
                agent=self.name,
                partition=partition,
                detail=f"{type(error).__name__}: {error}",
            )
            known.stage = self._work.stage()
            for offset, record in again:
                self._work_on(known, partition, offset, record, None)
