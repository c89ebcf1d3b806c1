"""The loop that owns a socket, against venues that behave badly."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import REGISTRY

from producers.listening import websocket
from producers.listening.backoff import Backoff
from producers.listening.bucket import TokenBucket
from producers.listening.listener import Limits
from producers.listening.live import Live, Recorded
from producers.listening.websocket import WebSocketLine
from producers.source import SECOND, Heard, Reason, Said, Unusable
from producers.venues import coinbase
from streams.events import FeedState
from streams.volatility.market_time import market_clock
from tests.producers.loopback import Call, exchange, said_by

SUBSCRIBED = {"type": "subscriptions", "channels": []}


def match(number: int, price: float = 100.0) -> dict[str, Any]:
    return {
        "type": "match",
        "trade_id": number,
        "price": f"{price:.2f}",
        "size": "0.5",
        "product_id": "BTC-USD",
        "time": datetime.now(UTC).isoformat(),
    }


def line(url: str, **more: Any) -> WebSocketLine:  # noqa: ANN401 - passed on
    more.setdefault("limits", Limits(silence=30, deaf=10))
    more.setdefault("backoff", Backoff(first=0.01, cap=0.05))
    return WebSocketLine(
        "coinbase",
        url,
        lambda: coinbase.Trades({"BTC": "BTC-USD"}),
        market_clock("crypto"),
        **more,
    )


def ticks(said: list[Said]) -> list[float]:
    return [v for s in said if isinstance(s, Heard) for v in s.value.tolist()]


def count(wanted: int) -> Callable[[list[Said]], bool]:
    return lambda said: len(ticks(said)) >= wanted


async def test_it_subscribes_and_hears() -> None:
    async def talk(call: Call) -> None:
        await call.hear()
        await call.say(SUBSCRIBED, match(1, 10), match(2, 20), match(3, 30))
        await call.hang()

    async with exchange(talk) as venue:
        said = await said_by(line(venue.url), count(3))
    assert ticks(said) == [10, 20, 30]
    assert venue.calls[0].heard[0]["product_ids"] == ["BTC-USD"]


@pytest.mark.parametrize("compression", ["deflate", None])
async def test_compressed_or_not(compression: str | None) -> None:
    async def talk(call: Call) -> None:
        await call.hear()
        await call.say(*(match(number, number) for number in range(1, 201)))
        await call.hang()

    async with exchange(talk, compression=compression) as venue:
        said = await said_by(line(venue.url), count(200))
    assert ticks(said) == list(range(1, 201))


async def test_a_half_open_socket_is_noticed_and_its_time_not_vouched_for() -> None:
    stuck = asyncio.Event()

    async def relay(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, first: bool
    ) -> None:
        with contextlib.suppress(ConnectionError), contextlib.closing(writer):
            while data := await reader.read(65536):
                if first and stuck.is_set():
                    await asyncio.sleep(3600)
                writer.write(data)
                await writer.drain()

    async def talk(call: Call) -> None:
        await call.hear()
        await call.say(match(call.number + 1, call.number + 1))
        await asyncio.sleep(0.1)
        stuck.set()
        await call.hang()

    async with exchange(talk) as venue, asyncio.TaskGroup() as group:
        port = int(venue.url.rpartition(":")[2])
        relays: list[asyncio.Task[None]] = []

        async def dial(
            reader: asyncio.StreamReader, writer: asyncio.StreamWriter
        ) -> None:
            there, back = await asyncio.open_connection("127.0.0.1", port)
            first = not relays
            relays.append(group.create_task(relay(reader, back, first=first)))
            relays.append(group.create_task(relay(there, writer, first=first)))

        proxy = await asyncio.start_server(dial, "127.0.0.1", 0)
        url = f"ws://127.0.0.1:{proxy.sockets[0].getsockname()[1]}"
        limits = Limits(silence=30, deaf=2, grace=0)
        said = await said_by(line(url, limits=limits), count(2))
        proxy.close()
        for task in relays:
            task.cancel()
    assert ticks(said) == [1, 2]
    untils = [s.until for s in said if isinstance(s, Heard) and s.until is not None]
    second = [s for s in said if isinstance(s, Heard) and len(s.at)][1]
    assert second.since is not None
    # It was given up two seconds after the last sign of life.
    assert all(until + 2 * SECOND <= second.since for until in untils)


async def test_a_venue_that_is_quiet_and_answers_pings_is_vouched_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(websocket, "PULSE_SECONDS", 0.05)

    async def talk(call: Call) -> None:
        await call.hear()
        await call.say(match(call.number + 1))
        await call.hang()

    def vouched(said: list[Said]) -> bool:
        """Whether a silence is vouched for that is longer than a deaf one may be."""
        told = [each for each in said if isinstance(each, Heard)]
        spoke = [int(each.at[-1]) for each in told if len(each.at)]
        return told != [] and (told[-1].until or 0) > spoke[-1] + 1.5 * SECOND

    async with exchange(talk) as venue:
        source = line(venue.url, limits=Limits(silence=30, deaf=1, grace=0))
        await said_by(source, vouched, within=30)


@pytest.mark.parametrize(("settled", "attempts"), [(30, [1, 2, 3]), (0.05, [1, 1, 1])])
async def test_waits_begin_anew_after_a_while_of_data_and_not_before(
    settled: float, attempts: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(websocket, "PULSE_SECONDS", 0.02)
    anew = asyncio.Event()

    class Watched(Backoff):
        def succeeded(self) -> None:
            Backoff.succeeded(self)
            anew.set()

    backoff = Watched(first=0.01, cap=0.05)

    async def talk(call: Call) -> None:
        await call.hear()
        await call.say(match(call.number + 1))
        await asyncio.sleep(0.3)
        if settled < 1:
            await anew.wait()  # however busy the machine is
            anew.clear()

    def thrice(said: list[Said]) -> bool:
        return len([s for s in said if isinstance(s, FeedState) and not s.up]) == 3

    async with exchange(talk) as venue:
        limits = Limits(silence=30, deaf=10, settled=settled)
        source = line(venue.url, limits=limits, backoff=backoff)
        said = await said_by(source, thrice, within=30, states=True)
    downs = [each for each in said if isinstance(each, FeedState) and not each.up]
    assert [each.attempts for each in downs] == attempts


async def test_what_did_not_arrive_is_counted_and_so_is_what_did() -> None:
    def counted(what: str, **labels: str) -> float:
        name = f"volcross_feed_{what}_total"
        return REGISTRY.get_sample_value(name, {"feed": "coinbase", **labels}) or 0

    async def talk(call: Call) -> None:
        await call.hear()
        await call.say(match(1), match(2), "{", match(7), match(7), match(5), match(8))
        await call.hang()

    missed, heard = counted("missed_ticks", symbol="BTC"), counted("messages")
    refused = counted("rejected", reason="unparseable")
    async with exchange(talk) as venue:
        await said_by(line(venue.url), count(6))
    assert counted("missed_ticks", symbol="BTC") - missed == 4  # 3 to 6
    assert counted("messages") - heard == 7
    assert counted("rejected", reason="unparseable") - refused == 1


async def test_how_late_a_venue_is_by_its_own_clock_is_shown() -> None:
    late = {**match(1), "time": (datetime.now(UTC) - timedelta(hours=1)).isoformat()}

    async def talk(call: Call) -> None:
        await call.hear()
        await call.say(late)
        await call.hang()

    async with exchange(talk) as venue:
        await said_by(line(venue.url), count(1))
    lag = REGISTRY.get_sample_value("volcross_feed_lag_seconds", {"feed": "coinbase"})
    assert lag is not None
    assert lag >= 3600


async def test_a_venue_is_spoken_to_no_faster_than_it_allows() -> None:
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    async def talk(call: Call) -> None:
        await call.hear()
        await call.say(match(call.number + 1))

    async with exchange(talk) as venue:
        bucket = TokenBucket(0.01, clock=lambda: 0.0, sleep=sleep)
        await said_by(line(venue.url, bucket=bucket), count(3))
    assert waits == [100, 200]  # the first was free


async def test_bad_messages_are_refused_and_the_connection_kept() -> None:
    good = match(1, 1)
    bad: list[object] = [
        "{",
        "null",
        "[]",
        '"text"',
        b"\xff\xfe",
        {"type": "hype"},
        {"type": "match"},
        {**good, "price": None},
        {**good, "price": 12},
        {**good, "price": "x"},
        {**good, "price": "NaN"},
        {**good, "price": "-1"},
        {**good, "price": "1e999"},
        {**good, "size": "0"},
        {**good, "time": "yesterday"},
        {**good, "product_id": "DOGE-USD"},
        {**good, "product_id": None},
    ]

    async def talk(call: Call) -> None:
        await call.hear()
        for message in bad:
            await call.say(message)
        await call.say({**match(2, 2), "novelty": {"deep": []}})
        await call.hang()

    async with exchange(talk) as venue:
        said = await said_by(line(venue.url), count(1))
    assert ticks(said) == [2]
    refused = [s for s in said if isinstance(s, Unusable)]
    assert len(refused) == len(bad)
    assert {r.reason for r in refused} == {
        Reason.UNPARSEABLE,
        Reason.UNKNOWN_TYPE,
        Reason.MISSING_FIELD,
        Reason.NO_NUMBER,
        Reason.UNKNOWN_SYMBOL,
    }
    assert len(venue.calls) == 1


async def test_a_venue_that_is_not_there_is_tried_again() -> None:
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)
        await asyncio.sleep(3600 if len(waits) == 5 else 0)

    source = line("ws://127.0.0.1:1", sleep=sleep, backoff=Backoff())
    down = await said_by(source, lambda said: len(said) == 5, states=True)
    assert [each.attempts for each in down if isinstance(each, FeedState)] == [
        *range(1, 6)
    ]
    assert waits[0] <= 1
    assert 4 <= waits[3] <= 8


async def test_a_fast_venue_has_to_wait_while_nobody_takes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(websocket, "INBOX_FRAMES", 10)
    padding, sent_all = "x" * 100_000, asyncio.Event()

    async def talk(call: Call) -> None:
        await call.hear()
        for number in range(1, 400):  # 40 MB: more than sockets hold
            await call.say({**match(number), "padding": padding})
        sent_all.set()
        await call.hang()

    async with exchange(talk, compression=None) as venue:
        said = aiter(line(venue.url))
        assert isinstance(await anext(said), FeedState)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(sent_all.wait(), 1)
        heard = [each async for each in first_of(said, 5) if isinstance(each, Heard)]
        assert 1 <= max(len(each.at) for each in heard) <= 10
        assert isinstance(said, AsyncGenerator)
        await said.aclose()


async def first_of(said: AsyncIterator[Said], many: int) -> AsyncGenerator[Said, None]:
    for _ in range(many):
        yield await anext(said)


async def test_a_capture_plays_back_what_was_heard(tmp_path: Path) -> None:
    async def talk(call: Call) -> None:
        await call.hear()
        await call.say(match(1, 10), "{", match(2, 20))
        if call.number:
            await call.hang()

    tape = tmp_path / "tapes" / "coinbase.jsonl"
    async with exchange(talk) as venue:
        said = await said_by(Live([line(venue.url)], tape), count(4))
    source = Recorded([line("ws://nowhere")], tape, speed=None)
    played = [s async for s in source]
    assert ticks(played) == ticks(said) == [10, 20, 10, 20]
    refused = [s for s in said if isinstance(s, Unusable)]
    assert [s for s in played if isinstance(s, Unusable)] == refused
    at = [a for s in said if isinstance(s, Heard) for a in s.at.tolist()]
    assert [a for s in played if isinstance(s, Heard) for a in s.at.tolist()] == at
    sinces = [s.since for s in said if isinstance(s, Heard) and s.since]
    assert [s.since for s in played if isinstance(s, Heard) and s.since] == sinces


async def test_a_capture_of_another_venue_is_refused(tmp_path: Path) -> None:
    tape = tmp_path / "tape.jsonl"
    tape.write_text('{"feed":"kraken","at":1}\n')
    with pytest.raises(ValueError, match="no feed 'kraken' in this source"):
        [s async for s in Recorded([line("ws://nowhere")], tape, None)]
    tape.write_text("no capture\n")
    with pytest.raises(ValueError, match=r"tape\.jsonl:1: no capture"):
        [s async for s in Recorded([line("ws://nowhere")], tape, None)]
