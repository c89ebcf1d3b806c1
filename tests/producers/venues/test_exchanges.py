"""Coinbase, Kraken and Binance: the same trades in three spellings."""

import json
from typing import Any, Literal

import pytest

from producers.listening.conversation import Meaning, Missed, Odd, Refused, Tick
from producers.settings import TradesSource
from producers.source import Heard, Reason, Said, Series, Unusable
from producers.sources import open_source
from producers.venues import binance, coinbase, kraken
from tests.producers.loopback import Call, exchange, said_by
from tests.producers.recorded.test_story import utc

Name = Literal["coinbase", "kraken", "binance"]
AT = utc("2024-07-01T14:00:00.123")


def trade(name: Name, number: int, price: float = 62000.5, **other: Any) -> Any:  # noqa: ANN401 - any JSON
    """One trade of a quarter of a bitcoin as the venue writes it."""
    if name == "coinbase":
        return {
            "type": "match",
            "trade_id": number,
            "maker_order_id": "x",
            "side": "sell",
            "size": "0.25",
            "price": str(price),
            "product_id": "BTC-USD",
            "sequence": 7 * number,
            "time": "2024-07-01T14:00:00.123000Z",
            **other,
        }
    if name == "binance":
        return {
            "e": "aggTrade",
            "E": 1719842400124,
            "s": "BTCUSDT",
            "a": number,
            "p": str(price),
            "q": "0.25",
            "T": 1719842400123,
            "m": True,
            **other,
        }
    row = {
        "symbol": "BTC/USD",
        "side": "buy",
        "price": price,
        "qty": 0.25,
        "ord_type": "market",
        "trade_id": number,
        "timestamp": "2024-07-01T14:00:00.123000Z",
        **other,
    }
    return {"channel": "trade", "type": "update", "data": [row]}


ASKED = {
    # A heartbeat each second tells a quiet market from a dead line.
    "coinbase": {
        "type": "subscribe",
        "product_ids": ["BTC-USD", "ETH-USD"],
        "channels": ["matches", "heartbeat"],
    },
    # A snapshot is of what was long ago.
    "kraken": {
        "method": "subscribe",
        "params": {
            "channel": "trade",
            "symbol": ["BTC/USD", "ETH/USD"],
            "snapshot": False,
        },
    },
    "binance": {
        "method": "SUBSCRIBE",
        "params": ["btcusdt@aggTrade", "ethusdt@aggTrade"],
        "id": 1,
    },
}

TALKS = {"coinbase": coinbase, "kraken": kraken, "binance": binance}
NAMES: list[Name] = ["coinbase", "kraken", "binance"]


def heard(name: Name, *messages: object) -> list[Meaning]:
    talk = TALKS[name].Trades({"BTC": TALKS[name].SYMBOLS["BTC"]})
    return [
        meaning
        for message in messages
        for meaning in talk.hear(json.dumps(message), AT + 1)
    ]


@pytest.mark.parametrize("name", NAMES)
def test_a_trade_is_a_tick(name: Name) -> None:
    assert heard(name, trade(name, 1)) == [Tick(Series("BTC", name), AT, 62000.5, 0.25)]


@pytest.mark.parametrize("name", NAMES)
def test_missing_numbers_are_noticed(name: Name) -> None:
    meanings = heard(name, trade(name, 1), trade(name, 2), trade(name, 6))
    assert meanings[2] == Missed(Series("BTC", name), 3)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("coinbase", {"type": "subscriptions", "channels": []}),
        ("coinbase", {"type": "heartbeat", "sequence": 1, "product_id": "BTC-USD"}),
        ("kraken", {"channel": "heartbeat"}),
        ("kraken", {"channel": "status", "type": "update", "data": [{"x": 1}]}),
        ("kraken", {"method": "subscribe", "success": True, "result": {}}),
        ("binance", {"result": None, "id": 1}),
    ],
)
def test_formalities_mean_nothing(name: Name, message: object) -> None:
    assert heard(name, message) == []


@pytest.mark.parametrize(
    ("name", "message", "reason"),
    [
        ("coinbase", {"type": "error", "message": "no", "reason": "busy"}, "no: busy"),
        (
            "kraken",
            {"method": "subscribe", "success": False, "error": "Currency pair"},
            "Currency pair",
        ),
        ("binance", {"error": {"code": 2, "msg": "Invalid"}, "id": 1}, "2: Invalid"),
    ],
)
def test_errors_are_refusals(name: Name, message: object, reason: str) -> None:
    with pytest.raises(Refused, match=reason):
        heard(name, message)


@pytest.mark.parametrize("name", NAMES)
def test_unknown_messages_are_odd(name: Name) -> None:
    kind = {"coinbase": "type", "kraken": "channel", "binance": "e"}[name]
    with pytest.raises(Odd) as odd:
        heard(name, {kind: "novelty"})
    assert odd.value.reason is Reason.UNKNOWN_TYPE


def test_one_bad_trade_of_kraken_does_not_take_the_others_with_it() -> None:
    message = trade("kraken", 1)
    good = message["data"][0]
    message["data"] = [
        good,
        {**good, "price": None},
        {**good, "price": -1},
        {**good, "symbol": "DOGE/USD"},
        {"symbol": "BTC/USD"},
        7,
        {**good, "timestamp": "2024-07-01T14:00:00"},
        {**good, "trade_id": 2},
    ]
    meanings = heard("kraken", message)
    assert sum(isinstance(m, Tick) for m in meanings) == 2
    refused = [m.reason for m in meanings if isinstance(m, Unusable)]
    assert refused == [
        Reason.NO_NUMBER,
        Reason.NO_NUMBER,
        Reason.UNKNOWN_SYMBOL,
        Reason.MISSING_FIELD,
        Reason.NO_NUMBER,
        Reason.NO_NUMBER,
    ]


@pytest.mark.parametrize("name", NAMES)
async def test_a_session_over_a_real_socket(name: Name) -> None:
    async def talk(call: Call) -> None:
        assert await call.hear() == ASKED[name]
        await call.say(
            {"kraken": {"channel": "heartbeat"}}.get(name, trade(name, 1)),
            "}",
            *(trade(name, number, 100 + number) for number in range(2, 5)),
        )
        await call.hang()

    def ticks(said: list[Said]) -> list[float]:
        return [v for s in said if isinstance(s, Heard) for v in s.value.tolist()]

    async with exchange(talk) as venue:
        source = open_source(TradesSource(kind=name, url=venue.url))
        said = await said_by(source, lambda said: len(ticks(said)) >= 3)
    assert ticks(said)[-3:] == [102, 103, 104]
    assert {s.series for s in said if isinstance(s, Heard)} == {Series("BTC", name)}
    assert [s.original for s in said if isinstance(s, Unusable)] == [b"}"]
