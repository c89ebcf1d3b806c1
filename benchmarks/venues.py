"""How fast each venue's messages are understood, on one core.

Usage: python benchmarks/venues.py. A websocket venue must manage 100,000
trades a second, a chain of 4,000 options 30 ms.
"""

import json
import time
from collections.abc import Callable

from producers import binance, cboe, coinbase, deribit, deribit_chain, kraken
from producers.conversation import Conversation
from producers.listener import Limits, Listener
from producers.source import SECOND, Heard
from streams.volatility.market_time import market_clock

NOW = 1_719_842_400 * SECOND
FRAMES = 100_000
BATCH = 200

TRADES: dict[str, tuple[Callable[[], Conversation], Callable[[int], object]]] = {
    "deribit": (
        lambda: deribit.Indices(["BTC"]),
        lambda n: {
            "jsonrpc": "2.0",
            "method": "subscription",
            "params": {
                "channel": "deribit_volatility_index.btc_usd",
                "data": {
                    "timestamp": 1719842400000 + n,
                    "volatility": 50.25,
                    "index_name": "btc_usd",
                },
            },
        },
    ),
    "coinbase": (
        lambda: coinbase.Trades({"BTC": "BTC-USD"}),
        lambda n: {
            "type": "match",
            "trade_id": n,
            "maker_order_id": "ac928c66-ca53-498f-9c13-a110027a60e8",
            "taker_order_id": "132fb6ae-456b-4654-b4e0-d681ac05cea1",
            "side": "sell",
            "size": "0.00251665",
            "price": "62000.51",
            "product_id": "BTC-USD",
            "sequence": 50 * n,
            "time": "2024-07-01T14:00:00.123000Z",
        },
    ),
    "kraken": (
        lambda: kraken.Trades({"BTC": "BTC/USD"}),
        lambda n: {
            "channel": "trade",
            "type": "update",
            "data": [
                {
                    "symbol": "BTC/USD",
                    "side": "buy",
                    "price": 62000.5,
                    "qty": 0.00251665,
                    "ord_type": "market",
                    "trade_id": n,
                    "timestamp": "2024-07-01T14:00:00.123000Z",
                }
            ],
        },
    ),
    "binance": (
        lambda: binance.Trades({"BTC": "BTCUSDT"}),
        lambda n: {
            "e": "aggTrade",
            "E": 1719842400124,
            "s": "BTCUSDT",
            "a": n,
            "p": "62000.51000000",
            "q": "0.00251665",
            "f": n,
            "l": n,
            "T": 1719842400123,
            "m": True,
            "M": True,
        },
    ),
}


def trades(begin: Callable[[], Conversation], frame: Callable[[int], object]) -> float:
    """Return messages/s, from text to the columns that are published."""
    frames = [(NOW + 1_000_000 * n, json.dumps(frame(n))) for n in range(FRAMES)]
    listener = Listener(begin(), market_clock("crypto"), Limits(), NOW, {})
    began = time.process_time()
    heard = 0
    for first in range(0, FRAMES, BATCH):
        for said in listener.hear(frames[first : first + BATCH], "bench"):
            heard += len(said.at) if isinstance(said, Heard) else 0
    assert heard == FRAMES  # noqa: S101 - a benchmark of what was not done is none
    return FRAMES / (time.process_time() - began)


def chain(begin: Callable[[], Conversation], body: bytes) -> float:
    """Return the milliseconds one whole chain takes, the best of five.

    The conversation is a new one each time: Cboe's would see nothing new.
    """
    best = float("inf")
    for _ in range(5):
        conversation = begin()
        began = time.process_time()
        list(conversation.hear(body, NOW))
        best = min(best, time.process_time() - began)
    return 1000 * best


def cboe_answer(options: int) -> bytes:
    """Return an answer with so many options."""
    row = {
        "bid": 3.85,
        "bid_size": 65.0,
        "ask": 3.95,
        "ask_size": 5.0,
        "iv": 0.773,
        "open_interest": 2952.0,
        "volume": 1868.0,
        "delta": 0.5096,
        "last_trade_time": "2024-07-01T15:59:59",
    }
    names = [f"NVDA24{7 + n % 5:02}19C{50_000 + n:08}" for n in range(options)]
    rows = [{"option": name, **row} for name in names]
    data = {"options": rows, "current_price": 124.5, "iv30": 48.2}
    return json.dumps({"timestamp": "2024-07-01 14:00:00", "data": data}).encode()


def deribit_answer(options: int) -> bytes:
    """Return an answer with so many options."""
    row = {
        "bid_price": 0.307,
        "ask_price": 0.3115,
        "mark_price": 0.30986373,
        "mark_iv": 48.03,
        "underlying_price": 65626.59,
        "estimated_delivery_price": 63128.25,
        "creation_timestamp": 1719842400000,
    }
    names = [f"BTC-2{n % 8 + 1}JUN27-{1000 + n}-C" for n in range(options)]
    rows = [{"instrument_name": name, **row} for name in names]
    return json.dumps({"result": rows}).encode()


def main() -> None:
    """Print a row for each venue."""
    for name, (begin, frame) in TRADES.items():
        print(f"{name:<16} {trades(begin, frame):>12,.0f} messages/s")
    chains = {
        "cboe chain": chain(lambda: cboe.Quotes("NVDA"), cboe_answer(4000)),
        "deribit chain": chain(
            lambda: deribit_chain.Chain("BTC"), deribit_answer(4000)
        ),
    }
    for name, milliseconds in chains.items():
        print(f"{name:<16} {milliseconds:>12.2f} ms for 4,000 options")


if __name__ == "__main__":
    main()
