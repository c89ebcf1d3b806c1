"""How fast each venue's messages are understood, on one core.

Usage: python benchmarks/venues.py. A websocket venue must manage 100,000
trades a second, a chain of 4,000 options 30 ms.
"""

import base64
import json
import struct
import time
from collections.abc import Callable

from producers.listening.conversation import Conversation
from producers.listening.listener import Limits, Listener
from producers.source import SECOND, Heard
from producers.venues import (
    alpaca,
    alpaca_chain,
    binance,
    cboe,
    coinbase,
    deribit,
    deribit_chain,
    kraken,
    massive,
    massive_chain,
    yahoo,
)
from streams.events import ChainSnapshot
from streams.volatility.market_time import market_clock

NOW = 1_719_842_400 * SECOND
FRAMES = 100_000
BATCH = 200
OPTIONS = 4000


def _pricing(number: int) -> str:
    # What Yahoo sends, in base64: id, price, time, currency, exchange, hours.
    price = struct.pack("<f", 124.5 + number % 100)
    stamp, time = 2 * (1_719_842_400_000 + number), b""
    while stamp > 0x7F:
        time, stamp = time + bytes([stamp & 0x7F | 0x80]), stamp >> 7
    raw = b"\x0a\x04NVDA\x15" + price + b"\x18" + time + bytes([stamp])
    raw += b"\x22\x03USD\x2a\x03NMS\x30\x08\x38\x01"
    return base64.b64encode(raw).decode()


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
    "yahoo": (
        lambda: yahoo.Prices({"NVDA": "NVDA"}),
        lambda n: {"type": "pricing", "message": _pricing(n)},
    ),
    "alpaca": (
        lambda: alpaca.Trades({"NVDA": "NVDA"}, "key", "secret"),
        lambda n: [
            {
                "T": "t",
                "S": "NVDA",
                "i": n,
                "x": "V",
                "p": 124.5,
                "s": 10,
                "c": ["@"],
                "z": "C",
                "t": "2024-07-01T14:00:00.123456789Z",
            }
        ],
    ),
    "massive": (
        lambda: massive.Trades({"NVDA": "NVDA"}, "key"),
        lambda n: [
            {
                "ev": "T",
                "sym": "NVDA",
                "i": str(n),
                "x": 4,
                "p": 124.5,
                "s": 10,
                "c": [0, 12],
                "t": 1719842400123 + n,
                "q": n,
                "z": 3,
            }
        ],
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
        *_, said = conversation.hear(body, NOW)
        best = min(best, time.process_time() - began)
        assert isinstance(said, ChainSnapshot)  # noqa: S101 - as in `trades`
        assert len(said.strike) == OPTIONS  # noqa: S101 - as in `trades`
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


def alpaca_answer(options: int) -> bytes:
    """Return an answer with so many options, in pages of 1,000."""
    row = {
        "dailyBar": {"c": 3.9, "h": 4.1, "l": 3.7, "n": 88, "o": 3.8, "v": 1868},
        "greeks": {"delta": 0.51, "gamma": 0.02, "rho": 0.03, "theta": -0.1},
        "impliedVolatility": 0.773,
        "latestQuote": {"ap": 3.95, "as": 5, "bp": 3.85, "bs": 65, "c": "A"},
        "latestTrade": {"p": 3.9, "s": 1, "t": "2024-07-01T13:59:59Z", "x": "C"},
    }
    names = [f"NVDA24{7 + n % 5:02}19C{50_000 + n:08}" for n in range(options)]
    pages: list[object] = [{"symbol": "NVDA", "trade": {"p": 124.5}}]
    pages += [
        {"snapshots": dict.fromkeys(names[first : first + 1000], row)}
        for first in range(0, options, 1000)
    ]
    return json.dumps(pages).encode()


def massive_answer(options: int) -> bytes:
    """Return an answer with so many options, in pages of 250."""
    rows = [
        {
            "break_even_price": 129.4,
            "day": {"change": 0.1, "close": 3.9, "high": 4.1, "volume": 1868},
            "details": {
                "contract_type": "call",
                "exercise_style": "american",
                "expiration_date": f"2024-{7 + n % 5:02}-19",
                "shares_per_contract": 100,
                "strike_price": 50 + n / 1000,
                "ticker": f"O:NVDA24{7 + n % 5:02}19C{50_000 + n:08}",
            },
            "greeks": {"delta": 0.51, "gamma": 0.02, "theta": -0.1, "vega": 0.2},
            "implied_volatility": 0.773,
            "last_quote": {"ask": 3.95, "ask_size": 5, "bid": 3.85, "bid_size": 65},
            "open_interest": 2952,
            "underlying_asset": {"price": 124.5, "ticker": "NVDA"},
        }
        for n in range(options)
    ]
    pages = [{"results": rows[n : n + 250]} for n in range(0, options, 250)]
    return json.dumps(pages).encode()


def main() -> None:
    """Print a row for each venue."""
    for name, (begin, frame) in TRADES.items():
        print(f"{name:<16} {trades(begin, frame):>12,.0f} messages/s")
    chains = {
        "cboe chain": chain(lambda: cboe.Quotes("NVDA"), cboe_answer(OPTIONS)),
        "deribit chain": chain(
            lambda: deribit_chain.Chain("BTC"), deribit_answer(OPTIONS)
        ),
        "alpaca chain": chain(
            lambda: alpaca_chain.Snapshots("NVDA"), alpaca_answer(OPTIONS)
        ),
        "massive chain": chain(
            lambda: massive_chain.Snapshots("NVDA"), massive_answer(OPTIONS)
        ),
    }
    for name, milliseconds in chains.items():
        print(f"{name:<16} {milliseconds:>12.2f} ms for {OPTIONS:,} options")


if __name__ == "__main__":
    main()
