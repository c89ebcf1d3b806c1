import asyncio
import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import structlog
from kafka import KafkaConsumer, KafkaProducer, TopicPartition

from streams.settings import Kafka
from streams.topics import READINGS, TOPICS, checkpoints
from volcross.running import provisioning
from volcross.running.broker import EmbeddedBroker
from volcross.running.capping import LASTING_BYTES, SEGMENT_BYTES
from volcross.running.provisioning import (
    Mismatch,
    Unreachable,
    existing,
    mismatches,
    provision,
    provisioned,
    verify,
    wanted,
)
from volcross.running.readiness import absent

KAFKA = Kafka(bootstrap_servers="nowhere:1", topic_prefix="p.", partitions=3)


@pytest.fixture
def embedded(tmp_path: Path) -> Iterator[EmbeddedBroker]:
    embedded = EmbeddedBroker(tmp_path)
    embedded.start()
    yield embedded
    embedded.stop()


def test_every_topic_is_wanted_with_its_own_partitions_and_retention() -> None:
    topics = wanted(KAFKA)
    assert len(topics) == len(TOPICS)
    assert topics["p.ticks.price"]["num_partitions"] == 3
    assert topics["p.alerts"]["num_partitions"] == 1
    assert topics["p.bars"]["configs"] == {"retention.ms": str(120 * 86_400_000)}
    judge = "p." + checkpoints("judge").name
    assert topics[judge]["configs"] == {"cleanup.policy": "compact"}


def test_what_exists_otherwise_is_told_by_name_found_and_expected() -> None:
    found = {name: topic["num_partitions"] for name, topic in wanted(KAFKA).items()}
    assert mismatches(found, KAFKA) == []
    assert mismatches({**found, "p.bars": 7, "others": 99}, KAFKA) == [
        "topic p.bars: found 7 partitions, expected 3"
    ]


def test_what_must_last_outlives_the_hour_on_a_broker_that_forgets() -> None:
    told = wanted(KAFKA, capped=True)
    passing = {
        topic.name
        for topic in TOPICS.values()
        if told["p." + topic.name]["configs"].get("retention.ms") == "3600000"
    }
    # Windows, pictures, incidents, deliveries and checkpoints are read back.
    assert passing == {"ticks.price", "ticks.vol", "chains", "legs", "spreads"}


def test_a_refusal_makes_nothing(embedded: EmbeddedBroker) -> None:
    kafka = Kafka(bootstrap_servers=embedded.bootstrap_servers, partitions=2)
    provision(kafka)
    other = kafka.model_copy(update={"partitions": 3})
    before = existing(kafka)
    with pytest.raises(Mismatch):
        provision(other)
    assert existing(kafka) == before


def test_missing_topics_are_no_reason_to_idle(embedded: EmbeddedBroker) -> None:
    kafka = Kafka(bootstrap_servers=embedded.bootstrap_servers)
    with pytest.raises(Mismatch, match="topics are missing"):
        verify(kafka)
    provision(kafka)
    verify(kafka)


@dataclass
class Watch:
    """A clock that only sleep moves."""

    read: float = 0.0

    def monotonic(self) -> float:
        return self.read

    def sleep(self, seconds: float) -> None:
        self.read += seconds


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch) -> Watch:
    watch = Watch()
    monkeypatch.setattr(provisioning, "time", watch)
    return watch


@pytest.fixture
def nobody() -> Iterator[str]:
    # Bound and never listening: to connect to it is refused, and nobody else gets it.
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{nobody.getsockname()[1]}"


def test_that_nobody_answers_is_said_within_three_seconds(
    watch: Watch, nobody: str
) -> None:
    line = f"no Kafka broker answers at {nobody}: connection refused"
    for asked in (existing, provision, verify, absent):
        began = watch.read
        with pytest.raises(Unreachable, match=line):
            asked(Kafka(bootstrap_servers=nobody))
        assert 1 < watch.read - began <= 3


async def test_who_waits_for_a_broker_says_so_soon_and_knocks_on(
    watch: Watch, nobody: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    attempts: list[float] = []

    async def sleep(seconds: float) -> None:
        attempts.append(watch.read)
        watch.sleep(seconds)
        if len(attempts) == 12:
            raise asyncio.CancelledError

    monkeypatch.setattr(asyncio, "sleep", sleep)
    with (
        structlog.testing.capture_logs() as logs,
        pytest.raises(asyncio.CancelledError),
    ):
        await provisioned(Kafka(bootstrap_servers=nobody))
    line = f"no Kafka broker answers at {nobody}: connection refused"
    assert [entry["event"] for entry in logs] == [line] * 12
    waits = [entry["retry_in_seconds"] for entry in logs]
    assert waits == [1, 2, 4, 8, 16, *7 * [30]]
    assert 1 < attempts[0] <= 3
    knocking = [then - attempts[i] - waits[i] for i, then in enumerate(attempts[1:])]
    assert min(knocking) >= 10  # a broker that comes back is seen at once, mostly


def test_a_capped_topic_forgets_its_oldest_records(embedded: EmbeddedBroker) -> None:
    kafka = Kafka(bootstrap_servers=embedded.bootstrap_servers, partitions=1)
    provision(kafka, capped=True)
    cap = LASTING_BYTES[READINGS.name]
    record = b"x" * 50_000
    producer = KafkaProducer(bootstrap_servers=embedded.bootstrap_servers)
    for _ in range(2 * cap // len(record)):
        producer.send("readings", record).get(10)
    producer.close()
    readings = TopicPartition("readings", 0)
    consumer = KafkaConsumer(bootstrap_servers=embedded.bootstrap_servers)
    deadline = time.monotonic() + 20  # it looks every few seconds
    while True:
        begin = consumer.beginning_offsets([readings])[readings]
        end = consumer.end_offsets([readings])[readings]
        if (end - begin) * len(record) <= cap + SEGMENT_BYTES:
            break
        assert time.monotonic() < deadline, (begin, end)
        time.sleep(0.2)
    consumer.close()
    assert begin > 0


def test_two_who_make_the_same_topics_at_once_both_succeed(
    embedded: EmbeddedBroker,
) -> None:
    program = (
        "import json, sys; from streams.settings import Kafka;"
        "from volcross.running.provisioning import provision;"
        "print(json.dumps(provision(Kafka(bootstrap_servers=sys.argv[1]))))"
    )
    racers = [
        subprocess.Popen(
            [sys.executable, "-c", program, embedded.bootstrap_servers],
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    made = []
    for racer in racers:
        said, _ = racer.communicate(timeout=60)
        assert racer.returncode == 0
        made += json.loads(said)
    assert set(made) == set(TOPICS)
