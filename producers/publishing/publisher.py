"""Each series to its topic, keyed by symbol: in order, and without loss.

One record of a series is on its way at a time; what is heard meanwhile leaves
with the next. So a quiet market sends every tick alone and at once, and a wild
one sends hundreds in a record, without a timer. And because a record that
failed is sent again unchanged before anything follows it, order needs no more.
"""

import asyncio
from collections.abc import Coroutine
from types import TracebackType
from typing import Any, Self

import structlog
from kafka.errors import MessageSizeTooLargeError

from producers import metrics
from producers.publishing.coverage import Stretch
from producers.publishing.lanes import Lane, Letters, addressed, too_large
from producers.publishing.link import Link
from producers.publishing.spool import Spool, Spooled
from producers.settings import Meaning, Sending
from producers.source import SECOND, Heard, Said, Series
from streams.lengths import nanoseconds
from streams.settings import Kafka

log = structlog.get_logger(__name__)

USUAL = Sending()


class Publisher:
    """Carries what sources say to Kafka.

    Args:
        kafka: the cluster.
        spool: where the rest goes if a stop finds no broker. It is sent first,
            before anything new, at the next start.
        sending: how large records and the buffer may get; while the buffer is
            full `publish` waits.

    Entered, it sends; left, it flushes. Left by an exception or cancelled, it
    flushes for as long as `sending` says; left in the ordinary way, until all is
    sent.

    Raises:
        ValueError: the spool is not readable.
        OSError: the spool could not be written; it says what was lost.
    """

    def __init__(
        self,
        kafka: Kafka,
        spool: Spool,
        sending: Sending = USUAL,
    ) -> None:
        self._link = Link(kafka)
        self._spool = spool
        self._sending = sending
        self._lanes: dict[Meaning, Lane] = {}
        self._letters = Letters()
        self._covered: dict[Meaning, int] = {}
        self._speaking: dict[Meaning, str] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._error: BaseException | None = None
        self._room = asyncio.Event()
        self._room.set()
        self._backlog: list[Spooled] = []
        self._backlog_sent = asyncio.Event()
        self.buffered = 0
        """Ticks heard and not yet acknowledged."""

    async def __aenter__(self) -> Self:
        """Start sending, with what an earlier run left behind."""
        self._backlog = self._spool.read()
        if self._backlog:
            log.info("sending what was spooled", records=len(self._backlog))
        self._start(self._send_backlog())
        self._start(self._letters.run(self))
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Flush; what cannot be sent goes to the spool."""
        try:
            patience = self._sending.flush.total_seconds()
            await self._flush(None if error is None else patience)
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            try:
                self._put_by()
            finally:
                await self._link.close()

    async def publish(self, said: Said) -> None:
        """Take charge of what a source says; wait while the buffer is full.

        Raises:
            RuntimeError: sending broke down, which is a bug; the cause is told.
        """
        await self._room.wait()
        if self._error is not None:
            raise RuntimeError("the publisher broke down") from self._error
        if isinstance(said, Heard):
            self._lane(said.series).hear(said)
            self._count(len(said.at))
        else:
            self._count(self._letters.post(said))

    def _note_gap(self, stretch: Stretch) -> None:
        series = stretch.series
        before = self._covered.get(series.meaning, stretch.start)
        self._covered[series.meaning] = stretch.end
        if stretch.start > before:
            gap = (stretch.start - before) / SECOND
            metrics.GAP_SECONDS.labels(series.source, series.symbol).inc(gap)
            log.warning(
                "nobody listened for a while",
                source=series.source,
                symbol=series.symbol,
                measure=series.measure,
                seconds=round(gap, 3),
            )

    def _lane(self, series: Series) -> Lane:
        lane = self._lanes.get(series.meaning)
        if lane is None:
            lane = Lane(
                nanoseconds(self._sending.lateness),
                self._sending.record_ticks,
            )
            self._lanes[series.meaning] = lane
            self._start(lane.run(self))
        return lane

    async def deliver(self, record: Spooled, rows: int) -> None:
        """Send one record, after whatever was spooled; return when acknowledged."""
        await self._backlog_sent.wait()
        await self._link.deliver(record.topic, record.key, bytes(record.value))
        self._count(-rows)

    async def deliver_ticks(self, stretch: Stretch) -> None:
        """Send one stretch, and count it."""
        series, ticks = stretch.series, len(stretch.at)
        await self.deliver(addressed(stretch), ticks)
        self._note_gap(stretch)
        labels = (series.topic.name, series.source, series.symbol)
        metrics.RECORDS.labels(*labels).inc()
        metrics.TICKS.labels(*labels).inc(ticks)
        before = self._speaking.setdefault(series.meaning, series.source)
        if before != series.source:
            # Another goes on: the gauge of the one before would stand still.
            self._speaking[series.meaning] = series.source
            metrics.LAST_EVENT.remove(before, series.symbol)
        if ticks:
            metrics.LAST_EVENT.labels(series.source, series.symbol).set(
                int(stretch.at[-1]) / SECOND
            )

    def _all(self) -> "list[Lane | Letters]":
        return [*self._lanes.values(), self._letters]

    def _count(self, ticks: int) -> None:
        self.buffered += ticks
        metrics.BUFFERED.set(self.buffered)
        if self.buffered < self._sending.buffer_ticks:
            self._room.set()
        else:
            self._room.clear()

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: "asyncio.Task[None]") -> None:
        if task.cancelled() or task.exception() is None:
            return
        self._error = task.exception()
        log.critical("the publisher broke down", exc_info=self._error)
        # Nothing may overtake what broke, and whoever waits must hear of it.
        for other in self._tasks:
            other.cancel()
        self._room.set()
        self._backlog_sent.set()
        for lane in self._all():
            lane.idle.set()

    async def _send_backlog(self) -> None:
        for sent, record in enumerate(self._backlog):
            metrics.SPOOLED.set(len(self._backlog) - sent)
            try:
                await self._link.deliver(record.topic, record.key, bytes(record.value))
            except MessageSizeTooLargeError:
                told = too_large(record)
                await self._link.deliver(told.topic, told.key, bytes(told.value))
        metrics.SPOOLED.set(0)
        self._backlog = []
        self._spool.write([])
        self._backlog_sent.set()

    async def _flush(self, within: float | None) -> None:
        if self._error is not None:
            return
        for lane in self._lanes.values():
            lane.close()
        try:
            async with asyncio.timeout(within):
                await self._backlog_sent.wait()
                for each in self._all():
                    await each.idle.wait()
        except TimeoutError:
            log.warning("not all was sent in time", ticks=self.buffered)

    def _put_by(self) -> None:
        left = [record for lane in self._all() for record in lane.rest()]
        if not left:
            return
        try:
            self._spool.write([*self._backlog, *left])
        except OSError:
            log.critical("lost, for it could not be spooled", records=len(left))
            raise
        log.warning("spooled for the next start", records=len(left))
