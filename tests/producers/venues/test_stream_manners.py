"""Every websocket venue, whole, against everything a venue may do to us.

The source is what `open_source` makes of its settings, the venue a server that
shakes hands as the real one does; only waits and limits are cut short.
"""

import asyncio
import contextlib
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

import pytest
from pydantic import TypeAdapter
from websockets.asyncio.server import ServerConnection
from websockets.http11 import Request, Response

from producers.listening import websocket
from producers.listening.backoff import Backoff
from producers.listening.bucket import TokenBucket
from producers.listening.listener import Limits
from producers.listening.live import Live
from producers.listening.websocket import WebSocketLine
from producers.settings import VenueSource
from producers.source import Heard, Said, Unusable
from producers.sources import open_source
from streams.volatility.market_time import market_clock
from tests.producers.loopback import Call, exchange, said_by
from tests.producers.venues.test_deribit import stamped, subscribed
from tests.producers.venues.test_exchanges import trade
from tests.producers.venues.test_stocks import pricing


@dataclass(frozen=True)
class Venue:
    """How one venue speaks.

    Attributes:
        settings: beside its kind and address.
        tick: the n-th message, which says n.
        error: how it says no for now; None if it has no words for that.
        greet: how it opens a connection.
    """

    settings: dict[str, Any]
    tick: Callable[[int], object]
    error: object | None
    greet: Callable[[Call], Awaitable[object]] = Call.hear


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def now_text() -> str:
    return datetime.now(UTC).isoformat()


async def alpaca_greets(call: Call) -> None:
    await call.say([{"T": "success", "msg": "connected"}])
    assert (await call.hear())["action"] == "auth"
    await call.say([{"T": "success", "msg": "authenticated"}])
    assert (await call.hear())["action"] == "subscribe"


async def massive_greets(call: Call) -> None:
    await call.say([{"ev": "status", "status": "connected"}])
    assert (await call.hear())["action"] == "auth"
    await call.say([{"ev": "status", "status": "auth_success"}])
    assert (await call.hear())["action"] == "subscribe"


VENUES = {
    "deribit": Venue(
        {"prices": False, "chains": "0s"},
        lambda n: stamped(100 * n),
        {"id": 2, "error": {"code": 10028, "message": "too_many_requests"}},
        subscribed,
    ),
    "coinbase": Venue(
        {},
        lambda n: trade("coinbase", n, n, time=now_text()),
        {"type": "error", "message": "Failed", "reason": "busy"},
    ),
    "kraken": Venue(
        {},
        lambda n: trade("kraken", n, n, timestamp=now_text()),
        {"method": "subscribe", "success": False, "error": "busy"},
    ),
    "binance": Venue(
        {},
        lambda n: trade("binance", n, n, T=now_ms()),
        {"error": {"code": 3, "msg": "busy"}, "id": 1},
    ),
    "yahoo": Venue(
        {}, lambda n: pricing(id="NVDA", price=n, time=now_ms(), hours=1), None
    ),
    "alpaca": Venue(
        {"key": "id-1", "secret": "hush-2"},
        lambda n: [{"T": "t", "S": "NVDA", "p": n, "s": 10, "t": now_text()}],
        [{"T": "error", "code": 406, "msg": "connection limit exceeded"}],
        alpaca_greets,
    ),
    "massive": Venue(
        {"key": "hush-3"},
        lambda n: [{"ev": "T", "sym": "NVDA", "p": n, "s": 10, "t": now_ms()}],
        [{"ev": "status", "status": "max_connections"}],
        massive_greets,
    ),
}
EVERY = pytest.mark.parametrize("kind", VENUES)
VENUE: TypeAdapter[Any] = TypeAdapter(VenueSource)


def opened(kind: str, url: str, **more: Any) -> tuple[Live, WebSocketLine]:  # noqa: ANN401 - passed on
    """The real source, in a market that is always open, and its line."""
    address = "stream_url" if kind == "deribit" else "url"
    told = {"kind": kind, address: url, **VENUES[kind].settings}
    source = open_source(VENUE.validate_python(told))
    assert isinstance(source, Live)
    (line,) = source.lines
    assert isinstance(line, WebSocketLine)
    usual: dict[str, Any] = {
        "market": market_clock("crypto"),
        "limits": Limits(silence=30, deaf=10),
        "backoff": Backoff(first=0.01, cap=0.05),
        "bucket": TokenBucket(1000, burst=100),
    }
    for name, value in {**usual, **more}.items():
        setattr(line, name, value)
    return source, line


def ticks(said: list[Said]) -> list[float]:
    return [v for s in said if isinstance(s, Heard) for v in s.value.tolist()]


def count(wanted: int) -> Callable[[list[Said]], bool]:
    return lambda said: len(ticks(said)) >= wanted


@EVERY
async def test_it_hears_and_answers_a_ping(kind: str) -> None:
    venue = VENUES[kind]

    async def talk(call: Call) -> None:
        await venue.greet(call)
        await call.say(venue.tick(1), venue.tick(2))
        pong = await call.socket.ping()
        await asyncio.wait_for(pong, 2)  # or the venue hangs up
        await call.say(venue.tick(3))
        await call.hang()

    async with exchange(talk) as there:
        said = await said_by(opened(kind, there.url)[0], count(3))
    assert ticks(said) == [1, 2, 3]
    assert len(there.calls) == 1


@EVERY
@pytest.mark.parametrize("how", ["closes", "breaks"])
async def test_a_venue_that_goes_is_called_again_and_the_hole_is_shown(
    kind: str, how: str
) -> None:
    venue = VENUES[kind]

    async def talk(call: Call) -> None:
        await venue.greet(call)
        await call.say(venue.tick(call.number + 1))
        await asyncio.sleep(0.05)
        if how == "breaks":
            call.socket.transport.abort()

    async with exchange(talk) as there:
        said = await said_by(opened(kind, there.url)[0], count(3))
    heard = [s for s in said if isinstance(s, Heard) and len(s.at)]
    assert ticks(said) == [1, 2, 3]
    assert all(each.since is not None for each in heard)
    assert len(there.calls) == 3


@EVERY
@pytest.mark.parametrize("says", [0, 1], ids=["nothing", "one trade"])
async def test_accept_and_hang_up_is_not_redialled_without_pause(
    kind: str, says: int
) -> None:
    venue, simulated, enough = VENUES[kind], [0.0], asyncio.Event()

    async def talk(call: Call) -> None:
        if says:
            await venue.greet(call)
            await call.say(venue.tick(1))

    async def sleep(seconds: float) -> None:
        simulated[0] += seconds
        if simulated[0] > 60:
            enough.set()
            await asyncio.sleep(3600)

    async def listen(source: Live) -> None:
        async for _ in source:
            pass

    async with exchange(talk) as there:
        backoff = Backoff(rng=random.Random(1))
        source, _ = opened(kind, there.url, sleep=sleep, backoff=backoff)
        task = asyncio.create_task(listen(source))
        await asyncio.wait_for(enough.wait(), 10)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
    assert 5 <= len(there.calls) <= 10


@EVERY
@pytest.mark.parametrize(
    ("how", "limits"),
    [
        # Pings are answered all along: only the silence gives it away.
        ("silent", Limits(silence=0.5, deaf=30)),
        ("half open", Limits(silence=30, deaf=0.5)),
    ],
)
async def test_a_venue_that_says_nothing_is_given_up_within_its_limit(
    kind: str, how: str, limits: Limits, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(websocket, "PULSE_SECONDS", 0.1)
    venue = VENUES[kind]
    called: list[float] = []

    async def talk(call: Call) -> None:
        called.append(time.monotonic())
        await venue.greet(call)
        if call.number:
            await call.say(venue.tick(1))
        elif how == "half open":
            call.socket.transport.pause_reading()
        await call.hang()

    async with exchange(talk, close_timeout=0.1) as there:
        source, _ = opened(kind, there.url, limits=limits)
        said = await said_by(source, count(1))
        for call in there.calls:
            call.socket.transport.abort()
    assert ticks(said) == [1]
    # By the limit that is meant, not by the other; however busy the machine is.
    assert 0.5 <= called[1] - called[0] < 25


@pytest.mark.parametrize(
    "kind", [kind for kind, venue in VENUES.items() if venue.error]
)
async def test_an_error_frame_ends_the_connection_and_no_more(kind: str) -> None:
    venue = VENUES[kind]

    async def talk(call: Call) -> None:
        await venue.greet(call)
        await call.say(venue.tick(call.number + 1))
        if call.number == 0:
            await call.say(venue.error, venue.tick(99))
        await call.hang()

    async with exchange(talk) as there:
        said = await said_by(opened(kind, there.url)[0], count(2))
    assert ticks(said) == [1, 2]
    assert len(there.calls) == 2


@EVERY
async def test_too_many_requests_are_answered_with_the_patience_asked_for(
    kind: str,
) -> None:
    venue, waits, refusals = VENUES[kind], list[float](), [2]

    def admit(socket: ServerConnection, request: Request) -> Response | None:  # noqa: ARG001
        if not refusals[0]:
            return None
        refusals[0] -= 1
        response = socket.respond(HTTPStatus.TOO_MANY_REQUESTS, "slowly\n")
        response.headers["Retry-After"] = "17"
        return response

    async def talk(call: Call) -> None:
        await venue.greet(call)
        await call.say(venue.tick(1))
        await call.hang()

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    async with exchange(talk, process_request=admit) as there:
        said = await said_by(opened(kind, there.url, sleep=sleep)[0], count(1))
    assert ticks(said) == [1]
    assert waits == [17, 17]


@EVERY
async def test_bad_messages_are_refused_and_the_connection_kept(kind: str) -> None:
    venue = VENUES[kind]
    bad: list[object] = ["{", "null", "3", '"text"', b"\xff\xfe", "[" * 2000]

    async def talk(call: Call) -> None:
        await venue.greet(call)
        for number, message in enumerate(bad, 1):
            await call.say(message, venue.tick(number))
        await call.hang()

    async with exchange(talk) as there:
        said = await said_by(opened(kind, there.url)[0], count(len(bad)))
    assert ticks(said) == [1, 2, 3, 4, 5, 6]
    assert len([s for s in said if isinstance(s, Unusable)]) == len(bad)
    assert len(there.calls) == 1
