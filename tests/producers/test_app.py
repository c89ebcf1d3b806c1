import asyncio
import socket
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import aiohttp
import msgspec
import pytest
from aiohttp import web

from producers.app import run
from producers.publishing.spool import Spool, Spooled
from producers.recorded import story
from producers.settings import (
    DeribitSource,
    ReplaySource,
    StorySource,
    SyntheticSource,
)
from streams.events import ChainSnapshot, Origin, PriceTicks, Rejected, VolTicks
from streams.settings import Kafka, StreamSettings
from streams.topics import CHAINS, PRICE_TICKS, REJECTED, VOL_TICKS
from tests.producers.loopback import Call, exchange, site
from tests.producers.publishing.consuming import read
from tests.producers.venues.test_deribit import stamped, subscribed
from volcross.running.provisioning import provision

pytestmark = pytest.mark.kafka


@pytest.fixture
async def settings(kafka_settings: Kafka) -> StreamSettings:
    await asyncio.to_thread(provision, kafka_settings)
    return StreamSettings(kafka=kafka_settings, symbols={})


async def test_the_whole_story_arrives(
    settings: StreamSettings, tmp_path: Path
) -> None:
    await run(
        settings, "story", StorySource(kind="story", seconds=0), data_dir=tmp_path
    )
    vols = [v for v in await read(settings.kafka, VOL_TICKS) if isinstance(v, VolTicks)]
    expected = {"NVDA": story.nvda_iv30(), "BTC": story.btc_dvol()}
    for symbol, recording in expected.items():
        mine = [record for record in vols if record.symbol == symbol]
        assert [at for record in mine for at in record.at] == recording.at.tolist()
        assert [v for record in mine for v in record.value] == recording.value.tolist()
        assert (mine[0].start, mine[-1].end) == (story.BEGIN, story.END)
        assert {record.origin for record in mine} == {Origin.INTERPOLATED}
    prices = await read(settings.kafka, PRICE_TICKS)
    assert sum(len(p.at) for p in prices if isinstance(p, PriceTicks)) == 78 + 106


async def test_cancelled_it_flushes_and_ends(
    settings: StreamSettings, tmp_path: Path
) -> None:
    source = SyntheticSource.model_validate(
        {"kind": "synthetic", "symbols": {"X": {"ticks_per_second": 1000}}}
    )
    task = asyncio.create_task(run(settings, "made-up", source, data_dir=tmp_path))
    await asyncio.sleep(1.5)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(task, 5)
    records = await read(settings.kafka, PRICE_TICKS)
    at = [at for r in records if isinstance(r, PriceTicks) for at in r.at]
    assert len(at) >= 500
    assert {after - before for before, after in pairwise(at)} == {1_000_000}
    assert not list((tmp_path / "spool").iterdir())


async def test_it_shows_its_numbers(settings: StreamSettings, tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    source = SyntheticSource.model_validate(
        {"kind": "synthetic", "symbols": {"SHOWN": {"ticks_per_second": 100}}}
    )
    task = asyncio.create_task(
        run(settings, "made-up", source, data_dir=tmp_path, port=port)
    )
    labels = '{source="synthetic",symbol="SHOWN",topic="ticks.price"}'
    shown: dict[str, float] = {}
    async with aiohttp.ClientSession() as session, asyncio.timeout(20):
        while shown.get(f"volcross_published_ticks_total{labels}", 0) < 20:
            await asyncio.sleep(0.2)
            async with session.get(f"http://127.0.0.1:{port}/metrics") as answer:
                lines = [x for x in (await answer.text()).splitlines() if x[0] != "#"]
            told = (line.rpartition(" ") for line in lines)  # a label may have spaces
            shown = {name: float(number) for name, _, number in told}
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    last = "volcross_last_event_timestamp_seconds"
    event = shown[last + '{source="synthetic",symbol="SHOWN"}']
    age = datetime.now(UTC) - datetime.fromtimestamp(event, UTC)
    assert age < timedelta(seconds=3)


async def test_what_is_spooled_is_shown_while_the_broker_is_awaited(
    settings: StreamSettings, tmp_path: Path
) -> None:
    waiting = Spooled(topic="ticks.price", key="X", value=msgspec.Raw(b"{}"))
    Spool(tmp_path / "spool" / "made-up.jsonl").write([waiting] * 3)
    asked = asyncio.Event()

    async def no_broker() -> None:
        asked.set()
        await asyncio.Event().wait()

    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    source = StorySource(kind="story")
    running = asyncio.create_task(
        run(settings, "made-up", source, data_dir=tmp_path, port=port, ready=no_broker)
    )
    await asyncio.wait_for(asked.wait(), 10)
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"http://127.0.0.1:{port}/metrics") as answer,
    ):
        assert "volcross_publish_spooled_records 3.0" in await answer.text()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


async def test_a_port_in_use_is_an_error_before_anything_is_sent(
    settings: StreamSettings, tmp_path: Path
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(OSError, match="in use"):
            await run(
                settings,
                "story",
                StorySource(kind="story", seconds=0),
                data_dir=tmp_path,
                port=port,
            )
    assert await read(settings.kafka, VOL_TICKS) == []


async def test_a_source_that_cannot_be_opened_says_why(
    settings: StreamSettings, tmp_path: Path
) -> None:
    source = ReplaySource(kind="replay", files=[tmp_path / "gone.csv"])
    with pytest.raises(ValueError, match=r"gone\.csv: no such file"):
        await run(settings, "replay", source, data_dir=tmp_path)


async def test_a_live_venue_reaches_every_topic_it_speaks_to(
    settings: StreamSettings, tmp_path: Path
) -> None:
    row = {
        "instrument_name": "BTC-25JUN27-50000-C",
        "bid_price": 0.3,
        "ask_price": 0.31,
        "mark_iv": 48.0,
        "estimated_delivery_price": 63000.0,
    }

    async def answer(request: web.Request) -> web.Response:  # noqa: ARG001
        return web.json_response({"result": [row]})

    async def talk(call: Call) -> None:
        await subscribed(call)
        await call.say("{not JSON", stamped(50), stamped(51))
        await call.hang()

    async with exchange(talk) as venue, site(answer) as http:
        source = DeribitSource(
            kind="deribit", stream_url=venue.url, http_url=http.url, prices=False
        )
        tape = tmp_path / "deribit.jsonl"
        task = asyncio.create_task(
            run(settings, "deribit", source, data_dir=tmp_path, record=tape)
        )
        chains = await read(settings.kafka, CHAINS, 1)
        vols = await read(settings.kafka, VOL_TICKS, 1)
        rejected = await read(settings.kafka, REJECTED, 1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert isinstance(chains[0], ChainSnapshot)
    assert (chains[0].iv, chains[0].coin_settled) == ([0.48], True)
    told = [v for r in vols if isinstance(r, VolTicks) for v in r.value]
    assert told[:2] == [0.5, 0.51]
    refused = rejected[0]
    assert isinstance(refused, Rejected)
    assert (refused.topic, refused.reason) == ("source.deribit", "unparseable")
    assert refused.original == b"{not JSON"

    # What was recorded says the same again, with nobody there to say it.
    again = settings.model_copy(
        update={
            "kafka": settings.kafka.model_copy(
                update={"topic_prefix": f"{settings.kafka.topic_prefix}again."}
            )
        }
    )
    await asyncio.to_thread(provision, again.kafka)
    await run(again, "deribit", source, data_dir=tmp_path, playback=tape)
    replayed = [
        r for r in await read(again.kafka, VOL_TICKS) if isinstance(r, VolTicks)
    ]
    assert [v for r in replayed for v in r.value][:2] == [0.5, 0.51]
    (chain,) = await read(again.kafka, CHAINS)
    assert chain == chains[0]
    assert await read(again.kafka, REJECTED) == rejected
