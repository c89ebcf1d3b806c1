"""Rules about history, in the room as it is run: context in, people told."""

import signal
from pathlib import Path

import pytest

from alerts.telling.ledger import Post
from streams import wire
from streams.events import ContextReadings
from streams.settings import Kafka
from streams.topics import CONTEXT, checkpoints
from tests.alerts.posting import deliveries, posting
from tests.alerts.room import Room
from tests.alerts.samples import EVENT_TIME, MINUTE, http_server, leg
from volcross.running.provisioning import provision

RULE = """
[[rules]]
name = "unusual"
pair = "BTC/ETH"
watch = "z-score"
when = "outside"
margin = 3.0
hysteresis = 0.5
for = "1m"
"""


async def place(post: Post, number: int, z_score: float | None) -> None:
    """Let three minutes pass in which the spread stands so in its history."""
    start = EVENT_TIME // MINUTE * MINUTE + number * 3 * MINUTE
    at = [start + minute * MINUTE for minute in range(3)]
    record = ContextReadings(
        pair="BTC/ETH",
        comparison="implied",
        left=leg("BTC", "dvol", 0.65).name,
        right=leg("ETH", "dvol", 0.6).name,
        start=start,
        end=start + 3 * MINUTE,
        at=at,
        z_score=[z_score] * 3,
        left_rank=[None] * 3,
        left_percentile=[None] * 3,
        right_rank=[None] * 3,
        right_percentile=[None] * 3,
        announcements=[],
        left_value=[0.65] * 3,
        right_value=[0.6] * 3,
        spread=[0.05] * 3,
        left_at=at,
        right_at=at,
    )
    await post.producer.send_and_wait(
        post.kafka.topic_prefix + CONTEXT.name,
        key=b"BTC/ETH",
        value=wire.encode(record),
        partition=0,
    )


@pytest.mark.kafka
async def test_what_is_unusual_is_told_once_and_its_end_too_over_a_kill(
    kafka_settings: Kafka, tmp_path: Path
) -> None:
    kafka = kafka_settings.model_copy(update={"partitions": 1})
    provision(kafka)
    memory = kafka.topic_prefix + checkpoints("weigh").name
    async with http_server() as server, posting(kafka) as post:
        room = Room(kafka, tmp_path, server.url, RULE)
        try:
            room.start()
            await place(post, 0, None)  # its history is too short: nothing to say
            await place(post, 1, 3.4)
            await deliveries(post, 1)
            assert await room.end(signal.SIGKILL) == -signal.SIGKILL
            room.start()
            await place(post, 2, -4.1)  # as far out on the other side
            await place(post, 3, 2.0)
            recorded = await deliveries(post, 2)
            assert await room.end(signal.SIGTERM) == 0
            assert await post.reader.end(memory, 0) > 0
        finally:
            room.discard()
    assert [(d.rule, d.state) for d in recorded] == [
        ("unusual", "firing"),
        ("unusual", "resolved"),
    ]
    assert recorded[0].alert_id == recorded[1].alert_id
    firing, resolved = (body.decode() for body in server.bodies)
    assert "+3.4σ" in firing
    assert "outside ±3σ" in firing
    assert "-4.1" in resolved, "the furthest is of the other side"
