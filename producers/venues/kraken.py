"""Kraken: trades of the ``trade`` channel, version 2, no key.

https://docs.kraken.com/api/docs/websocket-v2/trade. One message carries any
number of trades; numbers are numbers, and ``trade_id`` counts up by one for
each pair. Kraken sends heartbeats about once a second by itself.
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
    unusable,
)
from producers.listening.listener import Limits
from producers.listening.live import Line
from producers.listening.numbering import Numbering
from producers.listening.websocket import WebSocketLine
from producers.settings import TradesSource
from producers.source import Reason, Series
from streams.volatility.market_time import market_clock

NAME: Final = "kraken"
URL: Final = "wss://ws.kraken.com/v2"
SYMBOLS: Final = {"BTC": "BTC/USD", "ETH": "ETH/USD"}

_SILENT = frozenset({"heartbeat", "status"})


class _Trade(msgspec.Struct):
    symbol: str
    price: float
    timestamp: datetime
    qty: float | None = None
    trade_id: int | None = None


class _Message(msgspec.Struct):
    channel: str = ""
    method: str = ""
    type: str = ""
    success: bool = True
    error: str = ""
    data: msgspec.Raw = msgspec.Raw()


_message: Callable[[Frame], _Message] = msgspec.json.Decoder(_Message).decode
_rows = msgspec.json.Decoder(list[msgspec.Raw]).decode
_trade = msgspec.json.Decoder(_Trade).decode


class Trades:
    """The trades of some pairs.

    Args:
        symbols: our names of them and the venue's.
    """

    def __init__(self, symbols: Mapping[str, str]) -> None:
        self._series = {pair: Series(symbol, NAME) for symbol, pair in symbols.items()}
        self._numbering = Numbering()

    def open(self) -> Iterable[str]:
        """Ask for new trades only: a snapshot is of what was long ago."""
        params = {"channel": "trade", "symbol": list(self._series), "snapshot": False}
        request = {"method": "subscribe", "params": params}
        return [msgspec.json.encode(request).decode()]

    def hear(self, frame: Frame, received: int) -> Iterable[Meaning]:  # noqa: ARG002 - stamped by the venue
        """Return what a message means."""
        message = _message(frame)
        if message.channel == "trade":
            if not message.data:
                raise Odd(Reason.MISSING_FIELD, "no data")
            return self._trades(message.data)
        if message.channel in _SILENT or message.method == "pong":
            return []
        if message.method == "subscribe":
            if not message.success:
                raise Refused(message.error or "not subscribed")
            return []
        raise Odd(
            Reason.UNKNOWN_TYPE,
            f"channel {message.channel!r}, method {message.method!r}",
        )

    def _trades(self, data: msgspec.Raw) -> Iterable[Meaning]:
        for raw in _rows(data):
            # Each on its own: one bad trade must not take the others with it.
            try:
                tick, number = self._tick(raw)
            except (Odd, msgspec.ValidationError) as error:
                yield unusable(NAME, error, bytes(raw))
                continue
            yield from self._numbering.follow(tick.series, number)
            yield tick

    def _tick(self, raw: msgspec.Raw) -> tuple[Tick, int | None]:
        trade = _trade(raw)
        series = self._series.get(trade.symbol)
        if series is None:
            raise Odd(Reason.UNKNOWN_SYMBOL, f"pair {trade.symbol!r}")
        at = from_datetime(trade.timestamp)
        price = positive(trade.price, "price")
        size = None if trade.qty is None else positive(trade.qty, "qty")
        return Tick(series, at, price, size), trade.trade_id


def lines(settings: TradesSource) -> list[Line]:
    """Return the one connection it takes."""
    begin = partial(Trades, settings.symbols or SYMBOLS)
    limits, market = Limits.told(settings), market_clock("crypto")
    return [WebSocketLine(NAME, settings.url or URL, begin, market, limits)]
