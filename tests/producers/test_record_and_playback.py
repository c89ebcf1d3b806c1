"""``volcross produce --record`` and ``--playback``: processes, a venue, a broker."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from streams.events import Event, PriceTicks, Rejected
from streams.settings import Kafka
from streams.topics import PRICE_TICKS, REJECTED
from tests.brokers import ROOT
from tests.producers.listening.test_websocket import SUBSCRIBED, match
from tests.producers.loopback import Call, exchange
from tests.producers.publishing.consuming import read

pytestmark = pytest.mark.kafka

ENOUGH = 200_000
"""Bytes on tape before the recorder is killed: about a thousand trades."""


@asynccontextmanager
async def producing(
    kafka: Kafka, folder: Path, url: str, *arguments: str
) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run ``volcross produce coinbase`` in a folder, until left."""
    config = folder / "volcross.toml"
    config.write_text(
        f'[sources.coinbase]\nkind = "coinbase"\nurl = "{url}"\n'
        "history = false\n[metrics]\nproduce = 0\n"
    )
    clean = {k: v for k, v in os.environ.items() if not k.startswith("VOLCROSS_")}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "volcross", "produce", "coinbase", *arguments),
        cwd=folder,
        env={
            **clean,
            "PYTHONPATH": str(ROOT),
            "VOLCROSS_KAFKA__BOOTSTRAP_SERVERS": kafka.bootstrap_servers or "",
            "VOLCROSS_KAFKA__TOPIC_PREFIX": kafka.topic_prefix,
        },
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


def prices(records: list[Event]) -> list[tuple[int, float | None]]:
    told = [record for record in records if isinstance(record, PriceTicks)]
    return [row for r in told for row in zip(r.at, r.price, strict=True)]


def taped(tape: Path) -> int:
    return tape.stat().st_size if tape.exists() else 0


async def flood(call: Call) -> None:
    await call.hear()
    await call.say(SUBSCRIBED, "}")
    for number in range(1_000_000):
        await call.say(match(number, 100 + number % 50))
        if number % 20 == 0:
            await asyncio.sleep(0.01)


async def test_a_recorder_that_is_killed_leaves_a_tape_that_plays(
    kafka_settings: Kafka, tmp_path: Path
) -> None:
    tape = tmp_path / "tape.jsonl"
    async with (
        exchange(flood) as venue,
        producing(
            kafka_settings, tmp_path, venue.url, "--record", str(tape)
        ) as recorder,
    ):
        while taped(tape) < ENOUGH:
            assert recorder.returncode is None
            await asyncio.sleep(0.05)
        await read(kafka_settings, PRICE_TICKS, records=1)
        recorder.kill()
        await recorder.wait()
    # What a kill in the middle of a write may leave; it is taken off the end.
    whole = tape.read_bytes()
    tape.write_bytes(whole[:-7])
    lines = whole.count(b"\n") + (not whole.endswith(b"\n"))
    other = kafka_settings.model_copy(
        update={"topic_prefix": f"{kafka_settings.topic_prefix}played."}
    )
    async with producing(
        other, tmp_path, "ws://nowhere.invalid", "--playback", str(tape)
    ) as player:
        _, said = await asyncio.wait_for(player.communicate(), 60)
        assert player.returncode == 0, said.decode()
    assert b"cut short" in said
    assert b"Traceback" not in said
    # Less the opening, the acknowledgement, what was no JSON and what was cut.
    ticks = prices(await read(other, PRICE_TICKS))
    assert len(ticks) == lines - 4
    assert [price for _, price in ticks] == [
        100 + number % 50 for number in range(lines - 4)
    ]
    # What was published as it came is what the tape says.
    live = prices(await read(kafka_settings, PRICE_TICKS))
    assert ticks[: len(live)] == live[: len(ticks)]
    (refused,) = await read(other, REJECTED)
    assert isinstance(refused, Rejected)
    assert refused.original == b"}"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "tape.jsonl: no capture: No such file or directory"),
        ("garbage\n", "tape.jsonl:1: no capture: JSON is malformed"),
        ('{"feed":"kraken","at":1}\n', "tape.jsonl: no feed 'kraken' in this source"),
    ],
)
async def test_a_tape_that_cannot_be_played_is_one_clear_line(
    kafka_settings: Kafka, tmp_path: Path, content: str | None, reason: str
) -> None:
    tape = tmp_path / "tape.jsonl"
    if content is not None:
        tape.write_text(content)
    async with producing(
        kafka_settings, tmp_path, "ws://nowhere.invalid", "--playback", str(tape)
    ) as player:
        _, said = await asyncio.wait_for(player.communicate(), 60)
    assert player.returncode == 1
    assert b"Traceback" not in said
    assert reason in said.decode().splitlines()[-1]
