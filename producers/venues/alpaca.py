"""Alpaca: trades of US stocks, with a key.

https://docs.alpaca.markets/docs/real-time-stock-pricing-data. It greets, wants
a key, and takes the subscription only then; every message is a list.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import partial
from typing import Final

import msgspec

from producers.listening.conversation import (
    Frame,
    Meaning,
    Odd,
    Refused,
    Reply,
    Tick,
    from_datetime,
    positive,
    unusable,
)
from producers.listening.listener import Limits
from producers.listening.live import Line
from producers.listening.websocket import WebSocketLine
from producers.settings import AlpacaSource
from producers.source import Reason, Series
from producers.venues import alpaca_chain
from streams.volatility.market_time import market_clock

NAME: Final = "alpaca"
URL: Final = "wss://stream.data.alpaca.markets/v2"

_SILENT = frozenset({"subscription"})
# Not authenticated, wrong key, not in the subscription plan.
_PERMANENT = frozenset({401, 402, 404, 409, 410})


class _Message(msgspec.Struct):
    T: str
    S: str = ""
    p: float | None = None
    s: float | None = None
    t: datetime | None = None
    code: int = 0
    msg: str = ""


_rows = msgspec.json.Decoder(list[msgspec.Raw]).decode
_message = msgspec.json.Decoder(_Message).decode


class Trades:
    """The trades of some stocks.

    Args:
        symbols: our names of them and Alpaca's.
        key: the key's id.
        secret: the key's secret.
    """

    def __init__(self, symbols: Mapping[str, str], key: str, secret: str) -> None:
        self._series = {
            theirs: Series(symbol, NAME) for symbol, theirs in symbols.items()
        }
        self._auth = {"action": "auth", "key": key, "secret": secret}

    def open(self) -> Iterable[str]:
        """Say who we are."""
        return [msgspec.json.encode(self._auth).decode()]

    def hear(self, frame: Frame, received: int) -> Iterable[Meaning]:  # noqa: ARG002 - stamped by the venue
        """Return what a message means."""
        for raw in _rows(frame):
            # Each on its own: one bad trade must not take the others with it.
            try:
                yield from self._one(_message(raw))
            except (Odd, msgspec.ValidationError) as error:
                yield unusable(NAME, error, bytes(raw))

    def _one(self, message: _Message) -> Iterable[Meaning]:
        if message.T == "t":
            return [self._trade(message)]
        if message.T == "success":
            if message.msg != "authenticated":
                return []
            request = {"action": "subscribe", "trades": list(self._series)}
            return [Reply(msgspec.json.encode(request).decode())]
        if message.T == "error":
            detail = f"error {message.code}: {message.msg}"
            raise Refused(detail, permanent=message.code in _PERMANENT)
        if message.T in _SILENT:
            return []
        raise Odd(Reason.UNKNOWN_TYPE, f"type {message.T!r}")

    def _trade(self, trade: _Message) -> Tick:
        series = self._series.get(trade.S)
        if series is None:
            raise Odd(Reason.UNKNOWN_SYMBOL, f"symbol {trade.S!r}")
        if trade.p is None or trade.t is None:
            raise Odd(Reason.MISSING_FIELD, "no price or no time", series.symbol)
        size = None if trade.s is None else positive(trade.s, "size")
        price = positive(trade.p, "price")
        return Tick(series, from_datetime(trade.t), price, size)


def lines(settings: AlpacaSource) -> list[Line]:
    """Return one websocket for all trades, and a poll for each chain."""
    keys, symbols = settings.keys(), {name: name for name in settings.symbols}
    begin = partial(Trades, symbols, keys["key"], keys["secret"])
    url = f"{settings.url or URL}/{settings.feed}"
    limits, market = Limits.told(settings), market_clock("us-equity")
    stream = WebSocketLine(NAME, url, begin, market, limits)
    return [stream, *alpaca_chain.lines(settings)]
