"""What each venue remembers, asked for over HTTP and told as ticks."""

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
from aiohttp import web

from producers.historians import historians
from producers.history.candles import Candle
from producers.history.historian import Historian, Wanted, chapters
from producers.listening.bucket import TokenBucket
from producers.listening.conversation import Odd, Refused
from producers.listening.fetching import Fetcher
from producers.settings import (
    CboeSource,
    DeribitSource,
    FailoverSource,
    Meaning,
    TastytradeSource,
    TradesSource,
    YahooSource,
)
from producers.source import SECOND, Heard
from producers.venues import (
    binance_history,
    coinbase_history,
    deribit_history,
    yahoo_history,
)
from streams.settings import Kafka
from streams.stages.grid import Grid
from streams.volatility.corporate_actions import CorporateAction
from tests.producers.history import remembering
from tests.producers.history.remembering import Answer, row
from tests.producers.loopback import site
from tests.streams.market import settings

NOW = 1_722_000_030 * SECOND
MINUTE = 60 * SECOND
DAY = 86_400
DAYS = 3


def asking() -> Fetcher:
    return Fetcher(TokenBucket(10_000, burst=10_000))


def wanted(days: float = DAYS, symbol: str = "BTC") -> Wanted:
    return Wanted(symbol, days * DAY, 60)


async def all_of(historian: Historian, since: int, until: int) -> list[Heard]:
    return [heard async for heard in historian.tell(since, until)]


def bars(told: list[Heard]) -> dict[int, tuple[float, ...]]:
    """Return the minute bars that the ticks make, by their opening second."""
    grid, found = Grid(MINUTE), dict[int, tuple[float, ...]]()
    for heard in told:
        assert heard.since is not None
        closed = grid.take(heard.since, heard.end + 1, heard.at, heard.value)
        for at, *prices in zip(*closed[2:7], strict=True) if closed else ():
            found[int(at) // SECOND - 60] = tuple(map(float, prices))
    return found


Maker = Callable[[str], Historian]
PRICES: dict[str, tuple[Answer, Maker]] = {
    "deribit": (
        remembering.deribit,
        lambda url: deribit_history.prices(wanted(), "BTC-PERPETUAL", asking(), url),
    ),
    "coinbase": (
        remembering.coinbase,
        lambda url: coinbase_history.prices(wanted(), "BTC-USD", asking(), url),
    ),
    "binance": (
        remembering.binance,
        lambda url: binance_history.prices(wanted(), "btcusdt", asking(), url),
    ),
}


@pytest.mark.parametrize("venue", PRICES)
async def test_three_days_of_an_exchange_come_as_bars_without_a_hole(
    venue: str,
) -> None:
    answer, make = PRICES[venue]
    since = NOW // MINUTE * MINUTE - DAYS * DAY * SECOND
    async with site(answer) as place:
        told = await all_of(make(place.url), since, NOW)
        asked = len(place.asked)
    found = bars(told)
    minutes = range(since // SECOND, NOW // SECOND // 60 * 60, 60)
    assert {at: found.get(at) for at in minutes} == {
        at: pytest.approx(row(at, 60)) for at in minutes
    }
    assert told[0].since == since
    assert told[-1].until == NOW
    assert all(a.until == b.since for a, b in pairwise(told))
    assert asked == len(told) > 1


async def test_a_stock_comes_by_its_sessions_and_by_five_minutes_before() -> None:
    # NOW is a Friday, 13:20 UTC: before the open.
    async with site(remembering.yahoo) as place:
        historian = yahoo_history.prices(
            Wanted("NVDA", 31 * DAY, 60), "NVDA", asking(), place.url
        )
        told = await all_of(historian, NOW - 31 * DAY * SECOND, NOW)
        asked = place.asked
    assert all(path.startswith("/NVDA?interval=") for path in asked)
    assert [path.split("=")[1].split("&")[0] for path in asked] == ["5m", *["1m"] * 5]
    found = bars(told)
    minutes = [at for at in found if at > NOW // SECOND - 29 * DAY]
    assert len(minutes) > 19 * 380
    # What nobody traded in has no bar, and the last trade on its own is none.
    assert len(minutes) < 21 * 390 * 0.985
    assert all(found[at] == pytest.approx(row(at, 60)) for at in minutes[::7])
    # Each five minutes are one bar, the last of the five.
    early = {at: bar for at, bar in found.items() if at * SECOND < told[0].end}
    assert len(early) > 50
    assert early == {at: pytest.approx(row(at - 240, 300)) for at in early}


async def test_what_a_delayed_feed_has_yet_to_say_is_not_told_before() -> None:
    until = (NOW // SECOND // DAY * DAY + 18 * 3600) * SECOND  # the session is on
    async with site(remembering.yahoo) as place:
        historian = yahoo_history.prices(
            Wanted("NVDA", DAY, 60, behind_seconds=900), "NVDA", asking(), place.url
        )
        told = await all_of(historian, until - 7200 * SECOND, until)
        late = await all_of(historian, until - 60 * SECOND, until)
    assert int(told[-2].at[-1]) == until - 900 * SECOND - 1
    assert told[-1].end == until
    assert all(one.until == other.since for one, other in pairwise(told))
    # Within the delay there is nothing to tell, but that.
    assert [(len(h.at), h.since, h.until) for h in late] == [
        (0, until - 60 * SECOND, until)
    ]


async def test_a_vol_comes_by_day_by_hour_by_minute_and_by_second() -> None:
    year = wanted(400)
    async with site(remembering.deribit) as place:
        historian = deribit_history.vols(year, asking(), place.url)
        told = await all_of(historian, NOW - 400 * DAY * SECOND, NOW)
        asked = [path.split("resolution=")[1] for path in place.asked]
    assert list(dict.fromkeys(asked)) == ["1D", "3600", "60", "1"]
    at = np.concatenate([heard.at for heard in told])
    value = np.concatenate([heard.value for heard in told])
    assert (np.diff(at) > 0).all()
    asked_for = chapters(deribit_history.DVOL_LAYERS, NOW - 400 * DAY * SECOND, NOW)
    assert len(at) == sum(len(range(*c.asked(c.step))) for c in asked_for)
    # Each is the close of its candle, told at its last instant, as a fraction.
    closes = [remembering.vol((t + 1) // SECOND) / 100 for t in at[:-1:97].tolist()]
    assert value[:-1:97] == pytest.approx(closes)


async def test_an_exchange_without_data_says_so_and_is_believed() -> None:
    async def nothing(request: web.Request) -> web.Response:  # noqa: ARG001
        empty = {"status": "no_data", "ticks": [], "open": [], "high": []}
        return web.json_response({"result": {**empty, "low": [], "close": []}})

    async with site(nothing) as place:
        make = PRICES["deribit"][1]
        told = await all_of(make(place.url), NOW - 3600 * SECOND, NOW)
    assert [len(heard.at) for heard in told] == [0]


async def test_pages_that_lead_in_circles_are_not_followed() -> None:
    async def circle(request: web.Request) -> web.Response:
        end = int(request.query["end_timestamp"])
        return web.json_response({"result": {"data": [], "continuation": end}})

    async with site(circle) as place:
        historian = deribit_history.vols(wanted(), asking(), place.url)
        await all_of(historian, NOW - 600 * SECOND, NOW)
        assert len(place.asked) == 1


def test_prices_are_told_on_the_terms_on_which_they_were_traded() -> None:
    split = CorporateAction(at=100 * SECOND, factor=10.0)
    dividend = CorporateAction(at=50 * SECOND, factor=1.0003)
    to_come = CorporateAction(at=10_000 * SECOND, factor=4.0)
    rows = [Candle(n * SECOND, 12, 13, 11, 12.5) for n in (40, 99, 100, 200)]
    found = yahoo_history.as_traded(rows, [to_come, split, dividend], 300 * SECOND)
    assert [row.close for row in found] == [125, 125, 12.5, 12.5]
    assert found[0][1:] == (120, 130, 110, 125)
    assert yahoo_history.as_traded(rows, [], 300 * SECOND) == rows


def test_a_chart_that_is_an_error_is_a_refusal() -> None:
    body = b'{"chart":{"result":null,"error":{"code":"x","description":"no data"}}}'
    with pytest.raises(Refused, match="no data"):
        yahoo_history.candles(body, 60)


@pytest.mark.parametrize(
    "body",
    [
        b'{"result":{"status":"ok","ticks":[1700000000000],"open":[]}}',
        b'{"result":{"status":"","ticks":[1],"open":[1],"high":[1],"low":[1],"close":[1]}}',
    ],
)
def test_a_chart_that_does_not_fit_together_is_odd(body: bytes) -> None:
    with pytest.raises(Odd):
        deribit_history.price_candles(body)


def test_text_that_is_no_price_is_odd() -> None:
    with pytest.raises(Odd):
        binance_history.candles(b'[[1700000000000,"1","2","x","1"]]')


def found_for(*sources: object) -> dict[Meaning, str]:
    """Return who remembers what, for all of these sources."""
    configured = settings(Kafka())
    return {
        meaning: historian.series.source
        for source in sources
        for meaning, historian in historians(source, configured).items()  # type: ignore[arg-type]  # each is one
    }


def test_each_source_has_its_historians() -> None:
    assert found_for(DeribitSource(kind="deribit", currencies=("BTC", "ETH"))) == {
        ("BTC", "dvol"): "deribit",
        ("BTC", None): "deribit-perpetual",
        ("ETH", "dvol"): "deribit",
        ("ETH", None): "deribit-perpetual",
    }
    assert found_for(CboeSource(kind="cboe", symbols=("NVDA", "_SPX", "XYZ"))) == {
        ("NVDA", None): "yahoo"
    }
    assert found_for(TradesSource(kind="coinbase")) == {
        ("BTC", None): "coinbase",
        ("ETH", None): "coinbase",
    }
    assert found_for(TradesSource(kind="kraken")) == {}
    assert found_for(TastytradeSource(kind="tastytrade")) == {}


def test_the_first_venue_that_remembers_is_asked() -> None:
    prefer = (
        TradesSource(kind="kraken"),
        TradesSource(kind="binance"),
        TradesSource(kind="coinbase"),
    )
    found = found_for(FailoverSource(kind="failover", prefer=prefer))
    assert set(found.values()) == {"binance"}


def test_history_can_be_switched_off() -> None:
    off = DeribitSource.model_validate({"kind": "deribit", "history": False})
    none = YahooSource.model_validate({"kind": "yahoo", "history": "0s"})
    assert found_for(off, none) == {}


def test_prices_go_back_as_far_as_the_longest_window_and_no_further() -> None:
    configured = settings(Kafka(), realised={"windows": ["1h", "30d"]}, pairs=[])
    # Where a window of a stock ends and where it begins there may be a long week-end.
    stock = historians(CboeSource(kind="cboe"), configured)["NVDA", None]
    assert stock.back_seconds == 38 * DAY
    assert stock.behind_seconds == 900
    found = historians(DeribitSource(kind="deribit"), configured)
    assert found["BTC", None].back_seconds == 31 * DAY
    assert found["BTC", "dvol"].back_seconds == 400 * DAY
    short = DeribitSource.model_validate({"kind": "deribit", "history": "2d"})
    assert historians(short, configured)["BTC", None].back_seconds == 2 * DAY
