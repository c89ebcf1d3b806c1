"""The channel against a real Alertmanager, which dies once."""

import asyncio
import json
import os
import subprocess
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path

import aiohttp
import msgspec
import pytest
from pydantic import SecretStr

from alerts.channels.alertmanager import AlertmanagerChannel, document
from alerts.channels.settings import Alertmanager
from streams.events import Alert, AlertState
from tests.alerts.samples import (
    FIRING,
    RESOLVED,
    HttpServer,
    http_server,
    in_words,
    letter,
)
from tests.monitoring.tools import program
from volcross.running.broker import free_port
from volcross.running.lifeline import tie

CONFIG = """\
route:
  receiver: us
  group_by: [alertname, state]
  group_wait: 0s
  group_interval: 1s
receivers:
  - name: us
    webhook_configs: [{{url: "{url}", send_resolved: true}}]
"""

UPDATED = msgspec.structs.replace(FIRING, state=AlertState.UPDATED, id="update")
UNKNOWN = msgspec.structs.replace(FIRING, state=AlertState.UNKNOWN, id="silence")
KNOWN = msgspec.structs.replace(UNKNOWN, state=AlertState.KNOWN)


class Manager:
    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    async def start(self, receiver: str) -> None:
        config = self._folder / "alertmanager.yml"
        config.write_text(CONFIG.format(url=receiver))
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(  # noqa: ASYNC220 - a moment, in a test
                [
                    program("prometheus-alertmanager"),
                    f"--config.file={config}",
                    f"--storage.path={self._folder / 'data'}",
                    f"--web.listen-address=127.0.0.1:{self.port}",
                    "--cluster.listen-address=",
                ],
                stdout=log,
                stderr=log,
                preexec_fn=tie(os.getpid()),  # noqa: PLW1509 - touches no lock
            )
        async with asyncio.timeout(30), aiohttp.ClientSession() as session:
            while True:
                try:
                    async with session.get(f"{self.url}/-/ready") as answer:
                        if answer.status == 200:
                            return
                except aiohttp.ClientError:
                    await asyncio.sleep(0.05)

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[Manager]:
    one = Manager(tmp_path)
    yield one
    one.kill()


def channel(manager: Manager) -> AlertmanagerChannel:
    url = SecretStr(manager.url)
    every = timedelta(milliseconds=200)
    return AlertmanagerChannel(Alertmanager(url=url, resend_every=every))


async def heard(server: HttpServer, *wanted: tuple[str, str]) -> None:
    """Wait until Alertmanager has passed these on: the state, and its status."""
    async with asyncio.timeout(30):
        while True:
            told = {
                (alert["labels"]["state"], alert["status"])
                for body in server.bodies
                for alert in json.loads(body)["alerts"]
            }
            if told >= set(wanted):
                return
            await asyncio.sleep(0.05)


async def test_it_is_told_what_opens_and_what_closes(manager: Manager) -> None:
    async with http_server() as server:
        await manager.start(server.url)
        one = channel(manager)
        for alert in (FIRING, UNKNOWN):
            await one.send(letter(alert))
        await heard(server, ("firing", "firing"), ("unknown", "firing"))
        for alert in (KNOWN, RESOLVED):
            await one.send(letter(alert))
        await heard(server, ("firing", "resolved"), ("unknown", "resolved"))
        await one.close()


async def test_what_is_open_outlives_its_death_and_ours(
    manager: Manager, tmp_path: Path
) -> None:
    async with http_server() as server:
        await manager.start(server.url)
        one = channel(manager)
        await one.send(letter(FIRING))
        await heard(server, ("firing", "firing"))
        await one.close()
        manager.kill()
        server.bodies.clear()
        for path in (tmp_path / "data").glob("*"):
            path.unlink()
        await manager.start(server.url)
        again = channel(manager)
        again.resume([(FIRING, "")])
        await heard(server, ("firing", "firing"))
        await again.send(letter(RESOLVED))
        await heard(server, ("firing", "resolved"))
        await again.close()


@pytest.mark.parametrize("state", AlertState)
async def test_there_is_no_state_it_cannot_be_told(state: AlertState) -> None:
    async with http_server(path="/api/v2/alerts") as server:
        url = SecretStr(server.url.removesuffix("/api/v2/alerts"))
        one = AlertmanagerChannel(Alertmanager(url=url))
        await one.send(letter(msgspec.structs.replace(FIRING, state=state)))
        await one.close()
    ((told,),) = (json.loads(body) for body in server.bodies)
    assert told["labels"]["state"] in {"firing", "unknown"}
    assert told["startsAt"] < told["endsAt"]


@pytest.mark.parametrize(
    ("opening", "closing"),
    [(FIRING, RESOLVED), (UNKNOWN, KNOWN), (UPDATED, RESOLVED)],
)
def test_what_closes_bears_the_labels_of_what_opened(
    opening: Alert, closing: Alert
) -> None:
    now = RESOLVED.event_time
    first, last = (
        document(alert, in_words(alert), now) for alert in (opening, closing)
    )
    assert first["labels"] == last["labels"]
    assert first["annotations"]["summary"] != last["annotations"]["summary"]


@pytest.mark.parametrize(
    ("told", "repeats"), [([FIRING], True), ([FIRING, RESOLVED], False)]
)
async def test_only_what_is_open_is_repeated(
    told: Sequence[Alert], *, repeats: bool
) -> None:
    async with http_server(path="/api/v2/alerts") as server:
        url = SecretStr(server.url.removesuffix("/api/v2/alerts"))
        one = AlertmanagerChannel(
            Alertmanager(url=url, resend_every=timedelta(milliseconds=20))
        )
        one.resume((alert, "") for alert in told)
        await asyncio.sleep(0.3)
        await one.close()
    assert (len(server.bodies) > 2) is repeats
