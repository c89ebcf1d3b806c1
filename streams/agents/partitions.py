"""Reading a stretch of a partition beside Faust, for restores and holes."""

import asyncio
from collections.abc import AsyncIterator
from types import TracebackType
from typing import Self

from aiokafka import AIOKafkaConsumer, TopicPartition

from streams.settings import Kafka, client

PATIENCE_SECONDS = 30.0
"""How long a broker may take to hand out a record that it says it has."""


class PartitionReader:
    """Reads records by offset, outside any consumer group."""

    def __init__(self, kafka: Kafka) -> None:
        self._consumer = AIOKafkaConsumer(
            **client(kafka), enable_auto_commit=False, auto_offset_reset="none"
        )
        self._turn = asyncio.Lock()

    async def __aenter__(self) -> Self:
        await self._consumer.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._consumer.stop()

    async def topics(self) -> set[str]:
        """Return the names of all topics there are."""
        return set(await self._consumer.topics())

    async def end(self, topic: str, partition: int) -> int:
        """Return the offset that the next record will get."""
        place = TopicPartition(topic, partition)
        async with self._turn:
            return int((await self._consumer.end_offsets([place]))[place])

    async def since(self, topic: str, partition: int, at: int) -> int:
        """Return the offset of the first record written at an instant or later.

        The next record's, where there is none; `at` is ns UTC, and counts by the
        clock of whoever wrote.
        """
        place = TopicPartition(topic, partition)
        async with self._turn:
            found = await self._consumer.offsets_for_times({place: at // 1_000_000})
            if found[place] is not None:
                return int(found[place].offset)
            return int((await self._consumer.end_offsets([place]))[place])

    async def last(self, topic: str, partition: int) -> bytes | None:
        """Return the last record of a partition; None where it is empty."""
        end = await self.end(topic, partition)
        records = [
            record async for record in self.between(topic, partition, end - 1, end)
        ]
        return records[-1][1] if records else None

    async def between(
        self, topic: str, partition: int, first: int, after: int
    ) -> AsyncIterator[tuple[int, bytes]]:
        """Yield (offset, record) from `first` up to but not including `after`.

        What retention has deleted meanwhile is not yielded.

        Raises:
            TimeoutError: the broker has the records but does not hand them out.
        """
        place = TopicPartition(topic, partition)
        async with self._turn:
            begin = (await self._consumer.beginning_offsets([place]))[place]
            end = (await self._consumer.end_offsets([place]))[place]
            at, after = max(first, begin), min(after, end)
            if at >= after:
                return
            self._consumer.assign([place])
            self._consumer.seek(place, at)
            while at < after:
                async with asyncio.timeout(PATIENCE_SECONDS):
                    batch = await self._consumer.getmany(place, timeout_ms=1000)
                    while not batch:
                        batch = await self._consumer.getmany(place, timeout_ms=1000)
                for record in batch[place]:
                    at = record.offset + 1
                    if record.offset < after:
                        yield record.offset, record.value
