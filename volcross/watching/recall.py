"""Reads topics to their end, and is done."""

from collections.abc import Iterable

from streams.events import Event
from streams.settings import Kafka
from streams.topics import Topic
from volcross.watching.observer import Observer


async def recall(kafka: Kafka, *topics: Topic) -> list[Event]:
    """Return all that the topics hold, each partition in its order.

    Raises:
        Unreachable: no broker answers.
    """
    events: list[Event] = []
    async with Observer(kafka, topics) as observer:
        while await observer.behind():
            events += [event for _, _, event in await observer.read()]
    return events


async def publish(
    kafka: Kafka, topic: Topic, key: str, events: Iterable[Event]
) -> None:
    """Send records, and return once the broker has them."""
    from aiokafka import AIOKafkaProducer

    from streams.settings import client
    from streams.wire import encode

    async with AIOKafkaProducer(**client(kafka), acks="all") as producer:
        for event in events:
            name = kafka.topic_prefix + topic.name
            await producer.send_and_wait(name, key=key.encode(), value=encode(event))
