"""The brokers that tests run on, and may hurt.

The embedded one by default; Apache Kafka itself, one node in KRaft mode, with
``VOLCROSS_TEST_BROKER=kafka`` (``make test-kafka``).
"""

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import Protocol

from volcross.running.broker import BrokerError, EmbeddedBroker, answers, free_port
from volcross.running.lifeline import tie

ROOT = Path(__file__).parents[1]
JARS = ROOT / ".kafka"
FILES = ROOT / "tests" / "kafka"


class Process(Protocol):
    """A broker as a child process that can be started again on the same port."""

    @property
    def bootstrap_servers(self) -> str:
        """``host:port`` for clients; the same after every start."""

    @property
    def pid(self) -> int | None:
        """Its process id, None while it does not run."""

    def start(self) -> None:
        """Return once it answers."""

    def stop(self) -> None:
        """End it as an operator would, and forget the process."""


class ApacheKafka:
    """Apache Kafka, one node that is broker and controller, on loopback.

    Raises:
        BrokerError: there is no Java, the jars were not fetched, or the folder
            cannot be formatted.
    """

    def __init__(self, directory: Path) -> None:
        if shutil.which("java") is None or not any(JARS.glob("kafka_2.13-*.jar")):
            raise BrokerError(
                "Apache Kafka is not here: `make test-kafka` fetches it,"
                " and needs Java 17 and Maven"
            )
        directory.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        self.log = directory / "kafka.log"
        self._process: subprocess.Popen[bytes] | None = None
        self._properties = directory / "server.properties"
        text = (FILES / "server.properties").read_text(encoding="utf-8")
        for name, value in {
            "PORT": str(self.port),
            "CONTROLLER": str(free_port()),
            "LOG_DIR": str(directory / "log"),
        }.items():
            text = text.replace(f"@{name}@", value)
        self._properties.write_text(text, encoding="utf-8")
        self._format()

    @property
    def bootstrap_servers(self) -> str:
        """``host:port`` for clients."""
        return f"127.0.0.1:{self.port}"

    @property
    def pid(self) -> int | None:
        """Its process id, None while it does not run."""
        if self._process is None or self._process.poll() is not None:
            return None
        return self._process.pid

    def start(self, within: float = 60.0) -> None:
        """Run it and wait until it answers and is let into its own cluster.

        Raises:
            BrokerError: it ended, or does not answer after `within` seconds.
        """
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [*_java("kafka.Kafka"), str(self._properties)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                preexec_fn=tie(os.getpid()),  # noqa: PLW1509 - touches no lock
            )
        deadline = time.monotonic() + within
        while not answers("127.0.0.1", self.port):
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                said = self.log.read_text(encoding="utf-8", errors="replace")
                raise BrokerError(f"Apache Kafka did not start:\n{said[-4000:]}")
            time.sleep(0.05)

    def stop(self, within: float = 20.0) -> None:
        """End it: SIGTERM, and SIGKILL when that takes longer than `within`."""
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        try:
            process.wait(within)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _format(self) -> None:
        done = subprocess.run(
            [
                *_java("kafka.tools.StorageTool"),
                *("format", "--cluster-id", "dm9sY3Jvc3MtdGVzdC1pZA"),
                *("--config", str(self._properties)),
            ],
            capture_output=True,
            check=False,
        )
        if done.returncode != 0:
            raise BrokerError((done.stdout + done.stderr).decode())


def _java(main: str) -> list[str]:
    # The first compiler tier starts in half the time, which is what tests wait for.
    return [
        "java",
        "-Xmx768m",
        "-XX:TieredStopAtLevel=1",
        f"-Dlog4j2.configurationFile={FILES / 'log4j2.xml'}",
        *("-cp", f"{JARS}/*", main),
    ]


class Broker:
    """A running broker, and the harm that can come to it.

    It keeps its address through everything. Apache Kafka also keeps its records
    through `kill`; the embedded broker loses what came since its last stop.
    """

    def __init__(self, process: Process) -> None:
        self._process = process
        self.start()

    @property
    def bootstrap_servers(self) -> str:
        """``host:port`` for clients."""
        return self._process.bootstrap_servers

    @property
    def port(self) -> int:
        """The port alone, for a proxy to stand before it."""
        return int(self.bootstrap_servers.rpartition(":")[2])

    def start(self) -> None:
        """Start it, or let it go on if it is frozen; nothing if it runs."""
        if self._process.pid is None:
            self._process.stop()  # reaps one that died
            self._process.start()
        else:
            self.thaw()

    def stop(self) -> None:
        """End it as an operator would."""
        if self._process.pid is not None:
            self.thaw()
            self._process.stop()

    def kill(self) -> None:
        """End it without a warning: SIGKILL."""
        self._signal(signal.SIGKILL)
        self._process.stop()

    def freeze(self) -> None:
        """Hold it: connections stay open and nothing answers."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on after `freeze`."""
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        pid = self._process.pid
        assert pid is not None, "the broker does not run"
        os.kill(pid, number)


def start_broker(directory: Path) -> Broker:
    """Return a running broker of the kind that ``VOLCROSS_TEST_BROKER`` names."""
    kind = os.environ.get("VOLCROSS_TEST_BROKER", "embedded")
    if kind == "kafka":
        return Broker(ApacheKafka(directory))
    assert kind == "embedded", f"VOLCROSS_TEST_BROKER={kind}: embedded or kafka"
    return Broker(EmbeddedBroker(directory))
