"""Massive, which was Polygon: trades of US stocks, with a key.

https://massive.com/docs/websocket/stocks/trades. It wants the key first and the
subscription after; every message is a list, times are milliseconds.
"""

from collections.abc import Iterable, Mapping
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
    from_milliseconds,
    positive,
    unusable,
)
from producers.listening.listener import Limits
from producers.listening.live import Line
from producers.listening.websocket import WebSocketLine
from producers.settings import MassiveSource
from producers.source import Reason, Series
from producers.venues import massive_chain
from streams.volatility.market_time import market_clock

NAME: Final = "massive"
URL: Final = "wss://socket.massive.com/stocks"
DELAYED_URL: Final = "wss://delayed.massive.com/stocks"
DELAY_SECONDS: Final = 900.0


class _Message(msgspec.Struct):
    ev: str
    sym: str = ""
    p: float | None = None
    s: float | None = None
    t: float | None = None
    status: str = ""
    message: str = ""


_rows = msgspec.json.Decoder(list[msgspec.Raw]).decode
_message = msgspec.json.Decoder(_Message).decode


class Trades:
    """The trades of some stocks.

    Args:
        symbols: our names of them and Massive's.
        key: the key.
        delay_seconds: how long it holds them back.
    """

    def __init__(
        self, symbols: Mapping[str, str], key: str, delay_seconds: float = 0.0
    ) -> None:
        self._series = {
            theirs: Series(symbol, NAME, delay_seconds=delay_seconds)
            for symbol, theirs in symbols.items()
        }
        self._key = key
        self._delay_seconds = delay_seconds

    def open(self) -> Iterable[str]:
        """Say who we are."""
        return [msgspec.json.encode({"action": "auth", "params": self._key}).decode()]

    def hear(self, frame: Frame, received: int) -> Iterable[Meaning]:
        """Return what a message means."""
        for raw in _rows(frame):
            # Each on its own: one bad trade must not take the others with it.
            try:
                yield from self._one(_message(raw), received)
            except (Odd, msgspec.ValidationError) as error:
                yield unusable(NAME, error, bytes(raw))

    def _one(self, message: _Message, received: int) -> Iterable[Meaning]:
        if message.ev == "T":
            return [self._trade(message, received)]
        if message.ev != "status":
            raise Odd(Reason.UNKNOWN_TYPE, f"event {message.ev!r}")
        if message.status == "auth_success":
            wanted = ",".join(f"T.{theirs}" for theirs in self._series)
            request = {"action": "subscribe", "params": wanted}
            return [Reply(msgspec.json.encode(request).decode())]
        if message.status in ("connected", "success"):
            return []
        detail = f"{message.status}: {message.message}"
        raise Refused(detail, permanent=message.status == "auth_failed")

    def _trade(self, trade: _Message, received: int) -> Tick:
        series = self._series.get(trade.sym)
        if series is None:
            raise Odd(Reason.UNKNOWN_SYMBOL, f"symbol {trade.sym!r}")
        if trade.p is None or trade.t is None:
            raise Odd(Reason.MISSING_FIELD, "no price or no time", series.symbol)
        size = None if trade.s is None else positive(trade.s, "size")
        price, at = positive(trade.p, "price"), from_milliseconds(trade.t)
        # A trade held back was made public when it came; its quiet till then is
        # vouched for, and no other leg waits a quarter of an hour for this one.
        return Tick(series, received if self._delay_seconds else at, price, size)


def lines(settings: MassiveSource) -> list[Line]:
    """Return one websocket for all trades, and a poll for each chain."""
    symbols = {name: name for name in settings.symbols}
    delay = DELAY_SECONDS if settings.delayed else 0.0
    begin = partial(Trades, symbols, settings.keys()["key"], delay)
    url = settings.url or (DELAYED_URL if settings.delayed else URL)
    limits, market = Limits.told(settings), market_clock("us-equity")
    stream = WebSocketLine(NAME, url, begin, market, limits)
    return [stream, *massive_chain.lines(settings)]
