"""The pipeline as it is run: workers as processes, records through a broker."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from kafka import KafkaConsumer, KafkaProducer, TopicPartition

from streams import wire
from streams.events import Event
from streams.settings import StreamSettings, client
from streams.topics import Topic
from tests.streams.market import Sent
from volcross.running.provisioning import provision

ROOT = Path(__file__).parents[2]


class Workers:
    """Processes of one role, started by the command an operator would use."""

    def __init__(
        self, settings: StreamSettings, directory: Path, role: str, more: str = ""
    ) -> None:
        self.settings = settings
        self.role = role
        self.processes: list[subprocess.Popen[bytes]] = []
        self.log = directory / f"{role}.log"
        self._before = 0
        self._config = directory / f"{role}.toml"
        self._config.write_text(as_file(settings) + more, encoding="utf-8")

    def start(self, count: int = 1) -> None:
        """Start further workers."""
        self._before = self.log.stat().st_size if self.log.exists() else 0
        for _ in range(count):
            self.processes.append(self._run(len(self.processes)))

    def mend(self) -> None:
        """Start anew whoever has ended, as a supervisor would."""
        for number, process in enumerate(self.processes):
            if process.poll() is not None:
                self.processes[number] = self._run(number)

    def _run(self, number: int) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as log:
            return subprocess.Popen(
                [
                    *(sys.executable, "-m", "volcross"),
                    *("--config", str(self._config), self.role),
                    *("--instance", f"worker-{number}"),
                ],
                cwd=ROOT,
                env=environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def at_work(self, within: float = 60.0) -> None:
        """Wait until a worker that was just started has taken a record in.

        Raises:
            AssertionError: it has not in time.
        """
        deadline = time.monotonic() + within
        marks = (b'"event": "begins"', b'"event": "restored"')
        while not any(mark in self.log.read_bytes()[self._before :] for mark in marks):
            assert time.monotonic() < deadline, self.said()
            time.sleep(0.05)

    def end(self, number: signal.Signals = signal.SIGTERM, within: float = 20) -> None:
        """Signal all workers and wait until they are gone."""
        for process in self.processes:
            process.send_signal(number)
        for process in self.processes:
            code = process.wait(within)
            if number is signal.SIGTERM:
                assert code == 0, self.said()
        self.processes.clear()

    def said(self) -> str:
        """Return the end of the log."""
        return self.log.read_text(encoding="utf-8", errors="replace")[-6000:]


def prepared(settings: StreamSettings) -> StreamSettings:
    """Create the topics of these settings."""
    provision(settings.kafka)
    return settings


def send(settings: StreamSettings, records: Iterable[Sent], pause: float = 0.0) -> None:
    """Send records in this order, and wait until all are acknowledged."""
    producer = KafkaProducer(**client(settings.kafka))
    try:
        for topic, key, event in records:
            producer.send(
                settings.kafka.topic_prefix + topic.name,
                key=key.encode(),
                value=wire.encode(event),
            )
            if pause:
                time.sleep(pause)
        producer.flush()
    finally:
        producer.close()


def until(
    settings: StreamSettings,
    topics: Sequence[Topic],
    enough: Callable[[list[Event]], bool],
    within: float = 60.0,
) -> list[Event]:
    """Return all events of the topics once there are enough of them.

    Raises:
        AssertionError: there were not enough in time.
    """
    codecs = {
        settings.kafka.topic_prefix + topic.name: wire.Codec(topic.carries)
        for topic in topics
    }
    consumer = KafkaConsumer(**client(settings.kafka), group_id=None)
    events: list[Event] = []
    try:
        places = [
            TopicPartition(name, partition)
            for name in codecs
            for partition in consumer.partitions_for_topic(name) or ()
        ]
        consumer.assign(places)
        consumer.seek_to_beginning(*places)
        deadline = time.monotonic() + within
        while True:
            batches = consumer.poll(timeout_ms=500)
            for place, batch in batches.items():
                codec = codecs[place.topic]
                events += [codec.decode(record.value) for record in batch]
            # Counting rows takes longer than fetching them: only in a lull.
            if not batches and enough(events):
                break
            assert time.monotonic() < deadline, f"{len(events)} records in time"
    finally:
        consumer.close()
    return events


def as_file(settings: StreamSettings) -> str:
    """Return the settings as a file; JSON values are TOML values here."""
    dumped = json.loads(settings.model_dump_json(exclude_none=True))
    arrays = {name: dumped.pop(name) for name in ("pairs", "announcements")}
    symbols = dumped.pop("symbols")
    every = settings.checkpoint_every.total_seconds()
    lines = [f'checkpoint_every = "{every}s"']
    dumped.pop("checkpoint_every")
    dumped["screen"]["max_ahead"] = f"{settings.screen.max_ahead.total_seconds()}s"
    for table, keys in dumped.items():
        lines.append(f"[{table}]")
        lines += [f"{key} = {json.dumps(value)}" for key, value in keys.items()]
    for name, keys in symbols.items():
        lines.append(f"[symbols.{name}]")
        lines += [f"{key} = {json.dumps(value)}" for key, value in keys.items()]
    for name, tables in arrays.items():
        for table in tables:
            lines.append(f"[[{name}]]")
            lines += [f"{key} = {json.dumps(value)}" for key, value in table.items()]
    return "\n".join(lines) + "\n"


def environment() -> dict[str, str]:
    """Return the environment without settings of the one who runs the tests."""
    return {k: v for k, v in os.environ.items() if not k.startswith("VOLCROSS_")}
