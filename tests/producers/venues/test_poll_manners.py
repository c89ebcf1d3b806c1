"""Every polled venue, whole, against a server that does not answer as one should.

The source is what `open_source` makes of its settings; only waits are cut short.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from pydantic import TypeAdapter

from producers.listening import fetching
from producers.listening.bucket import TokenBucket
from producers.listening.live import Live
from producers.listening.polling import PollingLine
from producers.settings import VenueSource
from producers.source import SECOND
from producers.sources import open_source
from streams.volatility.market_time import market_clock

VENUES: dict[str, dict[str, Any]] = {
    "cboe": {},
    "deribit": {"http_url": "", "chains": "15s"},
    "alpaca": {"http_url": "", "chains": "15s", "key": "id-1", "secret": "hush-2"},
    "massive": {"http_url": "", "chains": "15s", "key": "hush-2"},
    "tastytrade": {"client_secret": "hush-1", "refresh_token": "hush-2"},
}
EVERY = pytest.mark.parametrize("kind", VENUES)
VENUE: TypeAdapter[Any] = TypeAdapter(VenueSource)

Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@contextlib.asynccontextmanager
async def server(answer: Answer) -> AsyncIterator[tuple[str, list[int]]]:
    """Run what accepts connections and does as told; yield address and calls."""
    calls: list[int] = []

    async def accepted(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        calls.append(len(calls))
        with contextlib.closing(writer), contextlib.suppress(ConnectionError):
            await answer(reader, writer)

    async with await asyncio.start_server(accepted, "127.0.0.1", 0) as listening:
        port = listening.sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}", calls


def polled(kind: str, url: str) -> tuple[PollingLine, list[int]]:
    """The real poll, in a market that is always open, and its clock (ns)."""
    told = dict(VENUES[kind])
    told["http_url" if "http_url" in told else "url"] = url
    source = open_source(VENUE.validate_python({"kind": kind, **told}))
    assert isinstance(source, Live)
    (line,) = [line for line in source.lines if isinstance(line, PollingLine)]
    clock = [1_719_842_400 * SECOND]

    async def sleep(seconds: float) -> None:
        clock[0] += round(seconds * SECOND)
        await asyncio.sleep(0)

    line.sleep = sleep
    line.now = lambda: clock[0]
    line.market = market_clock("crypto")
    line.fetcher.bucket = TokenBucket(1000, burst=10)
    return line, clock


async def calls_in(line: PollingLine, clock: list[int], seconds: int) -> None:
    """Let it ask until so much of its time has passed."""
    until = clock[0] + seconds * SECOND
    sleep = line.sleep

    async def short(pause: float) -> None:
        await sleep(pause)
        if clock[0] >= until:
            raise KeyError

    line.sleep = short
    with pytest.raises(KeyError):
        [said async for said in line]


@EVERY
async def test_accept_and_hang_up_is_not_asked_again_without_pause(kind: str) -> None:
    async def answer(_: asyncio.StreamReader, __: asyncio.StreamWriter) -> None:
        return

    async with server(answer) as (url, calls):
        line, clock = polled(kind, url)
        await asyncio.wait_for(calls_in(line, clock, 60), 10)
    assert 2 <= len(calls) <= 10


@EVERY
@pytest.mark.parametrize(
    "begun",
    [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n{"],
    ids=["nothing", "half an answer"],
)
async def test_a_venue_that_never_ends_its_answer_is_given_up(
    kind: str, begun: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching, "TIMEOUT_SECONDS", 0.3)
    over = asyncio.Event()

    async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(begun)
        await over.wait()

    async with server(answer) as (url, calls):
        line, _ = polled(kind, url)
        began = time.monotonic()
        with pytest.raises(TimeoutError, match="no answer in time") as error:
            await line.fetcher.get(line.url)
        over.set()
    assert 0.3 <= time.monotonic() - began < 15  # and not the usual 20
    assert len(calls) == 1
    assert "hush" not in str(error.value)


@EVERY
async def test_a_connection_cut_in_an_answer_is_no_answer(kind: str) -> None:
    async def answer(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n{")
        await writer.drain()

    async with server(answer) as (url, _):
        line, _ = polled(kind, url)
        with pytest.raises(OSError, match="Payload"):
            await line.fetcher.get(line.url)
