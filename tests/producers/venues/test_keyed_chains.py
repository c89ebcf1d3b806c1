"""The option chains of Alpaca and Massive: over HTTP, in pages, with a key."""

import asyncio
import json
import time
from typing import Any

import pytest
from aiohttp import web

from producers.listening.backoff import Backoff
from producers.listening.bucket import TokenBucket
from producers.listening.conversation import Conversation, Meaning, Odd, Refused
from producers.listening.live import Live
from producers.listening.paging import MOST_PAGES, PagedFetcher, within
from producers.listening.polling import PollingLine
from producers.settings import AlpacaSource, MassiveSource
from producers.source import Reason, Said, Unusable
from producers.sources import open_source
from producers.venues import alpaca_chain, massive_chain
from streams.events import ChainSnapshot, Right
from streams.volatility.market_time import market_clock
from tests.producers.loopback import said_by, site
from tests.producers.recorded.test_story import utc

NOW = utc("2024-07-01T18:00")
TRADE = {"symbol": "NVDA", "trade": {"t": "2024-07-01T17:59:59Z", "p": 124.5}}
ROW = {
    "latestQuote": {
        "t": "2024-07-01T17:44:59Z",
        "bp": 3.1,
        "bs": 4,
        "ap": 3.2,
        "as": 5,
    },
    "impliedVolatility": 0.48,
    "greeks": {"delta": 0.5, "gamma": 0.01, "rho": 0.1, "theta": -0.1, "vega": 0.2},
}
NAMES = ["NVDA240719C00125500", "NVDA240719P00125500", "NVDA240816C00130000"]


def alpaca_page(
    *names: str, token: str | None = None, row: object = ROW
) -> dict[str, Any]:
    named = names or (NAMES[0],)
    return {"snapshots": dict.fromkeys(named, row), "next_page_token": token}


def massive_row(**told: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON
    usual = {
        "details": {
            "contract_type": "call",
            "exercise_style": "american",
            "expiration_date": "2024-07-19",
            "shares_per_contract": 100,
            "strike_price": 125.5,
            "ticker": "O:NVDA240719C00125500",
        },
        "implied_volatility": 0.48,
        "last_quote": {"bid": 3.1, "ask": 3.2, "last_updated": NOW},
        "underlying_asset": {"ticker": "NVDA", "price": 124.5},
    }
    return {**usual, **told}


def massive_page(*rows: object, link: str | None = None) -> dict[str, Any]:
    told = {"next_url": link} if link else {}
    return {"status": "OK", "results": list(rows or (massive_row(),)), **told}


def details(**told: object) -> dict[str, Any]:
    return massive_row(details={**massive_row()["details"], **told})


CHAIN = ChainSnapshot(
    symbol="NVDA",
    source="massive",
    at=NOW,
    spot=124.5,
    expiry=[utc("2024-07-19T20:00")],
    strike=[125.5],
    right=[Right.CALL],
    bid=[3.1],
    ask=[3.2],
    iv=[0.48],
    delay_seconds=900,
)


def heard(conversation: Conversation, *pages: object) -> list[Meaning]:
    return list(conversation.hear(json.dumps(pages), NOW))


def test_a_snapshot_is_a_chain_and_its_iv_a_fraction_already() -> None:
    assert heard(massive_chain.Snapshots("NVDA", 900), massive_page()) == [CHAIN]
    (chain,) = heard(alpaca_chain.Snapshots("NVDA", 900), TRADE, alpaca_page())
    assert isinstance(chain, ChainSnapshot)
    assert (chain.source, chain.spot, chain.iv) == ("alpaca", 124.5, [0.48])
    assert (chain.expiry, chain.strike, chain.right) == (
        CHAIN.expiry,
        CHAIN.strike,
        CHAIN.right,
    )
    assert (chain.bid, chain.ask, chain.delay_seconds) == ([3.1], [3.2], 900)


def test_what_the_plan_leaves_out_is_none() -> None:
    bare = {"details": massive_row()["details"]}
    (chain,) = heard(massive_chain.Snapshots("NVDA"), massive_page(bare, massive_row()))
    assert isinstance(chain, ChainSnapshot)
    assert (chain.bid, chain.iv) == ([None, 3.1], [None, 0.48])
    page = alpaca_page(row={"impliedVolatility": 0.0})
    (chain,) = heard(alpaca_chain.Snapshots("NVDA"), TRADE, page)
    assert isinstance(chain, ChainSnapshot)
    assert (chain.bid, chain.ask, chain.iv) == ([None], [None], [None])


def test_an_adjusted_option_is_not_of_the_stock() -> None:
    page = massive_page(details(shares_per_contract=15), massive_row())
    assert heard(massive_chain.Snapshots("NVDA", 900), page) == [CHAIN]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (details(contract_type="other"), Reason.UNKNOWN_SYMBOL),
        (details(expiration_date="2024-13-19"), Reason.UNKNOWN_SYMBOL),
        (details(expiration_date=""), Reason.UNKNOWN_SYMBOL),
        (details(strike_price=0), Reason.NO_NUMBER),
        (details(strike_price="125"), Reason.NO_NUMBER),
        (massive_row(implied_volatility="0.48"), Reason.NO_NUMBER),
        (massive_row(details=None), Reason.NO_NUMBER),
        ({}, Reason.MISSING_FIELD),
        (None, Reason.NO_NUMBER),
    ],
)
def test_an_odd_option_of_massive_is_told_and_the_others_kept(
    row: object, reason: Reason
) -> None:
    page = massive_page(row, massive_row(), row)
    odd, chain = heard(massive_chain.Snapshots("NVDA", 900), page)
    assert isinstance(odd, Unusable)
    assert (odd.reason, odd.count, odd.symbol) == (reason, 2, "NVDA")
    assert json.loads(odd.original) == [row, row]
    assert chain == CHAIN


@pytest.mark.parametrize(
    ("name", "row", "reason"),
    [
        ("NVDA", ROW, Reason.UNKNOWN_SYMBOL),
        (NAMES[1], None, Reason.NO_NUMBER),
        (NAMES[1], {"impliedVolatility": "0.48"}, Reason.NO_NUMBER),
        (NAMES[1], {"latestQuote": 3}, Reason.NO_NUMBER),
    ],
)
def test_an_odd_option_of_alpaca_is_told_and_the_others_kept(
    name: str, row: object, reason: Reason
) -> None:
    pages = TRADE, alpaca_page(), alpaca_page(name, row=row)
    odd, chain = heard(alpaca_chain.Snapshots("NVDA"), *pages)
    assert isinstance(odd, Unusable)
    assert (odd.reason, odd.count) == (reason, 1)
    assert isinstance(chain, ChainSnapshot)
    assert chain.strike == [125.5]


@pytest.mark.parametrize(
    ("conversation", "pages", "reason"),
    [
        (alpaca_chain.Snapshots("NVDA"), [alpaca_page()], Reason.MISSING_FIELD),
        (
            alpaca_chain.Snapshots("NVDA"),
            [{"trade": {"p": -1}}, alpaca_page()],
            Reason.NO_NUMBER,
        ),
        (massive_chain.Snapshots("NVDA"), [{"status": "OK"}], Reason.MISSING_FIELD),
        (
            massive_chain.Snapshots("NVDA"),
            [massive_page(massive_row(underlying_asset={}))],
            Reason.MISSING_FIELD,
        ),
        (
            massive_chain.Snapshots("NVDA"),
            [massive_page(massive_row(underlying_asset={"price": -1}))],
            Reason.NO_NUMBER,
        ),
    ],
)
def test_a_chain_of_an_unknown_underlying_price_is_none(
    conversation: Conversation, pages: list[object], reason: Reason
) -> None:
    with pytest.raises(Odd) as odd:
        heard(conversation, *pages)
    assert odd.value.reason is reason


def test_a_key_goes_nowhere_a_link_may_point_to() -> None:
    url = "https://api.massive.com/v3/snapshot/options/NVDA?limit=250"
    link = "https://elsewhere.example/v3/snapshot/options/NVDA?cursor=Y3Vyc29y"
    assert within(url, link) == (
        "https://api.massive.com/v3/snapshot/options/NVDA?cursor=Y3Vyc29y"
    )


class Pages:
    """Alpaca or Massive on loopback, each with two pages of a chain.

    Args:
        bad: the answer to the n-th question (from 1), where it is not the usual.
    """

    def __init__(self, bad: dict[int, web.Response] | None = None) -> None:
        self.asked = 0
        self._bad = bad or {}

    async def answer(self, request: web.Request) -> web.Response:
        self.asked += 1
        if self.asked in self._bad:
            return self._bad[self.asked]
        if request.path.startswith("/v3/"):
            return self._massive(request)
        assert request.headers["APCA-API-KEY-ID"] == "id-1"
        assert request.headers["APCA-API-SECRET-KEY"] == "hush-2"
        if request.path == "/v2/stocks/NVDA/trades/latest":
            assert request.query == {"feed": "iex"}
            return web.json_response(TRADE)
        assert request.path == "/v1beta1/options/snapshots/NVDA"
        usual = {"feed": "indicative", "limit": "1000"}
        if "page_token" not in request.query:
            assert request.query == usual
            return web.json_response(alpaca_page(NAMES[0], token="a+b/c="))
        assert request.query == {**usual, "page_token": "a+b/c="}
        return web.json_response(alpaca_page(*NAMES[1:]))

    def _massive(self, request: web.Request) -> web.Response:
        assert request.headers["Authorization"] == "Bearer hush-2"
        assert request.path == "/v3/snapshot/options/NVDA"
        if "cursor" not in request.query:
            assert request.query == {"limit": "250"}
            link = "https://api.massive.com/v3/snapshot/options/NVDA?cursor=Y3Vy"
            return web.json_response(massive_page(link=link))
        assert request.query == {"cursor": "Y3Vy"}
        rows = [details(contract_type="put"), details(strike_price=130)]
        return web.json_response(massive_page(*rows))


def polled(kind: str, url: str) -> PollingLine:
    """The real poll of a source; its waits pass at once, and its clock with them."""
    given = {"kind": kind, "http_url": url, "chains": "1m", "silence": "1d"}
    if kind == "alpaca":
        keys = {"key": "id-1", "secret": "hush-2"}
        source = open_source(AlpacaSource.model_validate({**given, **keys}))
    else:
        source = open_source(MassiveSource.model_validate({**given, "key": "hush-2"}))
    assert isinstance(source, Live)
    (line,) = [line for line in source.lines if isinstance(line, PollingLine)]
    ahead = [0]

    async def sleep(seconds: float) -> None:
        ahead[0] += round(seconds * 1e9)
        await asyncio.sleep(0)

    line.sleep = sleep
    line.now = lambda: time.time_ns() + ahead[0]
    line.market = market_clock("crypto")
    line.fetcher.bucket = TokenBucket(1000, burst=10)
    line.backoff = Backoff(first=1, cap=900)
    return line


def chains(said: list[Said]) -> list[ChainSnapshot]:
    return [s for s in said if isinstance(s, ChainSnapshot)]


KINDS = pytest.mark.parametrize("kind", ["alpaca", "massive"])


@KINDS
async def test_all_pages_make_one_chain_on_a_cadence(kind: str) -> None:
    venue = Pages()
    async with site(venue.answer) as there:
        said = await said_by(polled(kind, there.url), lambda said: len(said) >= 2)
    first, second = chains(said)
    assert first.strike == [125.5, 125.5, 130.0]
    assert first.right == [Right.CALL, Right.PUT, Right.CALL]
    assert second.at - first.at >= 60e9
    assert venue.asked == (6 if kind == "alpaca" else 4)


@KINDS
@pytest.mark.parametrize(
    ("status", "headers", "least"),
    [(429, {"Retry-After": "37"}, 37), (500, {}, 0.5), (401, {}, 900)],
)
async def test_a_page_refused_is_a_chain_refused_and_waited_out(
    kind: str, status: int, headers: dict[str, str], least: float
) -> None:
    venue = Pages({2: web.Response(status=status, headers=headers)})
    began = time.time_ns()
    async with site(venue.answer) as there:
        said = await said_by(polled(kind, there.url), bool)
    (chain,) = chains(said)
    assert len(chain.strike) == 3
    assert chain.at - began >= least * 1e9


@KINDS
@pytest.mark.parametrize("body", ["", "<html>", "[", '{"results":3,"snapshots":3}'])
async def test_nonsense_is_refused_whole_and_asked_again(kind: str, body: str) -> None:
    venue = Pages({2: web.Response(text=body)})
    async with site(venue.answer) as there:
        said = await said_by(polled(kind, there.url), lambda said: len(said) >= 2)
    odd, chain = said
    assert isinstance(odd, Unusable)
    assert body.encode() in odd.original
    assert isinstance(chain, ChainSnapshot)
    assert len(chain.strike) == 3


async def test_pages_without_end_are_given_up() -> None:
    async def answer(request: web.Request) -> web.Response:  # noqa: ARG001
        return web.Response(text="{}")

    async with site(answer) as there:
        fetcher = PagedFetcher(TokenBucket(1e6, burst=10), following=lambda url, _: url)
        with pytest.raises(Refused, match=f"more than {MOST_PAGES} pages"):
            await fetcher.get(there.url)
        assert len(there.asked) == MOST_PAGES


def test_chains_are_asked_for_only_where_they_are_wanted() -> None:
    keys = {"key": "id-1", "secret": "hush-2"}
    source = open_source(AlpacaSource.model_validate({"kind": "alpaca", **keys}))
    assert isinstance(source, Live)
    assert [line.feed for line in source.lines] == ["alpaca"]
