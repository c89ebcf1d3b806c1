"""No message, however mangled, gets past a venue's parser as anything odd."""

import json
import math
import random
from collections.abc import Callable

import pytest

from producers.listening.conversation import Conversation, Refused, Reply, Tick
from producers.listening.listener import Limits, Listener
from producers.source import Heard, Unusable
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
    protobuf,
    tastytrade,
    yahoo,
)
from streams.events import ChainSnapshot
from streams.volatility.market_time import market_clock
from tests.producers.recorded.test_story import utc
from tests.producers.venues.test_cboe import answer
from tests.producers.venues.test_deribit import DVOL, INDEX, note
from tests.producers.venues.test_exchanges import trade
from tests.producers.venues.test_keyed_chains import TRADE, alpaca_page, massive_page
from tests.producers.venues.test_stocks import pricing
from tests.producers.venues.test_tastytrade import metric, metrics

NOW = utc("2024-07-01T14:00")
FRAMES = 100_000

VENUES: dict[str, tuple[Callable[[], Conversation], list[object]]] = {
    "deribit": (
        lambda: deribit.Indices(["BTC"]),
        [
            note(DVOL, timestamp=1619777946007, volatility=129.36, index_name="btc"),
            note(INDEX, timestamp=1619777946007, price=64000.5),
            {"method": "heartbeat", "params": {"type": "test_request"}},
            {"id": 2, "result": [DVOL, INDEX]},
            {"id": 1, "error": {"code": 10028, "message": "too_many_requests"}},
        ],
    ),
    "deribit chain": (
        lambda: deribit_chain.Chain("BTC"),
        [
            {
                "result": [
                    {
                        "instrument_name": "BTC-25JUN27-50000-C",
                        "bid_price": 0.3,
                        "ask_price": None,
                        "mark_iv": 48.0,
                        "estimated_delivery_price": 63000.0,
                        "creation_timestamp": 1719842400000,
                    }
                ]
            }
        ],
    ),
    "cboe": (lambda: cboe.Quotes("NVDA"), [answer()]),
    "coinbase": (
        lambda: coinbase.Trades({"BTC": "BTC-USD"}),
        [trade("coinbase", 1), {"type": "subscriptions"}, {"type": "error"}],
    ),
    "kraken": (
        lambda: kraken.Trades({"BTC": "BTC/USD"}),
        [trade("kraken", 1), {"channel": "heartbeat"}],
    ),
    "yahoo": (
        lambda: yahoo.Prices({"NVDA": "NVDA"}),
        [pricing(id="NVDA", price=124.5, time=1719842400123, hours=1)],
    ),
    "alpaca": (
        lambda: alpaca.Trades({"NVDA": "NVDA"}, "key", "secret"),
        [
            [{"T": "t", "S": "NVDA", "p": 124.5, "s": 10, "t": "2024-07-01T14:00:00Z"}],
            [{"T": "success", "msg": "authenticated"}],
        ],
    ),
    "massive": (
        lambda: massive.Trades({"NVDA": "NVDA"}, "key"),
        [
            [{"ev": "T", "sym": "NVDA", "p": 124.5, "s": 10, "t": 1719842400123}],
            [{"ev": "status", "status": "auth_success"}],
        ],
    ),
    "alpaca chain": (
        lambda: alpaca_chain.Snapshots("NVDA"),
        [[TRADE, alpaca_page()]],
    ),
    "massive chain": (
        lambda: massive_chain.Snapshots("NVDA"),
        [[massive_page()]],
    ),
    "tastytrade": (
        lambda: tastytrade.Metrics(["NVDA"]),
        [metrics(metric()), metrics(metric(**{"updated-at": None}))],
    ),
    "binance": (
        lambda: binance.Trades({"BTC": "BTCUSDT"}),
        [trade("binance", 1), {"result": None, "id": 1}],
    ),
}

_TOKENS = [
    *(b"null", b"true", b"[]", b"{}", b'""', b"-1", b"0", b"0.0", b"1e999", b"-1e308"),
    *(
        b"NaN",
        b"Infinity",
        b'"NaN"',
        b'"inf"',
        b'"1e999"',
        b'"-0"',
        b"9" * 40,
        b'"\\u0000"',
    ),
    *(b"\xff", b"\x00", b'"\xf0\x9f\x92\xa9"', b"{" * 40, b"[" * 2000),
]


def mangled(frame: bytes, rng: random.Random) -> bytes:
    """Return the frame after one to four accidents."""
    for _ in range(rng.randint(1, 4)):
        start = rng.randrange(len(frame) + 1)
        stop = min(len(frame), start + rng.choice((0, 1, 1, 2, 5, 20)))
        accident = rng.randrange(4)
        if accident == 0:  # a token where none belongs
            frame = frame[:start] + rng.choice(_TOKENS) + frame[stop:]
        elif accident == 1:  # a value replaced
            parts = frame.split(b":")
            part = rng.randrange(len(parts))
            tail = (
                parts[part][parts[part].find(b",") :] if b"," in parts[part] else b"}"
            )
            parts[part] = rng.choice(_TOKENS) + tail
            frame = b":".join(parts)
        elif accident == 2:  # bytes changed
            noise = bytes(rng.randrange(256) for _ in range(stop - start))
            frame = frame[:start] + noise + frame[stop:]
        else:  # cut short
            frame = frame[:start]
    return frame


def check(said: object) -> None:
    """Nothing that is no number may leave."""
    if isinstance(said, Heard):
        assert all(0 < value < math.inf for value in said.value.tolist())
        assert all(0 < at < 2**62 for at in said.at.tolist())
    if isinstance(said, ChainSnapshot):
        assert 0 < said.spot < math.inf
        assert (
            len({len(said.strike), len(said.expiry), len(said.bid), len(said.iv)}) == 1
        )
        for column in (said.strike, said.bid, said.ask, said.iv):
            assert all(v is None or math.isfinite(v) for v in column)


def test_protobuf_of_noise_is_a_message_or_a_value_error() -> None:
    rng = random.Random(1)
    for _ in range(FRAMES):
        noise = rng.randbytes(rng.randrange(24))
        try:
            found = protobuf.fields(noise)
        except ValueError:
            continue
        assert all(isinstance(value, int | float | bytes) for value in found.values())


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", VENUES)
def test_a_mangled_frame_is_understood_or_refused(name: str) -> None:
    begin, messages = VENUES[name]
    rng = random.Random(name)
    originals = [json.dumps(message).encode() for message in messages]
    listener = Listener(begin(), market_clock("crypto"), Limits(), NOW, {})
    refused = understood = 0
    for number in range(FRAMES):
        frame = mangled(rng.choice(originals), rng)
        text: str | bytes = frame
        if number % 2:
            text = frame.decode(errors="surrogateescape")
        try:
            meanings = listener._meanings(text, NOW + number, name)
        except Refused:
            continue  # the venue's own word, which may end a connection
        for meaning in meanings:
            if isinstance(meaning, Tick):
                assert 0 < meaning.value < math.inf
                assert 0 < meaning.at < 2**62
            check(meaning)
            refused += isinstance(meaning, Unusable)
            understood += isinstance(meaning, Tick | ChainSnapshot | Reply)
    assert refused > FRAMES / 10
    assert understood > 100
