"""The wrapping of a stage: what it may checkpoint, and when."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from typing import Any

import msgspec
import pytest
import structlog

from streams import wire
from streams.agents.agent import Agent, Work
from streams.agents.stage import Out, Outcome
from streams.events import VERSION, Checkpoint, PriceTicks, Rejected
from streams.settings import Kafka
from streams.topics import BARS, PRICE_TICKS


class Counting:
    """A stage that remembers how many records it took, and tells two for each."""

    def __init__(self) -> None:
        self.taken = 0

    def apply(self, record: PriceTicks, offset: int, now: int) -> list[Outcome]:
        del offset, now
        self.taken += 1
        return [Out(BARS, "a", record), Out(BARS, "b", record)]

    def state(self) -> dict[str, Any]:
        return {"taken": self.taken}

    def base(self) -> None: ...

    def restore(
        self, state: dict[str, Any], records: Iterable[tuple[int, PriceTicks]]
    ) -> None:
        del records
        self.taken = state["taken"]


class Log:
    """A log in memory in the place of producer and reader: it can be slow."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []
        self.checkpoints: list[Checkpoint] = []
        self.records: list[bytes] = []
        self.open = asyncio.Event()
        self.open.set()
        self.acknowledge = True
        self.flushed = 0

    async def flush(self) -> None:
        self.flushed = len(self.sent)

    async def send(self, topic: str, key: bytes, value: bytes) -> asyncio.Future[None]:
        del topic
        if key == b"b":
            await self.open.wait()
        self.sent.append(value)
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if self.acknowledge:
            done.set_result(None)
        return done

    async def send_and_wait(
        self, topic: str, key: bytes, value: bytes, partition: int
    ) -> None:
        del topic, key, partition
        self.checkpoints.append(wire.Codec(Checkpoint).decode(value))

    async def last(self, topic: str, partition: int) -> bytes | None:
        del topic, partition
        return wire.encode(self.checkpoints[-1]) if self.checkpoints else None

    async def end(self, topic: str, partition: int) -> int:
        del topic, partition
        return len(self.records)

    async def between(
        self, topic: str, partition: int, first: int, after: int
    ) -> AsyncIterator[tuple[int, bytes]]:
        del topic, partition
        for offset in range(first, after):
            yield offset, self.records[offset]


def agent(log: Log) -> tuple[Agent[PriceTicks], list[Counting]]:
    stages: list[Counting] = []

    def stage() -> Counting:
        stages.append(Counting())
        return stages[-1]

    work = Work("sample", PRICE_TICKS, stage)
    return Agent(work, Kafka(), log, log), stages  # type: ignore[arg-type]  # the log plays both


def record(log: Log) -> tuple[int, bytes]:
    n = len(log.records)
    log.records.append(
        wire.encode(
            PriceTicks(symbol="X", source="t", start=n, end=n + 1, at=[], price=[])
        )
    )
    return n, log.records[-1]


async def test_no_checkpoint_is_taken_in_the_middle_of_a_record() -> None:
    log = Log()
    sample, _ = agent(log)
    await sample.take(0, *record(log))
    log.open.clear()
    taking = asyncio.create_task(sample.take(0, *record(log)))
    saving = asyncio.create_task(sample.save())
    await asyncio.sleep(0.01)
    assert log.checkpoints == []
    log.open.set()
    await asyncio.gather(taking, saving)
    assert [(c.applied, c.state["taken"]) for c in log.checkpoints] == [(1, 2)]


async def test_whenever_a_stage_begins_it_is_read_what_was_sent_till_then() -> None:
    log = Log()
    read: list[tuple[int, int]] = []

    async def before() -> None:
        read.append((log.flushed, len(stages)))

    stages: list[Counting] = []

    def stage() -> Counting:
        stages.append(Counting())
        return stages[-1]

    work = Work("sample", PRICE_TICKS, stage, before)
    sample = Agent(work, Kafka(), log, log)  # type: ignore[arg-type]  # the log plays both
    await sample.take(0, *record(log))
    await sample.take(0, *record(log))
    assert read == [(0, 0)]
    sample.forget()
    await sample.take(0, *record(log))
    assert read == [(0, 0), (4, 1)]


async def test_a_record_cut_short_is_taken_in_again() -> None:
    log = Log()
    sample, stages = agent(log)
    await sample.take(0, *record(log))
    await sample.save()
    log.open.clear()
    cut = record(log)
    taking = asyncio.create_task(sample.take(0, *cut))
    saving = asyncio.create_task(sample.save())
    await asyncio.sleep(0.01)
    taking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await taking
    log.open.set()
    await saving
    await sample.save()
    assert [c.applied for c in log.checkpoints] == [0]
    await sample.take(0, *cut)
    await sample.save()
    assert (log.checkpoints[-1].applied, stages[-1].taken) == (1, 2)


async def test_a_checkpoint_waits_for_the_outputs_to_be_acknowledged() -> None:
    log = Log()
    sample, _ = agent(log)
    log.acknowledge = False
    await sample.take(0, *record(log))
    saving = asyncio.create_task(sample.save())
    await asyncio.sleep(0.01)
    assert log.checkpoints == []
    saving.cancel()


async def test_what_was_committed_but_never_checkpointed_is_read_again() -> None:
    log = Log()
    sample, stages = agent(log)
    for _ in range(3):
        record(log)
    await sample.take(0, *record(log))
    assert (stages[0].taken, len(log.sent)) == (4, 8)


async def test_what_a_checkpoint_holds_is_not_taken_in_twice() -> None:
    log = Log()
    first, _ = agent(log)
    seen = [record(log) for _ in range(3)]
    for one in seen:
        await first.take(0, *one)
    await first.save()
    again, stages = agent(log)
    for one in seen:
        await again.take(0, *one)
    assert (stages[0].taken, len(log.sent)) == (3, 6)


async def test_a_log_shorter_than_the_checkpoint_is_read_from_where_it_is() -> None:
    log = Log()
    first, _ = agent(log)
    for _ in range(5):
        await first.take(0, *record(log))
    await first.save()
    log.records.clear()
    after_loss, stages = agent(log)
    await after_loss.take(0, *record(log))
    assert stages[0].taken == 6


def another_format(log: Log) -> None:
    kept = log.checkpoints[-1]
    log.checkpoints[-1] = msgspec.structs.replace(kept, base=1, state={"seen": 3})


def another_version(log: Log) -> None:
    log.checkpoints[-1] = msgspec.structs.replace(log.checkpoints[-1], v=VERSION + 1)


@pytest.mark.parametrize(
    ("change", "taken", "sent_again"),
    # Of its own log it says where to begin; of one nobody can read, nothing does.
    [(another_format, 2, 0), (another_version, 3, 3)],
)
async def test_a_checkpoint_of_another_format_is_named_and_made_anew_from_the_log(
    change: Callable[[Log], None], taken: int, sent_again: int
) -> None:
    log = Log()
    first, _ = agent(log)
    seen = [record(log) for _ in range(3)]
    for one in seen:
        await first.take(0, *one)
    await first.save()
    change(log)
    before = len(log.sent)
    again, stages = agent(log)
    with structlog.testing.capture_logs() as lines:
        await again.take(0, *seen[-1])
    assert stages[-1].taken == taken
    assert len(log.sent) - before == 2 * sent_again
    (line,) = [x for x in lines if x["event"] == "checkpoint of another format"]
    assert (line["agent"], line["partition"]) == ("sample", 0)
    await again.take(0, *record(log))
    assert stages[-1].taken == taken + 1


class Failing(Counting):
    """A stage that fails on one record, after it has taken it in."""

    def apply(self, record: PriceTicks, offset: int, now: int) -> list[Outcome]:
        outcomes = super().apply(record, offset, now)
        if record.start in (2, 3):
            raise ZeroDivisionError("volatility of nothing")
        return outcomes


async def test_a_record_the_stage_fails_on_is_refused_and_leaves_no_trace() -> None:
    log = Log()
    work = Work("sample", PRICE_TICKS, Failing)
    sample = Agent(work, Kafka(), log, log)  # type: ignore[arg-type]  # the log plays both
    seen = [record(log) for _ in range(5)]
    for one in seen[:2]:
        await sample.take(0, *one)
    await sample.save()
    for one in seen[2:]:
        await sample.take(0, *one)
    await sample.save()
    refused = [wire.Codec(Rejected).decode(raw) for raw in log.sent if b"failed" in raw]
    assert {(r.offset, r.reason, r.detail, r.original) for r in refused} == {
        (n, "failed", "ZeroDivisionError: volatility of nothing", seen[n][1])
        for n in (2, 3)
    }
    assert log.checkpoints[-1].applied == 4
    assert log.checkpoints[-1].state == {"taken": 3}


async def test_a_record_that_failed_unseen_is_refused_when_it_is_read_again() -> None:
    log = Log()
    work = Work("sample", PRICE_TICKS, Failing)
    sample = Agent(work, Kafka(), log, log)  # type: ignore[arg-type]  # the log plays both
    seen = [record(log) for _ in range(5)]
    await sample.take(0, *seen[-1])
    await sample.save()
    failed = [raw for raw in log.sent if b'"reason":"failed"' in raw]
    assert len(set(failed)) == 2
    assert log.checkpoints[-1].state == {"taken": 3}
