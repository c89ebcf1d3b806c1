"""A worker that does no work is found out; one that has none is left alone."""

import asyncio

import pytest
from aiokafka.errors import KafkaConnectionError

from streams.agents.watchdog import (
    StalledError,
    while_records_are_taken,
    while_topics_exist,
)


class Idle:
    """An agent that has applied so much and applies no more."""

    name = "sample"
    topic = "ticks.price"

    def __init__(self, applied: int) -> None:
        self.at = applied

    def applied(self) -> dict[int, int]:
        return {0: self.at}


class Ends:
    """A log with so many records."""

    def __init__(self, end: int) -> None:
        self.records = end

    async def end(self, topic: str, partition: int) -> int:
        del topic, partition
        return self.records


async def watched(agent: Idle, log: Ends, seconds: float) -> None:
    async with asyncio.timeout(seconds):
        await while_records_are_taken([agent], log, patience=0.06)  # type: ignore[list-item, arg-type]  # all it asks of them


async def test_records_that_nobody_takes_end_the_worker() -> None:
    with pytest.raises(StalledError, match=r"records wait in ticks\.price"):
        await watched(Idle(3), Ends(10), 5.0)


async def test_a_broker_that_is_away_is_not_the_worker_s_fault() -> None:
    class Away(Ends):
        async def end(self, topic: str, partition: int) -> int:
            raise KafkaConnectionError(topic, partition)

    with pytest.raises(TimeoutError):
        await watched(Idle(3), Away(10), 0.3)


async def test_an_agent_with_nothing_to_do_is_not_stalled() -> None:
    with pytest.raises(TimeoutError):
        await watched(Idle(9), Ends(10), 0.3)


async def test_an_agent_that_is_behind_but_moves_is_not_stalled() -> None:
    agent = Idle(0)

    async def moving() -> None:
        while True:
            agent.at += 1
            await asyncio.sleep(0.005)

    task = asyncio.create_task(moving())
    with pytest.raises(TimeoutError):
        await watched(agent, Ends(10**6), 0.4)
    task.cancel()


class Looks:
    """What each look at the broker finds; nobody answers at None."""

    def __init__(self, *found: set[str] | None) -> None:
        self.found = list(found)

    async def topics(self) -> set[str]:
        found = self.found.pop(0) if len(self.found) > 1 else self.found[0]
        if found is None:
            raise KafkaConnectionError
        return found


async def looked(looks: Looks, seconds: float) -> None:
    async with asyncio.timeout(seconds):
        await while_topics_exist([Idle(3)], looks, patience=0.06)  # type: ignore[list-item, arg-type]  # all it asks of them


async def test_a_topic_that_somebody_deleted_ends_the_worker() -> None:
    with pytest.raises(StalledError, match=r"deleted while we read it: ticks\.price"):
        await looked(Looks({"ticks.price"}, {"bars"}), 5.0)


async def test_a_broker_that_is_still_starting_has_deleted_nothing() -> None:
    there = {"ticks.price", "bars"}
    with pytest.raises(TimeoutError):
        await looked(Looks(there, None, set(), None, set(), there), 0.3)
