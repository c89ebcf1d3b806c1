"""Every polled venue answers wrongly once, over a socket, and well thereafter.

Whatever it was: the feed says that it is down and why, waits as long as it was
asked to, asks again, and says from when on it listened.
"""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from producers.listening.backoff import Backoff
from producers.source import SECOND, Heard, Said, Unusable
from streams.events import ChainSnapshot, FeedState
from tests.producers.loopback import said_by
from tests.producers.venues.test_cboe import answer as cboe_answer
from tests.producers.venues.test_keyed_chains import TRADE, alpaca_page, massive_page
from tests.producers.venues.test_poll_manners import EVERY, VENUES, polled, server
from tests.producers.venues.test_tastytrade import metric, metrics

SUMMARY = {
    "instrument_name": "BTC-25JUN27-50000-C",
    "bid_price": 0.3,
    "ask_price": 0.31,
    "mark_iv": 48.0,
    "estimated_delivery_price": 63000.0,
    "creation_timestamp": 1719842400000,
}


@dataclass(frozen=True)
class Site:
    """What one venue says over HTTP.

    Attributes:
        good: the answer to a path.
        error: its error object, as it may come with a status of 200.
        told: what people read of that; None for a venue that documents none.
    """

    good: Callable[[str], object]
    error: object
    told: str | None


SITES = {
    "cboe": Site(lambda _: cboe_answer(1), {"error": {"code": 7}}, None),
    "deribit": Site(
        lambda _: {"result": [SUMMARY]},
        {"jsonrpc": "2.0", "error": {"code": 10028, "message": "too_many_requests"}},
        "error 10028: too_many_requests",
    ),
    "alpaca": Site(
        lambda path: TRADE if "trades/latest" in path else alpaca_page(),
        {"code": 42210000, "message": "invalid feed: opra"},
        "error 42210000: invalid feed: opra",
    ),
    "massive": Site(
        lambda _: massive_page(),
        {"status": "ERROR", "request_id": "a1", "error": "maximum requests exceeded"},
        "ERROR: maximum requests exceeded",
    ),
    "tastytrade": Site(
        lambda _: metrics(metric()),
        {"error": {"code": "not_permitted", "message": "User not permitted access"}},
        "not_permitted: User not permitted access",
    ),
}
TOKEN = {"access_token": "hush-4", "token_type": "Bearer", "expires_in": 900}


def written(body: bytes, *headers: str, status: str = "200 OK") -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join([*lines, "Connection: close", "", ""]).encode() + body


def as_json(told: object) -> bytes:
    return written(json.dumps(told).encode(), "Content-Type: application/json")


async def after_one(kind: str, wrong: bytes) -> list[Said]:
    """Return what a feed says of a venue that answers wrongly once."""
    mishaps = [wrong]

    async def answer(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        method, path, _ = head.split(" ", 2)
        if method == "POST":  # for a token, which is not what is tried here
            await reader.readuntil(b"refresh_token=hush-2")
            writer.write(as_json(TOKEN))
        else:
            said = mishaps.pop() if mishaps else as_json(SITES[kind].good(path))
            writer.write(said)
        await writer.drain()

    def content(said: list[Said]) -> bool:
        return any(isinstance(each, Heard | ChainSnapshot) for each in said)

    async with server(answer) as (url, _):
        line, _ = polled(kind, url)
        line.backoff = Backoff(first=1, cap=900)
        return await said_by(line, content, states=True)


def outage(said: list[Said]) -> tuple[FeedState, FeedState]:
    """Return the one time it was down, and the one it was up again."""
    down, up = (each for each in said if isinstance(each, FeedState))
    assert (down.up, up.up) == (False, True)
    assert down.attempts == 1
    assert down.next_try is not None
    assert up.at >= down.next_try
    first = next((each for each in said if isinstance(each, Heard)), None)
    assert first is None or first.since == up.at  # it vouches for nothing before
    return down, up


def test_every_polled_venue_is_tried() -> None:
    assert SITES.keys() == VENUES.keys()


@EVERY
@pytest.mark.parametrize(
    ("status", "header", "least"),
    [
        ("429 Too Many Requests", "Retry-After: 37", 37),
        ("503 Service Unavailable", "Retry-After: 1200", 1200),
        ("500 Internal Server Error", "X-Nothing: 1", 0.5),
    ],
)
async def test_a_refusal_is_waited_out_as_long_as_the_venue_asks(
    kind: str, status: str, header: str, least: float
) -> None:
    said = await after_one(kind, written(b"{}", header, status=status))
    down, up = outage(said)
    assert (down.reason, down.detail) == ("refused", f"HTTP {status[:3]}")
    assert up.at - down.at >= least * SECOND


@EVERY
async def test_an_error_inside_a_status_of_200_is_a_refusal(kind: str) -> None:
    said = await after_one(kind, as_json(SITES[kind].error))
    down, _ = outage(said)
    if SITES[kind].told is None:
        assert down.reason == "silent"
        (odd,) = [each for each in said if isinstance(each, Unusable)]
        assert odd.original == json.dumps(SITES[kind].error).encode()
    else:
        assert (down.reason, down.detail) == ("refused", SITES[kind].told)


@EVERY
@pytest.mark.parametrize(
    "wrong",
    [
        b"HTCPCP/1.0 418 I'm a teapot\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n{}\r\n",
        b"HTTP/1.1 200 OK\r\nNo colon here\r\n\r\n{}",
        written(b"no gzip at all", "Content-Encoding: gzip"),
    ],
    ids=["status line", "length", "chunk", "header", "gzip"],
)
async def test_what_is_no_http_is_an_answer_that_broke_off(
    kind: str, wrong: bytes
) -> None:
    said = await after_one(kind, wrong)
    down, _ = outage(said)
    assert down.reason == "broken"
    assert "hush" not in down.detail


@EVERY
@pytest.mark.parametrize("body", [b"", b"<html>", b"[", b"null", b"\xff\xfe", b"{}"])
async def test_a_body_that_is_no_answer_is_rejected_whole(
    kind: str, body: bytes
) -> None:
    said = await after_one(kind, written(body))
    down, _ = outage(said)
    (odd,) = [each for each in said if isinstance(each, Unusable)]
    assert body in odd.original
    assert (down.reason, down.detail) == ("silent", "its answer holds nothing of use")
