"""Coinbase Exchange: trades of the ``matches`` channel, no key.

https://docs.cdp.coinbase.com/exchange/docs/websocket-channels. A trade's
``trade_id`` counts up by one for each product, so a hole in it is a lost trade.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from functools import partial
from typing import Final

import msgspec

from producers.listening.conversation import (
    Frame,
    Meaning,
    Odd,
    Refused,
    Tick,
    from_datetime,
    positive,
)
from producers.listening.listener import Limits
from producers.listening.live import Line
from producers.listening.numbering import Numbering
from producers.listening.websocket import WebSocketLine
from producers.settings import TradesSource
from producers.source import Reason, Series
from streams.volatility.market_time import market_clock

NAME: Final = "coinbase"
URL: Final = "wss://ws-feed.exchange.coinbase.com"
SYMBOLS: Final = {"BTC": "BTC-USD", "ETH": "ETH-USD"}

_SILENT = frozenset({"subscriptions", "heartbeat"})


class _Message(msgspec.Struct):
    type: str
    product_id: str = ""
    trade_id: int | None = None
    price: str | None = None
    size: str | None = None
    time: datetime | None = None
    message: str = ""
    reason: str = ""


_message: Callable[[Frame], _Message] = msgspec.json.Decoder(_Message).decode


class Trades:
    """The trades of some products.

    Args:
        symbols: our names of them and the venue's.
    """

    def __init__(self, symbols: Mapping[str, str]) -> None:
        self._series = {
            product: Series(symbol, NAME) for symbol, product in symbols.items()
        }
        self._numbering = Numbering()

    def open(self) -> Iterable[str]:
        """Ask for trades, and for a heartbeat each second."""
        request = {
            "type": "subscribe",
            "product_ids": list(self._series),
            "channels": ["matches", "heartbeat"],
        }
        return [msgspec.json.encode(request).decode()]

    def hear(self, frame: Frame, received: int) -> Iterable[Meaning]:  # noqa: ARG002 - stamped by the venue
        """Return what a message means."""
        message = _message(frame)
        if message.type in ("match", "last_match"):
            return self._trade(message)
        if message.type in _SILENT:
            return []
        if message.type == "error":
            raise Refused(f"{message.message}: {message.reason}")
        raise Odd(Reason.UNKNOWN_TYPE, f"type {message.type!r}")

    def _trade(self, trade: _Message) -> Iterable[Meaning]:
        series = self._series.get(trade.product_id)
        if series is None:
            raise Odd(Reason.UNKNOWN_SYMBOL, f"product {trade.product_id!r}")
        if trade.price is None or trade.time is None:
            raise Odd(Reason.MISSING_FIELD, "no price or no time", series.symbol)
        size = None if trade.size is None else positive(float(trade.size), "size")
        price = positive(float(trade.price), "price")
        at = from_datetime(trade.time)
        yield from self._numbering.follow(series, trade.trade_id)
        yield Tick(series, at, price, size)


def lines(settings: TradesSource) -> list[Line]:
    """Return the one connection it takes."""
    begin = partial(Trades, settings.symbols or SYMBOLS)
    limits, market = Limits.told(settings), market_clock("crypto")
    return [WebSocketLine(NAME, settings.url or URL, begin, market, limits)]
