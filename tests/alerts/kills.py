"""The kill suite: ``python -m tests.alerts.kills --count 200 --state FILE``.

Each kill is a line of the state file; interrupted, the next run goes on from
there. The broker is the embedded one, or Apache Kafka with
``VOLCROSS_TEST_BROKER=kafka``.
"""

import argparse
import asyncio
import secrets
import sys
import tempfile
from pathlib import Path

import msgspec

from streams.settings import Kafka
from tests.alerts.killing import Kill, killing, summary
from tests.brokers import start_broker
from volcross.running.provisioning import provision

_PIECE = 50
"""Kills in a row on one broker, then a new one: nothing grows for ever."""


def done(state: Path) -> list[Kill]:
    """Return the kills that a state file holds; none where there is no file."""
    if not state.exists():
        return []
    lines = state.read_bytes().splitlines()
    return [msgspec.json.decode(line, type=Kill) for line in lines]


async def piece(folder: Path, servers: str, state: Path, seed: int, count: int) -> None:
    """Kill `count` times, and write each down."""
    kafka = Kafka(
        bootstrap_servers=servers,
        topic_prefix=f"kills{secrets.token_hex(3)}.",
        partitions=1,
    )
    provision(kafka)
    async with killing(kafka, folder, seed) as room:
        for number in range(count):
            try:
                kill = await room.once(number)
            except AssertionError:
                kept = state.with_suffix(f".{len(done(state))}.log")
                kept.write_text(room.room.said(), encoding="utf-8")
                raise
            with state.open("ab") as file:
                file.write(msgspec.json.encode(kill) + b"\n")
            print(f"{len(done(state)):4} {kill.phase}", flush=True)  # noqa: T201 - progress


def main() -> int:
    """Go on until there are `--count` kills; return 1 if one lost or invented."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--state", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=20240726)
    asked = parser.parse_args()
    while (already := len(done(asked.state))) < asked.count:
        with tempfile.TemporaryDirectory() as folder:
            broker = start_broker(Path(folder) / "broker")
            try:
                asyncio.run(
                    piece(
                        Path(folder),
                        broker.bootstrap_servers,
                        asked.state,
                        asked.seed + already,
                        min(_PIECE, asked.count - already),
                    )
                )
            finally:
                broker.kill()
    kills = done(asked.state)
    print(summary(kills))  # noqa: T201 - the figures asked for
    return int(any(kill.posts == 0 or kill.ids != 1 for kill in kills))


if __name__ == "__main__":
    sys.exit(main())
