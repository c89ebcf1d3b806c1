"""Alerts on a broker, and an outbox to carry them away."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from pydantic import SecretStr

from alerts.channels.settings import Slack
from alerts.channels.slack import SlackChannel
from alerts.telling.delivery import Channel
from alerts.telling.ledger import Post
from alerts.telling.outbox import Manner, Outbox
from alerts.telling.settings import Retry
from alerts.words.settings import Links
from streams import wire
from streams.agents.partitions import PartitionReader
from streams.events import Alert, Delivery, Silence
from streams.settings import Kafka, client
from streams.topics import ALERTS, DELIVERIES, SILENCES

QUICK = Retry(
    first=timedelta(milliseconds=20),
    longest=timedelta(milliseconds=100),
    give_up_after=timedelta(seconds=60),
)


def slack(url: str) -> Channel:
    address = SecretStr(url)
    return SlackChannel(Slack(webhook_url=address, timeout=timedelta(seconds=5)))


@asynccontextmanager
async def posting(
    kafka: Kafka, retry: Retry = QUICK, clock: Callable[[], int] = time.time_ns
) -> AsyncIterator[Post]:
    producer = AIOKafkaProducer(**client(kafka), acks="all")
    async with producer, PartitionReader(kafka) as reader:
        yield Post(kafka, retry, Links(), producer, reader, clock)


@asynccontextmanager
async def carrying(
    post: Post, *channels: Channel, manner: Manner | None = None
) -> AsyncIterator[None]:
    """Run an outbox a channel, and stop them as a shutdown does."""
    tasks = [
        asyncio.ensure_future(Outbox(channel, post, "test", manner).run())
        for channel in channels
    ]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def announce(post: Post, *alerts: Alert) -> None:
    for alert in alerts:
        await post.producer.send_and_wait(
            post.kafka.topic_prefix + ALERTS.name,
            key=alert.rule.encode(),
            value=wire.encode(alert),
        )


async def hush(post: Post, silence: Silence) -> None:
    await post.producer.send_and_wait(
        post.kafka.topic_prefix + SILENCES.name,
        key=silence.id.encode(),
        value=wire.encode(silence),
    )


async def note(post: Post, delivery: Delivery) -> None:
    """Write to the record of deliveries, as a command may."""
    await post.producer.send_and_wait(
        post.kafka.topic_prefix + DELIVERIES.name,
        key=delivery.channel.encode(),
        value=wire.encode(delivery),
    )


async def rewind(kafka: Kafka, channel: str) -> None:
    """Let an outbox forget how far it has come."""
    place = TopicPartition(kafka.topic_prefix + ALERTS.name, 0)
    consumer = AIOKafkaConsumer(
        place.topic,
        **client(kafka),
        group_id=f"{kafka.topic_prefix}volcross-outbox.{channel}",
        group_instance_id=f"test.{channel}",
        enable_auto_commit=False,
    )
    async with consumer:
        await consumer.commit({place: 0})


async def deliveries(
    post: Post, count: int, within: float = 90.0
) -> Sequence[Delivery]:
    """Return what is recorded, once it is at least `count`."""
    codec = wire.Codec(Delivery)
    topic = post.kafka.topic_prefix + DELIVERIES.name
    async with asyncio.timeout(within):
        # Polled: a broker has nothing to wait on.
        while (end := await post.reader.end(topic, 0)) < count:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        return [
            codec.decode(raw) async for _, raw in post.reader.between(topic, 0, 0, end)
        ]
