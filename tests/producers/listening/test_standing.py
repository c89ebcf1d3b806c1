"""What a feed says of itself: why it is down, when it tries again, that it is up."""

import asyncio
import random
import socket
import ssl
from datetime import UTC, datetime

import pytest
import trustme
from aiohttp import web
from prometheus_client import REGISTRY

from producers.listening.backoff import Backoff
from producers.listening.bucket import TokenBucket
from producers.listening.conversation import Refused, Silent
from producers.listening.failure import Failure, failure, seconds_asked
from producers.listening.fetching import Fetcher
from producers.listening.listener import Limits
from producers.listening.polling import PollingLine
from producers.listening.standing import Standing
from producers.listening.websocket import WebSocketLine
from producers.source import SECOND, Said
from producers.venues import cboe, coinbase
from streams.events import FeedState
from streams.volatility.market_time import market_clock
from tests.producers.listening.test_websocket import match
from tests.producers.loopback import Call, exchange, said_by, site
from tests.producers.venues.test_cboe import answer as quotes

CRYPTO = market_clock("crypto")


def streamed(url: str) -> WebSocketLine:
    return WebSocketLine(
        "coinbase",
        url,
        lambda: coinbase.Trades({"BTC": "BTC-USD"}),
        CRYPTO,
        backoff=Backoff(first=0.01, cap=0.05),
    )


def polled(url: str, path: str = "/NVDA.json") -> PollingLine:
    return PollingLine(
        "cboe/NVDA",
        url + path,
        lambda: cboe.Quotes("NVDA"),
        CRYPTO,
        cadence=lambda _: 0.05,
        fetcher=Fetcher(TokenBucket(1000, burst=10)),
        backoff=Backoff(first=0.01, cap=0.05),
    )


def states(said: list[Said]) -> list[FeedState]:
    return [each for each in said if isinstance(each, FeedState)]


async def first_state(line: WebSocketLine | PollingLine) -> FeedState:
    (state,) = await said_by(line, bool, states=True)
    assert isinstance(state, FeedState)
    return state


def nobody_listens() -> int:
    """A port on which a connection is refused."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.mark.parametrize(
    ("host", "reason", "detail"),
    [
        ("127.0.0.1", "no_connection", "connection refused"),
        ("nowhere.invalid", "unknown_name", ""),
    ],
)
@pytest.mark.parametrize("kind", ["streamed", "polled"])
async def test_an_address_that_cannot_be_reached_is_told_in_words(
    kind: str, host: str, reason: str, detail: str
) -> None:
    where = f"{host}:{nobody_listens()}"
    line = (
        streamed(f"ws://{where}") if kind == "streamed" else polled(f"http://{where}")
    )
    state = await first_state(line)
    assert not state.up
    assert state.reason == reason
    assert state.detail.startswith(detail)


@pytest.mark.parametrize("kind", ["streamed", "polled"])
async def test_a_certificate_nobody_vouches_for_is_told(kind: str) -> None:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("localhost").configure_cert(tls)

    async def accepted(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    async with await asyncio.start_server(
        accepted, "127.0.0.1", 0, ssl=tls
    ) as listening:
        where = f"localhost:{listening.sockets[0].getsockname()[1]}"
        streams = kind == "streamed"
        line = streamed(f"wss://{where}") if streams else polled(f"https://{where}")
        state = await first_state(line)
    assert (state.reason, state.detail) == ("no_tls", "CERTIFICATE_VERIFY_FAILED")


async def test_attempts_are_counted_and_the_next_is_announced() -> None:
    line = streamed(f"ws://127.0.0.1:{nobody_listens()}")
    line.backoff = Backoff(rng=random.Random(1))
    clock = [1_719_842_400 * SECOND]

    async def sleep(seconds: float) -> None:
        clock[0] += round(seconds * SECOND)

    line.sleep, line.now = sleep, lambda: clock[0]
    began = clock[0]
    told = states(await said_by(line, lambda said: len(said) == 8, states=True))
    assert [state.attempts for state in told] == [*range(1, 9)]
    assert {state.since for state in told} == {began}
    tries = [state.next_try or 0 for state in told]
    assert tries[:-1] == [state.at for state in told[1:]]
    assert 30 * SECOND <= tries[-1] - told[-1].at <= 60 * SECOND


async def test_a_feed_says_once_that_it_is_up_and_again_after_an_outage() -> None:
    async def talk(call: Call) -> None:
        await call.hear()
        await call.say(match(2 * call.number), match(2 * call.number + 1))
        await asyncio.sleep(0.05)
        if call.number:
            await call.hang()

    def content(said: list[Said]) -> bool:
        return [state.up for state in states(said)] == [True, False, True]

    async with exchange(talk) as venue:
        up, down, again = states(
            await said_by(streamed(venue.url), content, states=True)
        )
    assert (up.next_try, up.reason, up.attempts) == (None, "", 0)
    assert (down.detail, down.attempts) == ("the venue hung up", 1)
    assert up.since < down.since <= (down.next_try or 0) <= again.since


@pytest.mark.parametrize(
    ("code", "words", "detail"),
    [
        (1000, "", "the venue hung up"),
        (1013, "try again later", "the venue hung up: try again later"),
        (None, "", "the connection broke"),
    ],
)
async def test_how_a_connection_ended_is_told(
    code: int | None, words: str, detail: str
) -> None:
    async def talk(call: Call) -> None:
        await call.hear()
        if code is None:
            call.socket.transport.abort()
        else:
            await call.socket.close(code, words)

    async with exchange(talk) as venue:
        state = await first_state(streamed(venue.url))
    assert (state.reason, state.detail) == ("closed", detail)


async def test_a_connection_that_lasts_is_up_though_its_market_is_shut() -> None:
    async def talk(call: Call) -> None:
        await call.hang()

    async with exchange(talk) as venue:
        line = streamed(venue.url)
        line.limits = Limits(silence=30, deaf=30, settled=0.2)
        assert (await first_state(line)).up


async def test_a_feed_that_stays_up_says_so_every_minute_and_a_poll_does_too() -> None:
    standing = Standing("coinbase")
    told = [state.at for s in range(300) for state in standing.stands(s * SECOND)]
    assert told == [0, *(60 * n * SECOND for n in range(1, 5))]

    async def answer(_: web.Request) -> web.Response:
        return web.json_response(quotes())

    clock = [1_719_842_400 * SECOND]

    async def sleep(seconds: float) -> None:
        clock[0] += round(seconds * SECOND)

    async with site(answer) as venue:
        line = polled(venue.url)
        line.sleep, line.now, line.cadence = sleep, lambda: clock[0], lambda _: 900
        first, second, third = states(
            await said_by(line, lambda said: len(states(said)) == 3, states=True)
        )
    assert len(venue.asked) == 1
    assert {first.since, second.since, third.since} == {first.at}
    assert third.at - second.at == second.at - first.at == 60 * SECOND


async def test_an_answer_of_no_use_is_waited_out_like_none() -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.json_response({"error": {"code": 7, "message": "maintenance"}})

    def content(said: list[Said]) -> bool:
        return len(states(said)) == 3

    async with site(answer) as venue:
        told = states(await said_by(polled(venue.url), content, states=True))
    assert [(state.up, state.attempts) for state in told] == [
        (False, 1),
        (False, 2),
        (False, 3),
    ]
    assert told[0].detail == "its answer holds nothing of use"


async def test_no_state_holds_a_key_that_stands_in_an_address() -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(status=500)

    async with site(answer) as venue:
        line = polled(venue.url, "/q?token=hush-1")
        refused = await first_state(line)
    gone = await first_state(polled(f"http://127.0.0.1:{nobody_listens()}", "/hush-1"))
    assert (refused.reason, refused.detail) == ("refused", "HTTP 500")
    assert "hush" not in f"{refused} {gone}"


def test_prometheus_sees_a_feed_come_up_and_go_down_and_counts_how_often() -> None:
    def shown(what: str, **labels: str) -> float | None:
        labels = {"feed": "seen", **labels}
        return REGISTRY.get_sample_value(f"volcross_feed_{what}", labels)

    standing, backoff = Standing("seen"), Backoff()
    assert shown("connected") == 0
    for count in (1, 2):
        assert [state.up for state in standing.stands(count * SECOND)] == [True]
        assert shown("connected") == 1
        standing.fails(Failure("closed", "the venue hung up"), backoff, count * SECOND)
        assert shown("connected") == 0
        assert shown("reconnects_total", reason="closed") == count


def test_what_will_hardly_help_waits_longest() -> None:
    backoff = Backoff(first=1, cap=900)
    wrong_key = Failure("refused", "HTTP 401", permanent=True)
    wait, state = Standing("alpaca").fails(wrong_key, backoff, 5 * SECOND)
    assert wait == 900
    assert state.next_try == 905 * SECOND


def test_every_failure_has_one_of_few_reasons() -> None:
    assert failure(Silent("no tick while its market is open")).reason == "silent"
    assert failure(Refused("error 7: no", retry_after=3)) == Failure(
        "refused", "error 7: no", 3
    )
    assert failure(TimeoutError()).reason == "no_answer"
    assert failure(OSError("ServerDisconnectedError")).reason == "broken"


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("17", 17),
        ("0.5", 0.5),
        ("-3", 0),
        ("Sun, 22 Nov 2026 10:00:30 GMT", 30),
        ("Sun, 22 Nov 2026 09:00:00 GMT", 0),
        ("inf", 86_400),
        ("1e300", 86_400),
        ("nan", 0),
        ("soon", None),
        ("", None),
        (None, None),
    ],
)
def test_retry_after_is_seconds_or_a_date_and_never_for_ever(
    text: str | None, seconds: float | None
) -> None:
    now = datetime(2026, 11, 22, 10, tzinfo=UTC).timestamp()
    assert seconds_asked(text, lambda: now) == seconds
