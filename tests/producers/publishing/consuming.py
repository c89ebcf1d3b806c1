"""What a consumer finds in a topic."""

import asyncio
import time

from kafka import KafkaConsumer, TopicPartition

from streams.events import Event
from streams.settings import Kafka, client
from streams.topics import Topic
from streams.wire import Codec


def _read(kafka: Kafka, topic: Topic, until: int | None, within: float) -> list[Event]:
    name = kafka.topic_prefix + topic.name
    codec = Codec(topic.carries)
    consumer = KafkaConsumer(
        **client(kafka), auto_offset_reset="earliest", enable_auto_commit=False
    )
    try:
        found = consumer.partitions_for_topic(name) or set()
        partitions = [TopicPartition(name, number) for number in sorted(found)]
        consumer.assign(partitions)
        ends = consumer.end_offsets(partitions)
        deadline = time.monotonic() + within
        events: list[Event] = []
        while time.monotonic() < deadline:
            for records in consumer.poll(timeout_ms=100).values():
                events += [codec.decode(record.value) for record in records]
            done = all(consumer.position(p) >= ends[p] for p in partitions)
            if len(events) >= until if until is not None else done:
                return events
        raise AssertionError(f"{len(events)} records of {name} within {within} s")
    finally:
        consumer.close()


async def read(
    kafka: Kafka, topic: Topic, records: int | None = None, within: float = 20
) -> list[Event]:
    """Return the topic's records, in order within each partition.

    Args:
        kafka: the cluster.
        topic: which.
        records: wait until there are so many; None: what is there now.
        within: seconds.
    """
    return await asyncio.to_thread(_read, kafka, topic, records, within)
