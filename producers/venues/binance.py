"""Binance: aggregated trades, no key.

https://developers.binance.com/docs/binance-spot-api-docs/web-socket-streams.
Prices are text, times are milliseconds, and ``a`` counts up by one for each
symbol. What is quoted is USDT, which is a dollar but for a bad day.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Final

import msgspec

from producers.listening.conversation import (
    Frame,
    Meaning,
    Odd,
    Refused,
    Tick,
    from_milliseconds,
    positive,
)
from producers.listening.listener import Limits
from producers.listening.live import Line
from producers.listening.numbering import Numbering
from producers.listening.websocket import WebSocketLine
from producers.settings import TradesSource
from producers.source import Reason, Series
from streams.volatility.market_time import market_clock

NAME: Final = "binance"
URL: Final = "wss://stream.binance.com:9443/ws"
SYMBOLS: Final = {"BTC": "BTCUSDT", "ETH": "ETHUSDT"}


class _Error(msgspec.Struct):
    code: int = 0
    msg: str = ""


class _Message(msgspec.Struct):
    e: str = ""
    s: str = ""
    a: int | None = None
    p: str | None = None
    q: str | None = None
    T: float | None = None
    id: int | None = None
    error: _Error | None = None


_message: Callable[[Frame], _Message] = msgspec.json.Decoder(_Message).decode


class Trades:
    """The trades of some symbols.

    Args:
        symbols: our names of them and the venue's.
    """

    def __init__(self, symbols: Mapping[str, str]) -> None:
        self._series = {name: Series(symbol, NAME) for symbol, name in symbols.items()}
        self._numbering = Numbering()

    def open(self) -> Iterable[str]:
        """Ask for aggregated trades."""
        streams = [f"{name.lower()}@aggTrade" for name in self._series]
        request = {"method": "SUBSCRIBE", "params": streams, "id": 1}
        return [msgspec.json.encode(request).decode()]

    def hear(self, frame: Frame, received: int) -> Iterable[Meaning]:  # noqa: ARG002 - stamped by the venue
        """Return what a message means."""
        message = _message(frame)
        if message.e == "aggTrade":
            return self._trade(message)
        if message.error is not None:
            raise Refused(f"error {message.error.code}: {message.error.msg}")
        if message.id is not None and not message.e:
            return []
        raise Odd(Reason.UNKNOWN_TYPE, f"event {message.e!r}")

    def _trade(self, trade: _Message) -> Iterable[Meaning]:
        series = self._series.get(trade.s)
        if series is None:
            raise Odd(Reason.UNKNOWN_SYMBOL, f"symbol {trade.s!r}")
        if trade.p is None or trade.T is None:
            raise Odd(Reason.MISSING_FIELD, "no price or no time", series.symbol)
        price = positive(float(trade.p), "price")
        size = None if trade.q is None else positive(float(trade.q), "quantity")
        at = from_milliseconds(trade.T)
        yield from self._numbering.follow(series, trade.a)
        yield Tick(series, at, price, size)


def lines(settings: TradesSource) -> list[Line]:
    """Return the one connection it takes."""
    begin = partial(Trades, settings.symbols or SYMBOLS)
    limits, market = Limits.told(settings), market_clock("crypto")
    return [WebSocketLine(NAME, settings.url or URL, begin, market, limits)]
