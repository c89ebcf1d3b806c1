"""What ends a worker that has stopped working: a supervisor starts a new one.

A consumer can die of a rebalance, of a broker that went away, or of nothing
anybody found (faust#175, #523, #532, #640), and the process looks healthy. So
the log itself is asked, by a client of its own, whether there is work that
nobody does.
"""

import asyncio
import contextlib
import os
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

import structlog
from aiokafka.errors import KafkaError

from streams.agents.agent import Agent
from streams.agents.partitions import PartitionReader

FROZEN_SECONDS = 60.0
STALLED_SECONDS = 60.0
END_SECONDS = 15.0
EXIT = 70
"""EX_SOFTWARE, of a process that could not end in an orderly way."""

_log = structlog.get_logger()


class StalledError(RuntimeError):
    """An agent cannot do its work, and its consumer does not say so."""


async def while_the_loop_runs() -> None:
    """End the process if the event loop stands still: nobody else can."""
    last = time.monotonic()
    done = threading.Event()

    def watch() -> None:
        while not done.wait(FROZEN_SECONDS / 10):
            if time.monotonic() - last > FROZEN_SECONDS:
                os._exit(EXIT)

    threading.Thread(target=watch, daemon=True, name="watchdog").start()
    try:
        while True:
            last = time.monotonic()
            await asyncio.sleep(1.0)
    finally:
        done.set()


async def while_records_are_taken(
    agents: Iterable[Agent[Any]],
    reader: PartitionReader,
    *,
    patience: float = STALLED_SECONDS,
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """Return never, unless an agent leaves records lying.

    Args:
        agents: whose partitions to look at.
        reader: asks the log how far it goes.
        patience: seconds that records may wait without one being taken.
        clock: seconds, steadily increasing.

    Raises:
        StalledError: records waited for longer, and none was taken.
    """
    moved: dict[tuple[str, int], tuple[int, float]] = {}
    while True:
        for agent in agents:
            for partition, applied in agent.applied().items():
                key = (agent.name, partition)
                try:
                    end = await reader.end(agent.topic, partition)
                except (KafkaError, TimeoutError):
                    # The broker is away: nobody could take anything.
                    moved.clear()
                    continue
                now = clock()
                before, since = moved.get(key, (-1, now))
                if end <= applied + 1 or applied != before:
                    moved[key] = (applied, now)
                elif now - since > patience:
                    raise StalledError(
                        f"{agent.name}: records wait in {agent.topic}"
                        f" partition {partition}, none taken for {now - since:.0f} s"
                    )
        await asyncio.sleep(patience / 6)


async def while_topics_exist(
    agents: Iterable[Agent[Any]],
    reader: PartitionReader,
    *,
    patience: float = STALLED_SECONDS,
) -> None:
    """Return never, unless somebody deleted what an agent reads.

    A consumer asks for it for ever; whoever starts anew makes it again.

    Args:
        agents: whose topics to look for.
        reader: asks the broker which there are.
        patience: seconds, of which a sixth passes between two looks.

    Raises:
        StalledError: a topic was missing at two looks in a row.
    """
    wanted = {agent.topic for agent in agents}
    missing: set[str] = set()
    while True:
        before, missing = missing, set()
        with contextlib.suppress(KafkaError, TimeoutError):
            missing = wanted - await reader.topics()
        # Once is no proof: a broker that starts has not read all it has.
        if gone := sorted(before & missing):
            raise StalledError(f"deleted while we read it: {', '.join(gone)}")
        await asyncio.sleep(patience / 6)


def end_by_force_in(seconds: float = END_SECONDS) -> None:
    """End the process that soon, if it has not ended by itself."""

    def end() -> None:
        _log.error("not ended in time, ended by force", seconds=seconds)
        os._exit(EXIT)

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()
