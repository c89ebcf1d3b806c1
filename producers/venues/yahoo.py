"""Yahoo Finance: prices of anything it shows, no key.

wss://streamer.finance.yahoo.com/?version=2, undocumented. A message is JSON
around base64 around a protobuf ``PricingData``; the subscription has to be said
again every 15 seconds. Prices are 32-bit floats: seven digits of them are real.
"""

from binascii import a2b_base64
from collections.abc import Iterable, Mapping
from functools import partial
from typing import Final

import msgspec

from producers.listening.conversation import (
    Alive,
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
from producers.listening.websocket import WebSocketLine
from producers.settings import YahooSource
from producers.source import Reason, Series
from producers.venues import protobuf
from streams.volatility.market_time import market_clock

NAME: Final = "yahoo"
REPEAT_SECONDS: Final = 15.0

# Of PricingData.
_ID, _PRICE, _TIME, _MARKET_HOURS = 1, 2, 3, 7
_REGULAR = 1


class _Message(msgspec.Struct):
    type: str = ""
    message: str = ""


_message = msgspec.json.Decoder(_Message).decode


class Prices:
    """The prices of some symbols, in regular hours.

    Args:
        symbols: our names of them and Yahoo's.
    """

    def __init__(self, symbols: Mapping[str, str]) -> None:
        self._series = {
            theirs.encode(): Series(symbol, NAME) for symbol, theirs in symbols.items()
        }

    def open(self) -> Iterable[str]:
        """Ask for the symbols."""
        names = [name.decode() for name in self._series]
        return [msgspec.json.encode({"subscribe": names}).decode()]

    def hear(self, frame: Frame, received: int) -> Iterable[Meaning]:  # noqa: ARG002 - stamped by the venue
        """Return what a message means."""
        message = _message(frame)
        if message.type == "error":
            raise Refused(message.message)
        if message.type != "pricing":
            raise Odd(Reason.UNKNOWN_TYPE, f"type {message.type!r}")
        try:
            data = protobuf.fields(a2b_base64(message.message, strict_mode=True))
        except ValueError as error:
            raise Odd(Reason.UNPARSEABLE, str(error)) from error
        name, price, time = data.get(_ID), data.get(_PRICE), data.get(_TIME)
        if not (
            isinstance(name, bytes)
            and isinstance(price, float)
            and isinstance(time, int)
        ):
            raise Odd(Reason.MISSING_FIELD, "no id, no price or no time")
        series = self._series.get(name)
        if series is None:
            raise Odd(Reason.UNKNOWN_SYMBOL, f"id {name!r}")
        at = from_milliseconds(protobuf.zigzag(time))
        value = float(f"{positive(price, 'price'):.7g}")
        # Before and after hours a price is no part of any session.
        if data.get(_MARKET_HOURS) != _REGULAR:
            return [Alive(series)]
        return [Tick(series, at, value)]


def lines(settings: YahooSource) -> list[Line]:
    """Return the one connection it takes."""
    begin = partial(Prices, settings.symbols)
    limits, market = Limits.told(settings), market_clock(settings.clock)
    line = WebSocketLine(NAME, settings.url, begin, market, limits)
    line.repeat = REPEAT_SECONDS
    return [line]
