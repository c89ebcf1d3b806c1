"""The first start, the second and one that was killed between, on a broker."""

import asyncio
import contextlib
import json
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from prometheus_client import REGISTRY

from producers.app import run
from producers.history.known import known_ends
from producers.publishing.spool import Spooled
from producers.settings import DeribitSource
from producers.settings.keyless import Currency
from streams.events import (
    Event,
    PriceTicks,
    SpreadReadings,
    VolTicks,
)
from streams.settings import Kafka, StreamSettings
from streams.topics import PRICE_TICKS, REJECTED, SPREADS, VOL_TICKS
from tests.producers.history import remembering
from tests.producers.loopback import Call, exchange, site
from tests.producers.publishing.consuming import read
from tests.producers.venues.test_deribit import note, subscribed
from tests.streams.pipeline import ROOT, Workers, as_file, environment, prepared, until

pytestmark = pytest.mark.kafka
SECOND = 10**9
DAY = 86_400 * SECOND
SYMBOLS: tuple[Currency, ...] = ("BTC", "ETH")


@pytest.fixture
async def settings(kafka_settings: Kafka) -> StreamSettings:
    tables: dict[str, Any] = {
        "symbols": {name: {"clock": "crypto", "implied": "dvol"} for name in SYMBOLS},
        "realised": {"windows": ["1h", "1d"], "estimators": ["close-to-close"]},
        "pairs": [
            {
                "left": "ETH",
                "right": "BTC",
                "realised": ["close-to-close/1d"],
                "chains": [],
            }
        ],
        "metrics": {"stream": 0, "alert": 0, "produce": 0},
        "checkpoint_every": "0.2s",
    }
    told = {"kafka": kafka_settings.model_dump(), **tables}
    return await asyncio.to_thread(prepared, StreamSettings.model_validate(told))


async def talk(call: Call) -> None:
    """Say something of every series, five times a second."""
    await subscribed(call)
    while True:
        now = time.time_ns() // 1_000_000
        for name in ("btc_usd", "eth_usd"):
            vol, price = "deribit_volatility_index", "deribit_price_index"
            await call.say(
                note(f"{vol}.{name}", timestamp=now, volatility=77.0),
                note(f"{price}.{name}", timestamp=now, price=111.0, index_name=name),
            )
        await asyncio.sleep(0.2)


@contextlib.asynccontextmanager
async def venue(
    answer: remembering.Answer = remembering.deribit,
) -> AsyncIterator[tuple[DeribitSource, list[str]]]:
    async with exchange(talk) as stream, site(answer) as http:
        yield (
            DeribitSource(
                kind="deribit",
                currencies=SYMBOLS,
                stream_url=stream.url,
                http_url=http.url,
                chains=timedelta(0),
            ),
            http.asked,
        )


async def told(settings: StreamSettings) -> dict[tuple[str, str | None], list[Any]]:
    """Return the tick records of each series, in the order of the topic."""
    found: dict[tuple[str, str | None], list[Any]] = {}
    for topic in (PRICE_TICKS, VOL_TICKS):
        for record in await read(settings.kafka, topic):
            assert isinstance(record, PriceTicks | VolTicks)
            measure = record.measure if isinstance(record, VolTicks) else None
            found.setdefault((record.symbol, measure), []).append(record)
    return found


async def listened(
    settings: StreamSettings,
    source: DeribitSource,
    data_dir: Path,
    enough: Callable[[dict[Any, list[Any]]], bool],
) -> None:
    """Run the producer until the topics hold enough, then end it as an operator."""
    task = asyncio.create_task(run(settings, "deribit", source, data_dir=data_dir))
    try:
        async with asyncio.timeout(60):
            while not enough(await told(settings)):
                assert not task.done(), task.exception()
                await asyncio.sleep(0.2)
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


def live_since(instant: int) -> Callable[[dict[Any, list[Any]]], bool]:
    """Return whether every series was heard live after an instant."""

    def enough(found: dict[Any, list[Any]]) -> bool:
        return len(found) == 4 and all(
            records[-1].end > instant
            and (111.0 if measure is None else 0.77)
            in (records[-1].price if measure is None else records[-1].value)
            for (_, measure), records in found.items()
        )

    return enough


def assert_whole(found: dict[Any, list[Any]]) -> None:
    """Hold that each series is covered once and without a hole."""
    for name, records in found.items():
        for one, other in pairwise(records):
            assert other.start == one.end, name
        at = [t for record in records for t in record.at]
        assert all(a < b for a, b in pairwise(at)), name


async def test_windows_and_ranks_are_full_after_the_first_start(
    settings: StreamSettings, tmp_path: Path
) -> None:
    stream = Workers(settings, tmp_path, "stream")
    stream.start()
    try:
        async with venue() as (source, _):
            began = time.time_ns()
            await listened(settings, source, tmp_path, live_since(began))
        async with venue() as (source, asked):
            await listened(settings, source, tmp_path, live_since(time.time_ns()))
            again = list(asked)
        end = min(records[-1].end for records in (await told(settings)).values())

        def compared(events: list[Event]) -> bool:
            spreads = [e for e in events if isinstance(e, SpreadReadings) and e.at]
            names = {e.comparison for e in spreads if e.end > end - SECOND}
            return "implied" in names and "close-to-close/1d" in {
                e.comparison for e in spreads
            }

        events = await asyncio.to_thread(until, settings, (SPREADS,), compared)
    finally:
        await asyncio.to_thread(stream.end)
    implied = [
        e for e in events if isinstance(e, SpreadReadings) and e.comparison == "implied"
    ]
    for closes in ([e.left_closes for e in implied], [e.right_closes for e in implied]):
        days = [at // DAY for each in closes if each is not None for at in each.at]
        # Told once; but the present day grows as its records come.
        assert len(days) - len(set(days)) <= 5
        assert 365 <= len(set(days)) <= 402
    assert shown("deribit") is not None
    assert shown("deribit-perpetual") is None  # it would stand still
    # What was remembered is no news: every spread is of what was heard since.
    spreads = [e for e in events if isinstance(e, SpreadReadings)]
    first = min(at for e in spreads for at in e.at)
    assert first > began - 3600 * SECOND - 60 * SECOND
    assert await read(settings.kafka, REJECTED) == []
    # The second start asked for the time between the two, and for nothing else.
    starts = [int(path.split("start_timestamp=")[1].split("&")[0]) for path in again]
    assert all(start * 1_000_000 > began - 60 * SECOND for start in starts)
    assert_whole(await told(settings))


def shown(source: str) -> float | None:
    name = "volcross_last_event_timestamp_seconds"
    return REGISTRY.get_sample_value(name, {"source": source, "symbol": "BTC"})


async def test_what_was_killed_midway_goes_on_where_it_was(
    settings: StreamSettings, tmp_path: Path
) -> None:
    asked_prices = 0

    async def slow(request: web.Request) -> web.StreamResponse:
        nonlocal asked_prices
        if "tradingview" in request.path:
            asked_prices += 1
            if asked_prices > 2:
                await asyncio.sleep(60)
        return await remembering.deribit(request)

    async with venue(slow) as (source, _):
        config = tmp_path / "volcross.toml"
        config.write_text(_config(settings, source, tmp_path), encoding="utf-8")
        with (tmp_path / "produce.log").open("wb") as log:
            process = await asyncio.to_thread(
                subprocess.Popen,
                [
                    *(sys.executable, "-m", "volcross", "--config", str(config)),
                    *("produce", "deribit"),
                ],
                cwd=ROOT,
                env=environment(),
                stdout=log,
                stderr=log,
            )
        try:
            async with asyncio.timeout(60):
                while len(await told(settings)) < 4:
                    assert process.poll() is None, log
                    await asyncio.sleep(0.2)
        finally:
            process.kill()
            process.wait()
    before = await told(settings)
    async with venue() as (source, asked):
        now = time.time_ns()
        await listened(settings, source, tmp_path, live_since(now))
    found = await told(settings)
    assert_whole(found)
    for symbol in SYMBOLS:
        prices = found[symbol, None]
        assert prices[0].start == before[symbol, None][0].start
        span = prices[-1].end - prices[0].start
        assert span == pytest.approx(2 * DAY, rel=0.01)
        ends = [r.end for r in before[symbol, None]]
        first = min(
            int(path.split("start_timestamp=")[1].split("&")[0]) * 1_000_000
            for path in asked
            if f"{symbol}-PERPETUAL" in path
        )
        assert first > max(ends) - 60 * SECOND


async def test_a_spool_counts_as_told(kafka_settings: Kafka) -> None:
    await asyncio.to_thread(_provisioned, kafka_settings)
    value = {"symbol": "BTC", "end": 77, "measure": None}
    spooled = [Spooled("ticks.price", "BTC", _raw(value))]
    wanted = {("BTC", None), ("BTC", "dvol")}
    assert await known_ends(kafka_settings, wanted, spooled) == {("BTC", None): 77}


def _provisioned(kafka: Kafka) -> None:
    prepared(StreamSettings(kafka=kafka, symbols={}))


def _raw(value: object) -> Any:  # noqa: ANN401 - JSON as it is spooled
    import msgspec

    return msgspec.Raw(json.dumps(value).encode())


def _config(settings: StreamSettings, source: DeribitSource, data_dir: Path) -> str:
    told = source.model_dump()
    keys = {key: told[key] for key in ("currencies", "stream_url", "http_url")}
    return "\n".join(
        [
            f"data_dir = {json.dumps(str(data_dir))}",
            as_file(settings),
            "[sources.deribit]",
            'kind = "deribit"',
            'chains = "0s"',
            *(f"{key} = {json.dumps(value)}" for key, value in keys.items()),
        ]
    )
