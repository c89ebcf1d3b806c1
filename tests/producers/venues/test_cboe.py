import json
import time
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from producers.listening.backoff import Backoff
from producers.listening.bucket import TokenBucket
from producers.listening.conversation import Alive, Meaning, Odd, Tick
from producers.listening.fetching import Fetcher
from producers.listening.listener import Limits
from producers.listening.polling import PollingLine
from producers.source import Heard, Reason, Said, Series, Unusable
from producers.venues import cboe
from producers.venues.occ import expires
from streams.events import ChainSnapshot, Right
from streams.volatility.market_time import market_clock
from tests.producers.loopback import said_by, site
from tests.producers.recorded.test_story import utc

NOW = utc("2024-07-01T18:00")
PRICE = Series("NVDA", "cboe", delay_seconds=900)
IV30 = Series("NVDA", "cboe", "iv30", 30, delay_seconds=900)
CALL = {"option": "NVDA240719C00125500", "bid": 3.1, "ask": 3.2, "iv": 0.48}


def answer(seqno: int = 1, **data: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON
    usual = {"options": [CALL], "current_price": 124.5, "iv30": 48.2, "seqno": seqno}
    return {"timestamp": "2024-07-01 17:45:00", "data": {**usual, **data}}


def heard(quotes: cboe.Quotes, message: object, received: int = NOW) -> list[Meaning]:
    return list(quotes.hear(json.dumps(message), received))


def test_iv30_is_made_a_fraction_and_an_options_iv_is_one() -> None:
    price, iv30, chain = heard(cboe.Quotes("NVDA"), answer())
    assert price == Tick(PRICE, NOW, 124.5)
    assert iv30 == Tick(IV30, NOW, 48.2 / 100)
    assert isinstance(chain, ChainSnapshot)
    assert chain.iv == [0.48]
    assert chain.strike == [125.5]
    assert chain.right == [Right.CALL]
    assert chain.expiry == [utc("2024-07-19T20:00")]
    assert (chain.spot, chain.coin_settled, chain.delay_seconds) == (124.5, False, 900)


def test_a_price_that_another_source_gives_is_left_out() -> None:
    quotes = cboe.Quotes("NVDA", prices=False)
    iv30, chain = heard(quotes, answer())
    assert iv30 == Tick(IV30, NOW, 48.2 / 100)
    assert isinstance(chain, ChainSnapshot)
    assert chain.spot == 124.5
    assert heard(quotes, answer()) == [Alive(IV30)]
    with pytest.raises(Odd, match="no iv30"):
        heard(quotes, answer(2, iv30=0.0))


def test_nothing_is_computed_where_it_says_zero() -> None:
    message = answer(iv30=0.0, options=[{**CALL, "iv": 0.0, "bid": None}])
    price, chain = heard(cboe.Quotes("NVDA"), message)
    assert isinstance(price, Tick)
    assert isinstance(chain, ChainSnapshot)
    assert (chain.iv, chain.bid) == ([None], [None])


def test_an_answer_seen_before_is_nothing_new() -> None:
    quotes = cboe.Quotes("NVDA")
    assert len(heard(quotes, answer(1))) == 3
    assert heard(quotes, answer(1)) == [Alive(PRICE), Alive(IV30)]
    assert len(heard(quotes, answer(2))) == 3
    without = answer(seqno=None)  # type: ignore[arg-type] # as Cboe might
    assert len(heard(quotes, without)) == 3
    assert heard(quotes, without) == [Alive(PRICE), Alive(IV30)]


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (answer(current_price=None, iv30=None), Reason.MISSING_FIELD),
        (answer(current_price=-1), Reason.NO_NUMBER),
        (answer(iv30=-1), Reason.NO_NUMBER),
    ],
)
def test_odd_answers_have_a_reason(message: object, reason: Reason) -> None:
    with pytest.raises(Odd) as odd:
        heard(cboe.Quotes("NVDA"), message)
    assert odd.value.reason is reason


@pytest.mark.parametrize(
    "name",
    [
        "",
        "NVDA",
        "NVDA240719X00125500",
        "NVDA241319C00125500",
        "NVDA240719C0012550x",
        "NVDA240719C00000000",
        "NVDA२४0719C00125500",
    ],
)
def test_odd_options_are_refused_and_the_others_kept(name: str) -> None:
    message = answer(options=[{**CALL, "option": name}, CALL])
    meanings = heard(cboe.Quotes("NVDA"), message)
    (unusable,) = [m for m in meanings if isinstance(m, Unusable)]
    assert unusable.count == 1
    (chain,) = [m for m in meanings if isinstance(m, ChainSnapshot)]
    assert chain.strike == [125.5]


def test_options_expire_at_the_new_york_close_in_winter_too() -> None:
    assert expires("240119") == utc("2024-01-19T21:00")
    assert expires("240719") == utc("2024-07-19T20:00")


@pytest.mark.data
def test_a_recorded_answer_parses_without_a_reject(data_dir: Path) -> None:
    body = (data_dir / "cboe" / "delayed_quotes_options_mstr.json").read_bytes()
    price, iv30, chain = cboe.Quotes("MSTR").hear(body, NOW)
    told = json.loads(body)["data"]
    assert isinstance(price, Tick)
    assert price.value == told["current_price"]
    assert isinstance(iv30, Tick)
    assert iv30.value == pytest.approx(told["iv30"] / 100)
    assert isinstance(chain, ChainSnapshot)
    assert len(chain.strike) == len(told["options"])
    assert chain.iv == [o["iv"] or None for o in told["options"]]
    assert all(iv is None or iv < 10 for iv in chain.iv)


@pytest.mark.parametrize(
    ("moment", "seconds"),
    [
        ("2024-07-01T13:29", 900),
        ("2024-07-01T13:31", 60),
        ("2024-07-01T20:15", 60),  # the close is still to come, for it is delayed
        ("2024-07-01T20:21", 900),
        ("2024-07-03T17:30", 900),
        ("2024-07-04T15:00", 900),
    ],
)
def test_it_asks_rarely_while_the_market_is_shut(moment: str, seconds: float) -> None:
    assert cboe.cadence(market_clock("us-equity"), 60, utc(moment)) == seconds


def line(url: str, waits: list[float] | None = None) -> PollingLine:
    async def sleep(seconds: float) -> None:
        if waits is not None:
            waits.append(seconds)

    made = PollingLine(
        "cboe/NVDA",
        url + "/NVDA.json",
        lambda: cboe.Quotes("NVDA"),
        market_clock("crypto"),
        cadence=lambda _: 0.05,
        fetcher=Fetcher(TokenBucket(1000, burst=10)),
        limits=Limits(silence=30, grace=0),
        backoff=Backoff(first=0.01, cap=0.05),
    )
    if waits is not None:
        made.sleep = sleep
    return made


def prices(said: list[Said]) -> list[float]:
    return [
        v
        for s in said
        if isinstance(s, Heard) and s.series.measure is None
        for v in s.value.tolist()
    ]


async def test_it_is_polled_and_its_quiet_is_vouched_for() -> None:
    asked = 0

    async def reply(request: web.Request) -> web.Response:
        nonlocal asked
        asked += 1
        assert request.path == "/NVDA.json"
        return web.json_response(answer(asked // 3, current_price=100 + asked // 3))

    async with site(reply) as venue:
        said = await said_by(line(venue.url), lambda said: len(prices(said)) >= 3)
    assert prices(said) == [100, 101, 102]
    mine = [s for s in said if isinstance(s, Heard) and s.series == PRICE]
    assert mine[0].since == int(mine[0].at[0])
    assert all(s.since is None for s in mine[1:])
    watermark = 0
    for each in mine:
        # Nothing is said of a time that was already vouched for.
        assert not len(each.at) or int(each.at[0]) >= watermark
        watermark = max(watermark, each.until or 0)


@pytest.mark.parametrize(
    ("status", "headers", "least"),
    [(429, {"Retry-After": "7"}, 7), (500, {}, 0), (403, {}, 0.05)],
)
async def test_refusals_are_waited_out_and_the_hole_is_shown(
    status: int, headers: dict[str, str], least: float
) -> None:
    asked = 0

    async def reply(request: web.Request) -> web.Response:  # noqa: ARG001
        nonlocal asked
        asked += 1
        if asked == 2:
            return web.Response(status=status, headers=headers)
        return web.json_response(answer(asked, current_price=100 + asked))

    ahead = [0]

    async def sleep(seconds: float) -> None:
        ahead[0] += round(seconds * 1e9)

    began = time.time_ns()
    async with site(reply) as venue:
        source = line(venue.url)
        source.sleep = sleep
        source.now = lambda: time.time_ns() + ahead[0]
        said = await said_by(source, lambda said: len(prices(said)) >= 2)
    assert prices(said) == [101, 103]
    second = next(s for s in said if isinstance(s, Heard) and 103 in s.value)
    assert second.since == int(second.at[0])
    assert int(second.at[0]) >= began + least * 1e9


@pytest.mark.parametrize("body", ["", "<html>", "[]", '{"timestamp":1,"data":{}}'])
async def test_nonsense_is_refused_and_asked_again(body: str) -> None:
    asked = 0

    async def reply(request: web.Request) -> web.Response:  # noqa: ARG001
        nonlocal asked
        asked += 1
        if asked == 1:
            return web.Response(text=body)
        return web.json_response(answer(asked))

    async with site(reply) as venue:
        said = await said_by(line(venue.url), lambda said: len(prices(said)) >= 1)
    assert isinstance(said[0], Unusable)
    assert said[0].original == body.encode()


async def test_a_site_that_is_away_does_not_end_it() -> None:
    waits: list[float] = []
    source = line("http://127.0.0.1:1", waits)
    source.backoff = Backoff(first=1, cap=900)
    clock = [NOW]
    source.now = lambda: clock[0]

    async def sleep(seconds: float) -> None:
        waits.append(seconds)
        clock[0] += round(seconds * 1e9)
        if len(waits) > 200:
            raise KeyError

    source.sleep = sleep
    with pytest.raises(KeyError):
        [s async for s in source]
