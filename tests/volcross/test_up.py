"""The always-on service: it comes up, stays up, and leaves nothing behind."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.request import urlopen

import pytest

from volcross.running.broker import free_port

ROOT = Path(__file__).parents[2]

CONFIG = """\
[symbols.NVDA]
clock = "crypto"
implied = "iv30"

[symbols.BTC]
clock = "crypto"
implied = "dvol"

[[pairs]]
left = "NVDA"
right = "BTC"

[sources.made-up]
kind = "synthetic"
symbols.NVDA = { measure = "iv30", vol = 0.7 }
symbols.BTC = { measure = "dvol", vol = 0.5 }

[metrics]
produce = 0
stream = 0
alert = 0

[page]
port = 0
"""

YESTERDAY = (datetime.now(UTC) - timedelta(days=1)).isoformat(timespec="seconds")
HURRIED = CONFIG.replace(
    'kind = "synthetic"', f'kind = "synthetic"\nbegin = {YESTERDAY}\nspeed = 60'
)
"""A spread is told each minute of market time: here, each second of ours."""


class Service:
    """`volcross up` in a folder of its own."""

    def __init__(self, folder: Path, config: str = HURRIED) -> None:
        self.port = free_port()
        self.page = free_port()
        self.log = folder / "log"
        (folder / "volcross.toml").write_text(config)
        clean = {k: v for k, v in os.environ.items() if not k.startswith("VOLCROSS_")}
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "volcross", "up"],
                cwd=folder,
                env={
                    **clean,
                    "PYTHONPATH": str(ROOT),
                    "VOLCROSS_BROKER__PORT": str(self.port),
                    "VOLCROSS_PAGE__PORT": str(self.page),
                },
                stderr=log,
            )

    def said(self) -> list[dict[str, str]]:
        lines = self.log.read_text().splitlines()
        return [json.loads(line) for line in lines if line.startswith("{")]

    def until(self, claim: Callable[[], bool], within: float = 60.0) -> None:
        deadline = time.monotonic() + within
        while not claim():
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.1)

    def come_up(self) -> None:
        self.until(lambda: any(line["event"] == "up" for line in self.said()))

    def children(self) -> dict[str, int]:
        """The process ids, by what was started last under each name."""
        pattern = r'"process": "([^"]+)", "pid": (\d+), "event": "process started"'
        return {
            name: int(pid) for name, pid in re.findall(pattern, self.log.read_text())
        }

    def reached(self) -> str:
        """How far the implied spread has come, in event time; empty before."""
        ran = subprocess.run(
            [sys.executable, "-m", "volcross", "status", "--json"],
            cwd=self.log.parent,
            env={
                **os.environ,
                "PYTHONPATH": str(ROOT),
                "VOLCROSS_BROKER__PORT": str(self.port),
            },
            capture_output=True,
            text=True,
            check=False,
        )
        told = json.loads(ran.stdout) if ran.returncode == 0 else {"spreads": []}
        lines = [line for line in told["spreads"] if line["spread"] is not None]
        return max((str(line["as_of"]) for line in lines), default="")

    def ready(self) -> bool:
        try:
            with urlopen(f"http://127.0.0.1:{self.page}/readyz") as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def flows(self) -> bool:
        return self.reached() != ""


def gone(pid: int) -> bool:
    stat = Path(f"/proc/{pid}/stat")
    try:
        return stat.read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except FileNotFoundError:
        return True


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    service = Service(tmp_path)
    yield service
    service.process.kill()
    service.process.wait()


pytestmark = pytest.mark.timeout(180)


def test_it_works_and_then_ends_within_ten_seconds_leaving_nothing(
    service: Service,
) -> None:
    service.come_up()
    assert any("kill -9 loses" in line["event"] for line in service.said())
    service.until(service.flows)
    children = service.children()
    assert set(children) == {"broker", "produce made-up", "stream", "alert", "page"}
    thrifty = Path(f"/proc/{children['broker']}/environ").read_bytes()
    assert b"MALLOC_ARENA_MAX=2" in thrifty
    service.until(service.ready)
    began = time.monotonic()
    service.process.terminate()
    assert service.process.wait(15) == 0
    assert time.monotonic() - began < 10
    assert all(gone(pid) for pid in children.values())
    said = service.log.read_text()
    assert "Traceback" not in said
    assert "killed" not in said  # nobody had to be ended by force


def test_every_process_that_is_killed_comes_back_and_the_spread_goes_on(
    service: Service,
) -> None:
    service.come_up()
    service.until(service.flows)
    before = service.children()
    rooms = ("produce made-up", "stream", "alert")
    for name in rooms:
        os.kill(before[name], signal.SIGKILL)
    service.until(
        lambda: all(service.children()[name] != before[name] for name in rooms)
    )
    died = [line for line in service.said() if line["event"] == "process died"]
    assert {line["ended"] for line in died} == {"SIGKILL"}
    reached = service.reached()
    service.until(lambda: service.reached() > reached)


def test_no_orphan_survives_a_supervisor_that_is_killed(service: Service) -> None:
    service.come_up()
    children = service.children()
    service.process.kill()
    service.process.wait()
    deadline = time.monotonic() + 12
    while not all(gone(pid) for pid in children.values()):
        assert time.monotonic() < deadline, service.log.read_text()
        time.sleep(0.1)


@pytest.mark.parametrize(
    ("variable", "said"),
    [
        ("BROKER__PORT", ": another broker, or another volcross, runs there"),
        ("PAGE__PORT", ", for the live page, is already in use; set page.port to"),
        ("METRICS__STREAM", ", for the metrics of stream, is already in use"),
        ("METRICS__PRODUCE", ", for the metrics of made-up, is already in use"),
    ],
)
def test_a_port_in_use_is_one_clear_line(
    tmp_path: Path, variable: str, said: str
) -> None:
    (tmp_path / "volcross.toml").write_text(CONFIG)
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        ran = subprocess.run(
            [sys.executable, "-m", "volcross", "up"],
            cwd=tmp_path,
            env={
                **os.environ,
                "PYTHONPATH": str(ROOT),
                "VOLCROSS_BROKER__PORT": str(free_port()),
                f"VOLCROSS_{variable}": str(port),
            },
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
    assert ran.returncode == 1
    last = ran.stderr.splitlines()[-1]
    assert last.startswith(f"volcross: port {port} on 127.0.0.1")
    assert said in last
    assert "Traceback" not in ran.stderr
