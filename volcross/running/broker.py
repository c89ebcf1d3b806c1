"""The embedded broker: Kafka's protocol from one binary, nothing to install.

The binary is noida-db, from its wheel. It serves the demo, the tests and a
quiet machine; `SHORTCOMINGS` says what it is not for.
"""

import os
import socket
import struct
import subprocess
import time
from collections import deque
from importlib.resources import files
from pathlib import Path
from typing import Protocol

from volcross.refusal import Refusal
from volcross.running.lifeline import tie

SHORTCOMINGS = (
    "the embedded broker keeps its records in memory and writes all of them to"
    " disk every few seconds: a crash or kill -9 loses the last of them; one node,"
    " no authentication. Set kafka.bootstrap_servers for anything that must last"
)


THRIFT = {
    "MALLOC_ARENA_MAX": "2",
    "MALLOC_TRIM_THRESHOLD_": "131072",
    "MALLOC_MMAP_THRESHOLD_": "131072",
}
"""Its environment. glibc keeps for each thread what it gave back; left to itself the
broker grew from 170 to 330 MB within half an hour, with the same 130 MB on disk."""


class BrokerError(Refusal):
    """The broker did not start; the message says why."""


class Broker(Protocol):
    """A Kafka-protocol server that we run ourselves."""

    @property
    def bootstrap_servers(self) -> str:
        """``host:port`` for clients."""

    def start(self, within: float = 15.0) -> None:
        """Return once it answers; raise `BrokerError` after `within` seconds."""

    def stop(self, within: float = 10.0) -> None:
        """End it, gently for `within` seconds, then by force."""


def answers(host: str, port: int, timeout: float = 1.0) -> bool:
    """Say whether a Kafka broker answers a metadata request, without TLS or SASL.

    A port that merely accepts is not yet a broker: noida-db listens before its
    topics are loaded. Thirty bytes on a socket, because a client library would
    start threads and take a second to be imported.

    Args:
        host: where to ask.
        port: where to ask.
        timeout: seconds for the connection and for each read.
    """
    client = b"volcross"
    # Metadata v1 of no topics: key 3, version 1, correlation id, client, int32 0.
    body = struct.pack(">hhih", 3, 1, 1, len(client)) + client + struct.pack(">i", 0)
    try:
        with socket.create_connection((host, port), timeout) as link:
            link.sendall(struct.pack(">i", len(body)) + body)
            reply = b""
            while len(reply) < 12:  # length, correlation id, number of brokers
                piece = link.recv(4096)
                if not piece:
                    return False
                reply += piece
    except OSError:
        return False
    _, correlation, brokers = struct.unpack(">iii", reply[:12])
    return correlation == 1 and int(brokers) >= 1


def free_port(host: str = "127.0.0.1") -> int:
    """Return a port nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


def binary() -> Path:
    """Return the program, ready to run.

    Raises:
        BrokerError: there is none for this platform.
    """
    path = Path(str(files("noida_db").joinpath("noida-db")))
    if not path.is_file():
        raise BrokerError(
            f"no embedded broker for this platform ({path} is missing):"
            " set kafka.bootstrap_servers to a Kafka broker"
        )
    # Wheels lose the executable bit with some installers.
    if not os.access(path, os.X_OK):
        path.chmod(0o755)
    return path


class EmbeddedBroker:
    """noida-db as a child process, reached as ``host:port``.

    Start it from the main thread: it ends with the thread that started it
    (see `volcross.running.lifeline`).

    Attributes:
        data_dir: where it saves its records, every few seconds and at a clean stop.
        port: 0 until started, if a free one was asked for.
        log: what it printed, for whoever wonders.
    """

    def __init__(self, data_dir: Path, port: int = 0, host: str = "127.0.0.1") -> None:
        self.data_dir = data_dir
        self.host = host
        self.port = port
        self.log = data_dir / "broker.log"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def bootstrap_servers(self) -> str:
        """``host:port`` for clients."""
        return f"{self.host}:{self.port}"

    @property
    def pid(self) -> int | None:
        """Its process id, None while it does not run."""
        if self._process is None or self._process.poll() is not None:
            return None
        return self._process.pid

    def command(self) -> list[str]:
        """Return the command line that runs it, for a supervisor.

        Chooses the port, if that was left open, and makes the data folder.
        """
        if self.port == 0:
            self.port = free_port(self.host)
        self.data_dir.mkdir(parents=True, exist_ok=True)
        # The binary itself, not its Python wrapper: that one keeps our signals.
        return [
            str(binary()),
            *("start", "--only", "kafka"),
            *("--data-dir", str(self.data_dir)),
            *("--host", self.host, "--kafka-port", str(self.port)),
        ]

    def ready(self) -> bool:
        """Say whether it answers."""
        return answers(self.host, self.port)

    def start(self, within: float = 15.0) -> None:
        """Run it and wait until it answers.

        Args:
            within: seconds; a large data folder takes a while to load.

        Raises:
            BrokerError: its port or its data folder is in use, there is no
                binary for this platform, or it does not answer in time.
        """
        if self.pid is not None:
            raise BrokerError(f"the broker already runs (pid {self.pid})")
        # Whoever answers before we start is not ours: we would take it for our own.
        if self.port and answers(self.host, self.port, timeout=0.2):
            raise BrokerError(self.in_use())
        command = self.command()
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own wheel's binary
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                preexec_fn=tie(os.getpid()),  # noqa: PLW1509 - touches no lock
            )
        deadline = time.monotonic() + within
        while not self.ready():
            if self._process.poll() is not None:
                raise BrokerError(self.why())
            if time.monotonic() > deadline:
                self.stop(within=1.0)
                raise BrokerError(
                    f"the embedded broker does not answer on {self.bootstrap_servers}"
                    f" after {within:g} s; see {self.log}"
                )
            time.sleep(0.02)

    def stop(self, within: float = 10.0) -> None:
        """End it: gently, so that it saves its last records, then by force.

        Args:
            within: seconds it has to save them.
        """
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        try:
            process.wait(within)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def in_use(self) -> str:
        """Return what to tell a person whose port is taken."""
        return (
            f"port {self.port} on {self.host} is already in use:"
            " another broker, or another volcross, runs there"
        )

    def why(self) -> str:
        """Return why it ended, from what it printed."""
        lines = last_lines(self.log)
        for line in lines:
            if "already in use" in line:
                return self.in_use()
            if "already running" in line:
                return f"another broker uses the data folder {self.data_dir}"
        said = [line.removeprefix("error: ") for line in lines if "error" in line]
        why = said[-1] if said else "silently"
        return f"the embedded broker ended at once, with {self.data_dir}: {why}"


def last_lines(path: Path, number: int = 20) -> list[str]:
    """Return the last lines of a log file, none where there is no file."""
    try:
        with path.open(encoding="utf-8", errors="replace") as log:
            return [line.rstrip() for line in deque(log, maxlen=number)]
    except FileNotFoundError:
        return []
