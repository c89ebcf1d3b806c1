"""What `volcross check` finds of sources, with venues on loopback."""

import asyncio
from typing import Any

from aiohttp import web
from pydantic import TypeAdapter

from producers.settings import SourceSettings
from tests.producers.loopback import Call, exchange, site
from tests.producers.venues.test_cboe import answer
from tests.producers.venues.test_exchanges import trade
from volcross.commands.check_sources import source_findings
from volcross.commands.finding import Finding

ANY: TypeAdapter[Any] = TypeAdapter(SourceSettings)


async def found(*, listen: bool = False, **tables: dict[str, Any]) -> list[Finding]:
    sources = {name: ANY.validate_python(table) for name, table in tables.items()}
    return [finding async for finding in source_findings(sources, listen=listen)]


async def test_a_source_that_cannot_be_opened_says_why_and_what_can_says_nothing() -> (
    None
):
    assert await found(
        alpaca={"kind": "alpaca", "symbols": ["AMD"]},
        tape={"kind": "replay", "files": ["gone.csv"]},
        cboe={"kind": "cboe"},
        made_up={"kind": "synthetic", "symbols": {"X": {}}},
    ) == [
        Finding(
            "source",
            good=False,
            said="alpaca: no key: set VOLCROSS_SOURCES__ALPACA__KEY"
            " and VOLCROSS_SOURCES__ALPACA__SECRET",
        ),
        Finding("source", good=False, said="tape: gone.csv: no such file"),
    ]


async def test_two_sources_of_the_same_are_told() -> None:
    (finding,) = await found(one={"kind": "cboe"}, two={"kind": "yahoo"})
    assert not finding.good
    assert finding.said.startswith("one and two both give the price of NVDA")


async def test_every_feed_is_listened_to_whatever_becomes_of_the_others() -> None:
    async def talk(call: Call) -> None:
        await call.hear()
        await call.say(trade("coinbase", 1))
        await call.hang()

    async def quotes(_: web.Request) -> web.Response:
        return web.json_response(answer())

    async def refuses(_: web.Request) -> web.Response:
        await asyncio.sleep(0.1)
        return web.Response(status=403)

    async with exchange(talk) as one, site(quotes) as two, site(refuses) as three:
        coinbase = {"kind": "coinbase", "url": one.url}
        kraken = {"kind": "kraken", "url": "ws://nowhere.invalid"}
        massive = {"kind": "massive", "symbols": ["TSM"]}
        tsm = {"kind": "cboe", "url": two.url, "symbols": ["TSM"]}
        told = await found(
            listen=True,
            bitcoin={"kind": "failover", "prefer": [kraken, coinbase]},
            second={"kind": "failover", "prefer": [massive, tsm]},
            cboe={"kind": "cboe", "url": two.url},
            slow={"kind": "cboe", "url": three.url, "symbols": ["AMD"]},
            made_up={"kind": "synthetic", "symbols": {"X": {}}},
        )
    locked, kraken_down, coinbase_up, tsm_up, cboe_up, slow_down = told
    variable = "VOLCROSS_SOURCES__SECOND__PREFER__0__KEY"
    assert locked.said == f"second, massive: no key: set {variable}"
    assert not locked.good
    assert not kraken_down.good
    assert kraken_down.said.startswith("bitcoin, kraken: ")
    assert coinbase_up == Finding("feed", good=True, said="bitcoin, coinbase: up")
    assert tsm_up == Finding("feed", good=True, said="second, cboe/TSM: up")
    assert cboe_up == Finding("feed", good=True, said="cboe/NVDA: up")
    assert slow_down == Finding("feed", good=False, said="slow, cboe/AMD: HTTP 403")
