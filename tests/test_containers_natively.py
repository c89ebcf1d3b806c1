"""What the containers run, run here: the same commands in the same environment.

No Docker engine is needed, and so none is tested: images, mounts and networks are
not. Kafka's own start-up code turns the environment into its configuration, as it
does in its image; names of hosts become loopback, ports become free ones.
"""

import os
import re
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import pytest

from tests.brokers import JARS, ROOT
from tests.test_containers import composed, ours
from volcross.running.broker import answers, free_port
from volcross.running.lifeline import tie

pytestmark = [
    pytest.mark.kafka,
    pytest.mark.skipif(
        os.environ.get("VOLCROSS_TEST_BROKER") != "kafka",
        reason="runs the Kafka of docker-compose.yml: make test-kafka",
    ),
]

CLUSTER_ID = "5L6g3nShT-eMCtK--X86sw"
"""As the image sets it where nobody does."""


def until(seen: Callable[[], object], within: float, what: str) -> None:
    deadline = monotonic() + within
    while not seen():
        assert monotonic() < deadline, what
        sleep(0.3)


class Natively:
    """The services of docker-compose.yml as processes of this machine."""

    def __init__(self, folder: Path) -> None:
        self.services: dict[str, Any] = composed()["services"]
        self.folder = folder
        self.ports = {
            port: free_port() for port in ("9092", "9093", "9110", "9102", "9103")
        }
        self.processes: dict[str, subprocess.Popen[bytes]] = {}

    def here(self, text: str) -> str:
        """Return what a container is told, as it reads on this machine."""
        text = re.sub(r"\b(kafka|localhost|127\.0\.0\.1):", "127.0.0.1:", text)
        text = text.replace("//:", "//127.0.0.1:")
        text = text.replace("/etc/volcross.toml", str(ROOT / "docker-compose.toml"))
        text = text.replace("/var/lib/", f"{self.folder}/")
        for port, free in self.ports.items():
            text = re.sub(rf"(?<=127\.0\.0\.1[:/]){port}\b", str(free), text)
        return text

    def environment(self, service: str) -> dict[str, str]:
        told = self.services[service]["environment"]
        return {key: self.here(str(value)) for key, value in told.items()}

    def run(self, name: str, command: list[str], **environment: str) -> None:
        with (self.folder / f"{name}.log").open("wb") as log:
            self.processes[name] = subprocess.Popen(
                command,
                cwd=self.folder,
                env={**os.environ, **environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                preexec_fn=tie(os.getpid()),  # noqa: PLW1509 - touches no lock
            )

    def volcross(self, service: str) -> list[str]:
        return [sys.executable, "-m", "volcross", *self.services[service]["command"]]

    def kafka(self) -> None:
        """Run Kafka as its image's entry point does."""
        defaults, mounted, final = (
            self.folder / name for name in ("defaults", "mounted", "final")
        )
        for path in (defaults, mounted, final):
            path.mkdir()
        for name in ("server.properties", "log4j2.yaml", "tools-log4j2.yaml"):
            (defaults / name).touch()
        environment = self.environment("kafka")
        java = ["java", *environment["KAFKA_HEAP_OPTS"].split(), "-cp", f"{JARS}/*"]
        subprocess.run(
            [
                *(*java, "kafka.docker.KafkaDockerWrapper", "setup"),
                *("-D", defaults, "-M", mounted, "-F", final),
            ],
            env={**os.environ, **environment, "CLUSTER_ID": CLUSTER_ID},
            check=True,
            capture_output=True,
        )
        self.run("kafka", [*java, "kafka.Kafka", str(final / "server.properties")])
        until(lambda: answers("127.0.0.1", self.ports["9092"]), 60, "Kafka answers")

    def healthy(self, service: str) -> bool:
        """Run the service's own health check."""
        kind, *command = self.services[service]["healthcheck"]["test"]
        assert kind == "CMD"
        command = [self.here(part) for part in command]
        done = subprocess.run(command, check=False, capture_output=True)
        return done.returncode == 0

    def stop(self) -> None:
        for name in ("produce", "stream", "alert", "kafka"):
            if name in self.processes:
                self.processes[name].terminate()
        for process in self.processes.values():
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@pytest.fixture
def natively(tmp_path: Path) -> Iterator[Natively]:
    running = Natively(tmp_path)
    yield running
    running.stop()


@pytest.mark.timeout(240)
def test_the_services_work_together_as_they_are_described(natively: Natively) -> None:
    natively.kafka()
    assert natively.healthy("kafka")
    made = subprocess.run(
        natively.volcross("topics"),
        cwd=natively.folder,
        env={**os.environ, **natively.environment("topics")},
        check=True,
        capture_output=True,
        text=True,
    )
    assert "created ticks.price" in made.stdout

    ports = {"produce": "9110", "stream": "9102", "alert": "9103"}
    for role, port in ports.items():
        told = natively.environment(role)
        assert told["VOLCROSS_METRICS__HOST"] == "0.0.0.0"  # noqa: S104 - in there
        told["VOLCROSS_METRICS__HOST"] = "127.0.0.1"
        told[f"VOLCROSS_METRICS__{role.upper()}"] = str(natively.ports[port])
        natively.run(role, natively.volcross(role), **told)
    for role in ports:
        until(lambda role=role: natively.healthy(role), 60, f"{role} is healthy")  # type: ignore[misc]  # a default binds the loop's role

    url = f"http://127.0.0.1:{natively.ports['9102']}/metrics"

    def spread() -> bool:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return b'{pair="NVDA/BTC",comparison="implied"} ' in answer.read()

    until(spread, 120, "a spread comes out of the streams")
    for name, process in natively.processes.items():
        assert process.poll() is None, name


def test_every_service_of_ours_is_run_here(natively: Natively) -> None:
    assert ours(natively.services).keys() == {"topics", "produce", "stream", "alert"}
