"""Every secret there is, with every destination refusing: nobody is told one."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from typer.testing import CliRunner

from streams.events import Outcome
from streams.settings import Kafka
from streams.topics import ALERTS, DELIVERIES
from tests.alerts.killing import cross
from tests.alerts.posting import deliveries, posting
from tests.alerts.room import Room
from tests.alerts.samples import http_server
from volcross.cli import app
from volcross.running.broker import free_port

pytestmark = pytest.mark.kafka

SECRET = "hunter2"
"""In every token, password and address below."""

COMMANDS = (
    ("check",),
    ("status", "--json"),
    ("alerts", "history"),
    ("rules", "check"),
    ("notify", "test"),
    ("notify", "resend"),
)


def everything(refusing: str) -> dict[str, str]:
    """Return all that can be secret, each leading to somebody who refuses."""
    port = refusing.split(":")[2].split("/", maxsplit=1)[0]
    channels = {
        "SLACK__TOKEN": f"xoxb-{SECRET}",
        "SLACK__CHANNEL": "C0123456789",
        "SLACK__API_URL": refusing.rpartition("/")[0],
        "EMAIL__HOST": "127.0.0.1",
        "EMAIL__PORT": str(free_port()),
        "EMAIL__USERNAME": "volcross",
        "EMAIL__PASSWORD": f"pass-{SECRET}",
        "EMAIL__FROM": "volcross@localhost",
        "EMAIL__TO": '["desk@localhost"]',
        "WEBHOOK__URL": f"{refusing}?key={SECRET}",
        "WEBHOOK__SECRET": f"sign-{SECRET}",
        "ALERTMANAGER__URL": f"http://desk:{SECRET}@127.0.0.1:{port}/am-{SECRET}",
        "APPRISE__URLS": f'["json://desk:{SECRET}@127.0.0.1:{port}/{SECRET}"]',
    }
    return {
        **{f"VOLCROSS_CHANNELS__{key}": value for key, value in channels.items()},
        "VOLCROSS_HEARTBEAT__URL": refusing,
        "VOLCROSS_HEARTBEAT__EVERY": "0.2s",
        "VOLCROSS_RETRY__GIVE_UP_AFTER": "1s",
    }


def repeat(request: web.Request) -> web.StreamResponse:
    """Refuse, and say it all again, as servers' error pages like to."""
    told = f"Cannot POST {request.path_qs} {request.headers.get('Authorization')}"
    return web.Response(status=404, text=told)


async def test_no_secret_is_in_any_log_error_metric_record_or_answer(
    kafka: Kafka, tmp_path: Path, rooms: list[Room]
) -> None:
    shown: dict[str, str] = {}
    async with http_server(repeat) as server, posting(kafka) as post:
        room = Room(kafka, tmp_path, "unused")
        room.secrets = everything(server.url)
        rooms.append(room)
        room.start()
        await cross(post, 0, 0)
        recorded = await deliveries(post, 5)

        async with (
            aiohttp.ClientSession() as session,
            session.get(f"http://127.0.0.1:{room.metrics}/metrics") as page,
        ):
            shown["metrics"] = await page.text()

        def run(words: tuple[str, ...]) -> str:
            arguments = ["--config", str(room.config), *words]
            if words[0] == "status":  # minds signals, and so the main thread
                command = [sys.executable, "-m", "volcross", *arguments]
                told = subprocess.run(
                    command,
                    env={**os.environ, **room.secrets},
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    text=True,
                    check=True,
                    timeout=60,
                )
                return told.stdout
            ran = CliRunner(env=room.secrets).invoke(app, arguments)
            return f"{ran.output} {ran.exception!r}"

        for words in COMMANDS:
            shown[" ".join(words)] = await asyncio.to_thread(run, words)
        for topic in (ALERTS, DELIVERIES):
            name = kafka.topic_prefix + topic.name
            end = await post.reader.end(name, 0)
            records = [raw async for _, raw in post.reader.between(name, 0, 0, end)]
            # Of a tick there is nothing to search.
            shown[topic.name] = b"\n".join(filter(None, records)).decode()
        await room.end(signal.SIGTERM)
        shown["log"] = room.said()

    assert {d.channel for d in recorded} == {
        *("slack", "email", "webhook", "alertmanager", "apprise")
    }
    assert {d.outcome for d in recorded} == {Outcome.FAILED}
    assert "heartbeat failed" in shown["log"]
    assert shown["notify resend"].count("✗") == 5
    assert "deliveries" in shown["status --json"]
    leaks = [
        f"{where}: {line}"
        for where, text in shown.items()
        for line in text.splitlines()
        if SECRET in line
    ]
    assert leaks == []
