"""A room killed before it wrote anything down, whose rules were edited meanwhile."""

import signal
from pathlib import Path

import pytest

from streams import wire
from streams.events import Alert
from streams.settings import Kafka
from streams.topics import ALERTS, checkpoints
from tests.alerts.judging.test_reloading import stay_above
from tests.alerts.judging.test_weighing import RULE, place
from tests.alerts.posting import deliveries, posting
from tests.alerts.room import Room
from tests.alerts.samples import http_server
from volcross.running.provisioning import provision


@pytest.mark.kafka
async def test_what_was_told_ends_once_by_numbers_that_would_not_have_told_it(
    kafka_settings: Kafka, tmp_path: Path
) -> None:
    """Of a rule that is judged, and of one that is weighed."""
    kafka = kafka_settings.model_copy(update={"partitions": 1})
    provision(kafka)
    async with http_server() as server, posting(kafka) as post:
        room = Room(kafka, tmp_path, server.url, RULE)
        rules = room.config.read_text().replace("0.1s", "1h", 1)
        assert 'checkpoint_every = "1h"' in rules
        room.config.write_text(rules)
        try:
            room.start()
            await stay_above(post, 0)
            await place(post, 0, 3.4)
            await deliveries(post, 2)
            assert await room.end(signal.SIGKILL) == -signal.SIGKILL
            for agent in ("judge", "weigh"):
                memory = kafka.topic_prefix + checkpoints(agent).name
                assert await post.reader.end(memory, 0) == 0
            rules = rules.replace("margin = 3.0", "margin = 9.0")
            rules = rules.replace(
                "hysteresis = 0.01", "hysteresis = 0.01\nmargin = 0.2"
            )
            room.config.write_text(rules)
            room.start()
            for number in (1, 2):
                await stay_above(post, number)
                await place(post, number, 3.4)
            await deliveries(post, 4)
            assert await room.end(signal.SIGTERM) == 0
            topic = kafka.topic_prefix + ALERTS.name
            codec, end = wire.Codec(Alert), await post.reader.end(topic, 0)
            told = [
                codec.decode(raw)
                async for _, raw in post.reader.between(topic, 0, 0, end)
            ]
        finally:
            room.discard()
    for rule, reason in (
        ("btc-above-eth", "spread below 19 points for 1 s"),
        ("unusual", "z-score within ±8.5σ for 1 min"),
    ):
        firing, resolved = (alert for alert in told if alert.rule == rule)
        assert (firing.state, resolved.state) == ("firing", "resolved")
        assert resolved.id == firing.id
        assert resolved.reason == reason
        # By the new numbers it was over at once; it lasted for its `for`, twice.
        assert resolved.since == firing.event_time
        assert resolved.event_time - resolved.since == firing.event_time - firing.since
