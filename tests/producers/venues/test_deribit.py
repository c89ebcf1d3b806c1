import asyncio
import json
import time
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from producers.listening.conversation import Meaning, Odd, Refused, Reply, Tick
from producers.settings import DeribitSource
from producers.source import Heard, Reason, Said, Series, Unusable
from producers.sources import open_source
from producers.venues import deribit, deribit_chain
from producers.venues.deribit_chain import _instrument
from streams.events import ChainSnapshot, Right
from tests.producers.loopback import Call, exchange, said_by, site
from tests.producers.recorded.test_story import utc

NOW = utc("2024-07-01T14:00")
DVOL = "deribit_volatility_index.btc_usd"
INDEX = "deribit_price_index.btc_usd"


def note(channel: str, **data: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON
    params = {"channel": channel, "data": data}
    return {"jsonrpc": "2.0", "method": "subscription", "params": params}


def heard(message: object) -> list[Meaning]:
    frame = message if isinstance(message, str) else json.dumps(message)
    return list(deribit.Indices(["BTC"]).hear(frame, NOW))


def test_volatility_is_a_fraction_and_time_nanoseconds() -> None:
    said = heard(note(DVOL, timestamp=1619777946007, volatility=129.36))
    series = Series("BTC", "deribit", "dvol", 30)
    assert said == [Tick(series, 1619777946007000000, 129.36 / 100)]


def test_the_index_price_is_a_price() -> None:
    said = heard(note(INDEX, timestamp=1619777946007, price=64000.5, index_name="x"))
    assert said == [Tick(Series("BTC", "deribit"), 1619777946007000000, 64000.5)]


def test_a_test_request_is_answered() -> None:
    (reply,) = heard(
        {"jsonrpc": "2.0", "method": "heartbeat", "params": {"type": "test_request"}}
    )
    assert isinstance(reply, Reply)
    assert json.loads(reply.frame)["method"] == "public/test"
    assert heard({"method": "heartbeat", "params": {"type": "heartbeat"}}) == []


def test_an_error_is_a_refusal() -> None:
    with pytest.raises(Refused, match="error 10028: too_many_requests"):
        heard({"id": 1, "error": {"code": 10028, "message": "too_many_requests"}})


def test_a_channel_that_was_not_granted_is_reported() -> None:
    (unusable,) = heard({"id": 2, "result": [DVOL]})
    assert isinstance(unusable, Unusable)
    assert unusable.detail == f"{INDEX} was not granted"


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (note("trades.BTC-PERPETUAL.raw", price=1), Reason.UNKNOWN_TYPE),
        (note(DVOL, timestamp=1619777946007, volatility=0), Reason.NO_NUMBER),
        (note(DVOL, timestamp=1619777946007, volatility=-3.0), Reason.NO_NUMBER),
        (note(DVOL, timestamp=0, volatility=50), Reason.NO_NUMBER),
        (note(DVOL, timestamp=1e300, volatility=50), Reason.NO_NUMBER),
        ({"jsonrpc": "2.0", "method": "novelty"}, Reason.UNKNOWN_TYPE),
        ({}, Reason.UNKNOWN_TYPE),
    ],
)
def test_odd_messages_have_a_reason(message: object, reason: Reason) -> None:
    with pytest.raises(Odd) as odd:
        heard(message)
    assert odd.value.reason is reason


def test_an_instrument_is_read_from_its_name() -> None:
    expiry = utc("2027-06-25T08:00")
    assert _instrument("BTC-25JUN27-50000-C") == (
        expiry,
        50000,
        Right.CALL,
    )
    assert _instrument("X-5JUL24-0d625-P") == (
        utc("2024-07-05T08:00"),
        0.625,
        Right.PUT,
    )
    for name in ("BTC-PERPETUAL", "BTC-31FEB27-1-C", "BTC-25JUN27-x-C", "a-b-c-d", ""):
        assert _instrument(name) is None


def test_what_nobody_bids_is_no_price_and_a_mark_is_made_a_fraction() -> None:
    row = {"instrument_name": "BTC-25JUN27-50000-C", "estimated_delivery_price": 6e4}
    quoted = {"bid_price": 0.25, "ask_price": 0.26, "mark_iv": 48.0}
    rows = [{**row, **quoted}, {**row, **dict.fromkeys(quoted, 0.0)}, row]
    (chain,) = deribit_chain.Chain("BTC").hear(json.dumps({"result": rows}), NOW)
    assert isinstance(chain, ChainSnapshot)
    assert chain.bid == [0.25, None, None]
    assert chain.ask == [0.26, None, None]
    assert chain.iv == [0.48, None, None]
    assert (chain.spot, chain.coin_settled, chain.at) == (60_000, True, NOW)


@pytest.mark.data
def test_recorded_messages_parse_without_a_reject(data_dir: Path) -> None:
    folder = data_dir / "deribit"
    for name in ("ws_volatility_index.json", "ws_test_request.json"):
        (meaning,) = heard((folder / name).read_text())
        assert isinstance(meaning, Tick | Reply)
    assert heard((folder / "ws_subscribe_response.json").read_text()) == []
    with pytest.raises(Refused):
        heard((folder / "ws_error.json").read_text())


@pytest.mark.data
def test_a_recorded_chain_parses_without_a_reject(data_dir: Path) -> None:
    body = (data_dir / "deribit" / "book_summary.json").read_bytes()
    (chain,) = deribit_chain.Chain("BTC").hear(body, NOW)
    assert isinstance(chain, ChainSnapshot)
    rows = json.loads(body)["result"]
    assert len(chain.strike) == len(rows) > 0
    assert chain.coin_settled
    assert chain.spot == rows[0]["estimated_delivery_price"]
    assert chain.iv[0] == pytest.approx(rows[0]["mark_iv"] / 100)
    assert chain.bid[0] == rows[0]["bid_price"]
    assert chain.at == max(r["creation_timestamp"] for r in rows) * 1_000_000


def stamped(volatility: float) -> dict[str, Any]:
    return note(DVOL, timestamp=time.time_ns() // 1_000_000, volatility=volatility)


async def subscribed(call: Call) -> None:
    """The opening of a Deribit session, as documented."""
    beat = await call.hear()
    assert beat["method"] == "public/set_heartbeat"
    await call.say({"jsonrpc": "2.0", "id": beat["id"], "result": "ok"})
    asked = await call.hear()
    assert asked["method"] == "public/subscribe"
    channels = asked["params"]["channels"]
    await call.say({"jsonrpc": "2.0", "id": asked["id"], "result": channels})


def ticks(said: list[Said]) -> list[float]:
    return [v for s in said if isinstance(s, Heard) for v in s.value.tolist()]


async def test_a_session_subscribes_answers_heartbeats_and_hears() -> None:
    async def talk(call: Call) -> None:
        await subscribed(call)
        request = {"method": "heartbeat", "params": {"type": "test_request"}}
        await call.say(stamped(50), request)
        answer = await asyncio.wait_for(call.hear(), 2)
        assert answer["method"] == "public/test"  # or Deribit hangs up
        await call.say({"id": answer["id"], "result": {"version": "1"}}, stamped(51))
        await call.hang()

    async with exchange(talk) as venue:
        source = open_source(
            DeribitSource(
                kind="deribit", prices=False, stream_url=venue.url, chains=timedelta(0)
            )
        )
        said = await said_by(source, lambda said: len(ticks(said)) >= 2)
    assert ticks(said) == [0.5, 0.51]
    assert len(venue.calls) == 1


async def test_chains_come_on_a_cadence() -> None:
    row = {
        "instrument_name": "BTC-25JUN27-50000-C",
        "bid_price": None,
        "ask_price": 0.31,
        "mark_iv": 0.0,
        "estimated_delivery_price": 63000.0,
        "creation_timestamp": NOW // 1_000_000,
    }

    async def answer(request: web.Request) -> web.Response:  # noqa: ARG001
        return web.json_response({"result": [row, {**row, "instrument_name": "?"}]})

    async def talk(call: Call) -> None:
        await subscribed(call)
        await call.hang()

    def content(said: Iterable[Said]) -> bool:
        return sum(isinstance(s, ChainSnapshot) for s in said) >= 2

    async with exchange(talk) as venue, site(answer) as http:
        source = open_source(
            DeribitSource(
                kind="deribit",
                stream_url=venue.url,
                http_url=http.url,
                chains=timedelta(seconds=0.1),
            )
        )
        said = await said_by(source, content)
    chain = next(s for s in said if isinstance(s, ChainSnapshot))
    assert chain == ChainSnapshot(
        symbol="BTC",
        source="deribit",
        at=NOW,
        spot=63000.0,
        coin_settled=True,
        expiry=[utc("2027-06-25T08:00")],
        strike=[50000.0],
        right=[Right.CALL],
        bid=[None],
        ask=[0.31],
        iv=[None],
    )
    refused = next(s for s in said if isinstance(s, Unusable))
    assert (refused.reason, refused.count) == (Reason.UNKNOWN_SYMBOL, 1)
