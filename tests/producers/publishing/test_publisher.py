import asyncio
import os
import socket
from collections.abc import AsyncIterator
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from producers.publishing.publisher import Publisher
from producers.publishing.spool import Spool
from producers.settings import Sending
from producers.source import SECOND, Heard, Reason, Said, Series, Unusable
from streams.events import ChainSnapshot, PriceTicks, Rejected, Right
from streams.settings import Kafka
from streams.topics import CHAINS, PRICE_TICKS, REJECTED
from tests.brokers import Broker
from tests.producers.publishing.consuming import read
from volcross.running.provisioning import provision

pytestmark = [
    pytest.mark.kafka,
    # kafka-python leaves a socket that was refused to the garbage collector.
    pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning"),
]

BTC = Series("BTC", "test")
NVDA = Series("NVDA", "test")


def numbered(series: Series, first: int, count: int) -> Heard:
    """Ticks that are their own numbers, one each second."""
    numbers = np.arange(first, first + count, dtype=np.int64)
    return Heard(
        series,
        numbers * SECOND,
        numbers.astype(np.float64),
        until=(first + count) * SECOND,
        since=0 if first == 0 else None,
    )


async def found(kafka: Kafka, symbol: str = "BTC") -> list[PriceTicks]:
    """The records of one symbol, checked to be a whole and in order."""
    records = [
        record
        for record in await read(kafka, PRICE_TICKS)
        if isinstance(record, PriceTicks) and record.symbol == symbol
    ]
    fresh: list[PriceTicks] = []
    for record in records:
        if not fresh or record.end > fresh[-1].end:
            fresh.append(record)
    for before, after in pairwise(fresh):
        assert before.end == after.start
    return fresh


def numbers(records: list[PriceTicks]) -> list[float | None]:
    return [price for record in records for price in record.price]


async def sent(publisher: Publisher) -> None:
    """Wait until nothing is left to acknowledge."""
    async with asyncio.timeout(10):
        while publisher.buffered:  # noqa: ASYNC110 - a count, seen from outside
            await asyncio.sleep(0.001)


async def freeze(broker: Broker) -> None:
    """Hold the broker; its threads take a moment to stop."""
    broker.freeze()
    await asyncio.sleep(0.5)


@pytest.fixture
async def kafka(kafka_settings: Kafka) -> Kafka:
    await asyncio.to_thread(provision, kafka_settings)
    return kafka_settings


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool(tmp_path / "spool" / "test.jsonl")


@pytest.fixture
def nowhere() -> Kafka:
    """A broker that is not there."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    return Kafka(bootstrap_servers=f"127.0.0.1:{port}")


async def test_it_publishes_every_series_in_order(kafka: Kafka, spool: Spool) -> None:
    async with Publisher(kafka, spool) as publisher:
        for first in range(0, 1000, 10):
            await publisher.publish(numbered(BTC, first, 10))
            await publisher.publish(numbered(NVDA, first, 10))
            await asyncio.sleep(0)
    for symbol in ("BTC", "NVDA"):
        assert numbers(await found(kafka, symbol)) == list(range(1000))
    assert publisher.buffered == 0
    assert not spool.path.exists()


async def test_a_quiet_tick_leaves_alone_and_at_once(
    kafka: Kafka, spool: Spool
) -> None:
    async with Publisher(kafka, spool) as publisher:
        for first in range(5):
            await publisher.publish(numbered(BTC, first, 1))
            await sent(publisher)
        assert [record.price for record in await found(kafka)] == [
            [0.0],
            [1.0],
            [2.0],
            [3.0],
            [4.0],
        ]


async def test_a_wild_market_travels_in_batches_of_bounded_size(
    kafka: Kafka, spool: Spool
) -> None:
    async with Publisher(kafka, spool, Sending(record_ticks=64)) as publisher:
        for first in range(1000):
            await publisher.publish(numbered(BTC, first, 1))
    records = await found(kafka)
    assert numbers(records) == list(range(1000))
    assert max(len(record.at) for record in records) == 64
    assert len(records) < 100


async def stream(publisher: Publisher, count: int) -> AsyncIterator[int]:
    """Publish `count` ticks, 1 ms apart, giving each number after it."""
    for number in range(count):
        await publisher.publish(numbered(BTC, number, 1))
        yield number
        await asyncio.sleep(0.001)


@pytest.mark.timeout(120)
async def test_a_frozen_broker_loses_nothing(
    kafka: Kafka, spool: Spool, broker: Broker
) -> None:
    async with Publisher(kafka, spool) as publisher:
        async for number in stream(publisher, 2000):
            if number == 500:
                broker.freeze()
            if number == 1500:
                # Longer than request_timeout_ms, so that requests are repeated.
                await asyncio.sleep(12)
                broker.thaw()
    assert numbers(await found(kafka)) == list(range(2000))


@pytest.mark.timeout(120)
async def test_a_restarted_broker_loses_nothing(
    kafka: Kafka, spool: Spool, broker: Broker
) -> None:
    async with Publisher(kafka, spool) as publisher:
        async for number in stream(publisher, 2000):
            if number == 500:
                await asyncio.to_thread(broker.stop)
            if number == 1500:
                await asyncio.sleep(2)
                # In this thread: the broker ends with the one that began it.
                broker.start()
    assert numbers(await found(kafka)) == list(range(2000))


@pytest.mark.timeout(60)
async def test_it_starts_before_its_broker(
    kafka: Kafka, spool: Spool, broker: Broker
) -> None:
    await asyncio.to_thread(broker.stop)
    async with Publisher(kafka, spool) as publisher:
        await publisher.publish(numbered(BTC, 0, 100))
        await asyncio.sleep(1)
        assert publisher.buffered == 100
        # In this thread: the broker ends with the one that began it.
        broker.start()
    assert numbers(await found(kafka)) == list(range(100))


@pytest.mark.skipif(
    os.environ.get("VOLCROSS_TEST_BROKER", "embedded") != "kafka",
    reason="the embedded broker makes every topic that it is asked about",
)
@pytest.mark.timeout(60)
async def test_a_missing_topic_is_waited_for_and_not_made(
    kafka_settings: Kafka, spool: Spool
) -> None:
    async with Publisher(kafka_settings, spool) as publisher:
        await publisher.publish(numbered(BTC, 0, 10))
        await asyncio.sleep(0.5)
        made = await asyncio.to_thread(provision, kafka_settings)
        assert kafka_settings.topic_prefix + PRICE_TICKS.name in made
    assert numbers(await found(kafka_settings)) == list(range(10))


async def test_a_full_buffer_makes_the_source_wait(
    kafka: Kafka, spool: Spool, broker: Broker
) -> None:
    async with Publisher(kafka, spool, Sending(buffer_ticks=1000)) as publisher:
        await publisher.publish(numbered(BTC, 0, 10))
        await sent(publisher)
        await freeze(broker)
        await publisher.publish(numbered(BTC, 10, 1000))
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.5):
                await publisher.publish(numbered(BTC, 1010, 10))
        assert publisher.buffered == 1000
        broker.thaw()
        await publisher.publish(numbered(BTC, 1010, 10))
    assert numbers(await found(kafka)) == list(range(1020))


async def stop_without_broker(
    kafka: Kafka, spool: Spool, first: int, count: int
) -> None:
    async def work() -> None:
        async with Publisher(
            kafka, spool, Sending(flush=timedelta(seconds=0.3))
        ) as publisher:
            await publisher.publish(numbered(BTC, first, count))
            await asyncio.sleep(60)

    task = asyncio.create_task(work())
    await asyncio.sleep(0.2)
    began = asyncio.get_running_loop().time()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert asyncio.get_running_loop().time() - began < 4


@pytest.mark.timeout(60)
async def test_what_a_stop_cannot_send_is_sent_first_at_the_next_start(
    kafka: Kafka, nowhere: Kafka, spool: Spool
) -> None:
    await stop_without_broker(nowhere, spool, 0, 7000)
    assert len(spool.read()) == 2
    # A second stop without a broker must keep the first one's records.
    await stop_without_broker(nowhere, spool, 7000, 10)
    assert len(spool.read()) == 3
    async with Publisher(kafka, spool) as publisher:
        await publisher.publish(numbered(BTC, 7010, 10))
    assert numbers(await found(kafka)) == list(range(7020))
    assert not spool.path.exists()


@pytest.mark.timeout(60)
async def test_a_stop_while_the_broker_is_frozen_spools_what_was_in_flight(
    kafka: Kafka, spool: Spool, broker: Broker
) -> None:
    async def work() -> None:
        async with Publisher(
            kafka, spool, Sending(flush=timedelta(seconds=0.3))
        ) as publisher:
            await publisher.publish(numbered(BTC, 0, 10))
            await sent(publisher)
            await freeze(broker)
            await publisher.publish(numbered(BTC, 10, 10))
            await asyncio.sleep(0.1)
            await publisher.publish(numbered(BTC, 20, 10))
            raise KeyError("the source broke")

    with pytest.raises(KeyError, match="the source broke"):
        await work()
    broker.thaw()
    assert len(spool.read()) == 2
    async with Publisher(kafka, spool):
        pass
    assert numbers(await found(kafka)) == list(range(30))


async def test_a_spool_that_is_none_is_refused_by_line(
    nowhere: Kafka, spool: Spool
) -> None:
    spool.path.parent.mkdir()
    spool.path.write_text('{"topic":"ticks.price","key":"BTC","value":{}}\nno\n')
    with pytest.raises(ValueError, match=r"test\.jsonl:2: no spool"):
        await Publisher(nowhere, spool).__aenter__()
    assert spool.path.exists()


async def test_a_spool_that_cannot_be_written_says_what_is_lost(
    nowhere: Kafka, spool: Spool
) -> None:
    spool.path.with_suffix(".draft").mkdir(parents=True)  # stands in the way
    with capture_logs() as said, pytest.raises(OSError, match="draft"):
        await stop_without_broker(nowhere, spool, 0, 10)
    lost = [line for line in said if line["log_level"] == "critical"]
    assert [line["event"] for line in lost] == ["lost, for it could not be spooled"]
    assert lost[0]["records"] == 1


def test_a_folder_that_takes_no_spool_is_named_before_there_is_one(
    spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool.prepare()
    # Asked of the system, because who runs the tests may be allowed everything.
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(PermissionError) as refused:
        spool.prepare()
    assert refused.value.filename == str(spool.path.parent)


async def test_a_hole_in_a_venues_word_is_counted(kafka: Kafka, spool: Spool) -> None:
    series = Series("HOLE", "test")
    name = "volcross_feed_gap_seconds_total"
    labels = {"feed": "test", "symbol": "HOLE"}
    empty = np.empty(0, np.int64)
    async with Publisher(kafka, spool) as publisher:
        for since, until in ((0, 10), (10, 20), (50, 60), (55, 70)):
            await publisher.publish(
                Heard(
                    series,
                    empty,
                    empty.astype(np.float64),
                    until=until * SECOND,
                    since=since * SECOND,
                )
            )
    records = [r for r in await read(kafka, PRICE_TICKS) if isinstance(r, PriceTicks)]
    covered = sum(r.end - r.start for r in records)
    assert covered == 40 * SECOND
    assert REGISTRY.get_sample_value(name, labels) == 30


def chain(options: int) -> ChainSnapshot:
    return ChainSnapshot(
        symbol="_SPX",
        source="test",
        at=1_719_842_400 * SECOND,
        spot=5475.09,
        expiry=[1_721_419_200 * SECOND] * options,
        strike=[5475.0] * options,
        right=[Right.CALL] * options,
        bid=[101.25] * options,
        ask=[102.75] * options,
        iv=[0.1234567] * options,
    )


async def cut_short(publisher: Publisher, said: list[Said]) -> None:
    async with publisher:
        for each in said:
            await publisher.publish(each)
        raise KeyError


async def test_the_chain_of_an_index_is_larger_than_most_records_and_arrives(
    kafka: Kafka, spool: Spool
) -> None:
    whole = chain(25_000)
    async with Publisher(kafka, spool) as publisher:
        await publisher.publish(whole)
    assert await read(kafka, CHAINS) == [whole]


@pytest.mark.parametrize("spooled", [False, True], ids=["at once", "from the spool"])
async def test_what_is_too_large_for_kafka_is_refused_and_holds_nothing_up(
    kafka: Kafka, spool: Spool, nowhere: Kafka, *, spooled: bool
) -> None:
    body = b"<html>" * 2**20
    said: list[Said] = [
        chain(200_000),
        Unusable("test", Reason.UNPARSEABLE, "no JSON", body),
        chain(1),
    ]
    if spooled:
        with pytest.raises(KeyError):
            await cut_short(Publisher(nowhere, spool), said)
        said = []
    async with Publisher(kafka, spool) as publisher:
        for each in said:
            await publisher.publish(each)
        await publisher.publish(numbered(BTC, 0, 3))
    assert numbers(await found(kafka)) == [0, 1, 2]
    assert await read(kafka, CHAINS) == [chain(1)]
    large, odd = await read(kafka, REJECTED)
    assert isinstance(large, Rejected)
    assert (large.reason, large.symbol, large.topic) == (
        "too_large",
        "_SPX",
        "source.chains",
    )
    assert isinstance(odd, Rejected)
    assert body.startswith(odd.original)
    assert odd.detail == (
        f"no JSON (the first {len(odd.original):,} of {len(body):,} bytes are kept)"
    )
