"""Reads topics as an onlooker: no consumer group, no commit, no trace."""

import ssl
from collections.abc import Iterable
from types import TracebackType
from typing import Self

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from streams.agents.patience import be_patient
from streams.events import Event
from streams.settings import Kafka, client
from streams.topics import Topic
from streams.wire import Codec, Unreadable
from volcross.running.provisioning import Unreachable, partitions


class Observer:
    """Follows topics from their beginning, or from near their end.

    An async context manager; `read` in a loop.

    Attributes:
        unreadable: records that were not what their topic carries.
    """

    def __init__(
        self, kafka: Kafka, topics: Iterable[Topic], tail: int | None = None
    ) -> None:
        """Choose what to follow.

        Args:
            kafka: the cluster.
            topics: what to read.
            tail: begin that many records before the end of each partition;
                None: at its beginning.
        """
        self.unreadable = 0
        self._kafka = kafka
        self._tail = tail
        self._topics = {kafka.topic_prefix + topic.name: topic for topic in topics}
        self._codecs = {
            name: Codec(topic.carries) for name, topic in self._topics.items()
        }
        self._assigned = [
            TopicPartition(name, partition)
            for name, topic in self._topics.items()
            for partition in range(partitions(topic, kafka))
        ]
        self._entered: AIOKafkaConsumer | None = None

    @property
    def _consumer(self) -> AIOKafkaConsumer:
        if self._entered is None:
            raise RuntimeError("the observer was not entered")
        return self._entered

    async def __aenter__(self) -> Self:
        arguments = client(self._kafka)
        if "SSL" in self._kafka.security_protocol:
            arguments["ssl_context"] = ssl.create_default_context(
                cafile=self._kafka.ssl_cafile
            )
        be_patient()
        consumer = AIOKafkaConsumer(
            **arguments,
            client_id="volcross-observer",
            enable_auto_commit=False,
            auto_offset_reset="earliest",
        )
        try:
            await consumer.start()
            consumer.assign(self._assigned)
            if self._tail is None:
                await consumer.seek_to_beginning(*self._assigned)
            else:
                first = await consumer.beginning_offsets(self._assigned)
                for partition, end in (await self._ends(consumer)).items():
                    consumer.seek(partition, max(first[partition], end - self._tail))
        except (KafkaError, OSError) as error:
            await consumer.stop()
            raise Unreachable(
                f"no Kafka broker answers at {self._kafka.bootstrap_servers}: {error}"
            ) from error
        self._entered = consumer
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._entered is not None:
            await self._entered.stop()
            self._entered = None

    async def read(self, wait: float = 0.2) -> list[tuple[Topic, int, Event]]:
        """Return what has come: topic, partition, record.

        Args:
            wait: seconds to wait for something when there is nothing.
        """
        batches = await self._consumer.getmany(timeout_ms=int(wait * 1000))
        heard: list[tuple[Topic, int, Event]] = []
        for partition, records in batches.items():
            topic = self._topics[partition.topic]
            codec = self._codecs[partition.topic]
            for record in records:
                if record.value is None:
                    continue  # a tick: it says that the topic can be written to
                try:
                    event = codec.decode(record.value)
                except Unreadable:
                    self.unreadable += 1
                else:
                    heard.append((topic, partition.partition, event))
        return heard

    async def behind(self) -> int:
        """Return how many records exist that were not read yet."""
        ends = await self._ends(self._consumer)
        left = 0
        for partition, end in ends.items():
            left += max(0, end - await self._consumer.position(partition))
        return left

    async def ends(self, topic: Topic) -> dict[int, int]:
        """Return the next offset of each partition of any topic of ours."""
        name = self._kafka.topic_prefix + topic.name
        asked = [
            TopicPartition(name, partition)
            for partition in range(partitions(topic, self._kafka))
        ]
        ends = await self._consumer.end_offsets(asked)
        return {each.partition: end for each, end in ends.items()}

    async def _ends(self, consumer: AIOKafkaConsumer) -> dict[TopicPartition, int]:
        ends: dict[TopicPartition, int] = await consumer.end_offsets(self._assigned)
        return ends
