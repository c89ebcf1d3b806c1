"""The way to the broker does not give up, and forgets nothing on the way."""

import asyncio
import contextlib

import pytest
from prometheus_client import REGISTRY

from producers.publishing import link
from producers.publishing.link import Link
from streams.events import PriceTicks
from streams.settings import Kafka
from streams.topics import PRICE_TICKS
from streams.wire import encode
from tests.producers.publishing.consuming import read
from volcross.running.provisioning import provision

pytestmark = [
    pytest.mark.kafka,
    # kafka-python leaves a socket that was refused to the garbage collector.
    pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning"),
]

TOLD = PriceTicks(symbol="BTC", source="test", start=1, end=3, at=[2], price=[6e4])


def failures() -> float:
    """How many attempts have failed so far, whatever for."""
    return sum(
        sample.value
        for metric in REGISTRY.collect()
        for sample in metric.samples
        if sample.name == "volcross_publish_failures_total"
    )


async def piped(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError), contextlib.closing(writer):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()


async def test_what_finds_no_broker_is_sent_again_until_it_is_written_down(
    kafka_settings: Kafka, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(link._PROMISE, "bootstrap_timeout_ms", 300)
    await asyncio.to_thread(provision, kafka_settings)
    host, _, port = (kafka_settings.bootstrap_servers or "").rpartition(":")
    there = False

    async def dialled(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        if not there:
            writer.close()
            return
        answer, ask = await asyncio.open_connection(host, int(port))
        await asyncio.gather(piped(reader, ask), piped(answer, writer))

    async with await asyncio.start_server(dialled, "127.0.0.1", 0) as server:
        address = "{}:{}".format(*server.sockets[0].getsockname())
        way = Link(kafka_settings.model_copy(update={"bootstrap_servers": address}))
        before = failures()
        task = asyncio.create_task(way.deliver(PRICE_TICKS.name, "BTC", encode(TOLD)))
        async with asyncio.timeout(30):
            while failures() < before + 2:  # noqa: ASYNC110 - a count, seen from outside
                await asyncio.sleep(0.05)
        assert not task.done()
        there = True
        await asyncio.wait_for(task, 30)
        await way.close()
        assert await read(kafka_settings, PRICE_TICKS, 1) == [TOLD]
