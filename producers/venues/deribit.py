"""Deribit: DVOL and index prices by websocket, option chains by HTTP, no key.

https://docs.deribit.com. Volatility is in percent and times are milliseconds;
a heartbeat's ``test_request`` has to be answered or the connection is closed.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Any, Final

import msgspec

from producers.listening.bucket import TokenBucket
from producers.listening.conversation import (
    Frame,
    Meaning,
    Odd,
    Reply,
    Tick,
    from_milliseconds,
    positive,
)
from producers.listening.fetching import Fetcher
from producers.listening.listener import Limits
from producers.listening.live import Line
from producers.listening.polling import PollingLine
from producers.listening.websocket import WebSocketLine
from producers.settings import DeribitSource
from producers.source import Reason, Series, Unusable
from producers.venues.deribit_chain import Chain, RpcError, chain_url
from producers.venues.deribit_history import SOURCE, dvol
from streams.volatility.market_time import market_clock

STREAM_URL: Final = "wss://www.deribit.com/ws/api/v2"
HTTP_URL: Final = "https://www.deribit.com/api/v2"

_HEARTBEAT_SECONDS = 10  # the least it accepts


class _Params(msgspec.Struct):
    type: str = ""
    channel: str = ""
    data: msgspec.Raw = msgspec.Raw(b"{}")


class _Message(msgspec.Struct):
    id: int | None = None
    method: str = ""
    params: _Params | None = None
    result: Any = None
    error: RpcError | None = None


class _Volatility(msgspec.Struct):
    timestamp: float
    volatility: float


class _Price(msgspec.Struct):
    timestamp: float
    price: float


_message: Callable[[Frame], _Message] = msgspec.json.Decoder(_Message).decode
_volatility = msgspec.json.Decoder(_Volatility).decode
_price = msgspec.json.Decoder(_Price).decode


class Indices:
    """DVOL and the index price of some currencies, on one websocket.

    Args:
        currencies: ``BTC``, ``ETH``.
        prices: whether to ask for index prices, too.
    """

    def __init__(self, currencies: Sequence[str], *, prices: bool = True) -> None:
        self._vols = {
            f"deribit_volatility_index.{currency.lower()}_usd": dvol(currency)
            for currency in currencies
        }
        self._prices = {
            f"deribit_price_index.{currency.lower()}_usd": Series(currency, SOURCE)
            for currency in (currencies if prices else ())
        }

    def open(self) -> Iterable[str]:
        """Ask for heartbeats, then for the channels."""
        yield _request(1, "public/set_heartbeat", interval=_HEARTBEAT_SECONDS)
        yield _request(2, "public/subscribe", channels=[*self._vols, *self._prices])

    def hear(self, frame: Frame, received: int) -> Iterable[Meaning]:  # noqa: ARG002 - stamped by the venue
        """Return what a message means."""
        message = _message(frame)
        if message.error is not None:
            raise message.error.refused()
        if message.method == "subscription" and message.params is not None:
            return [self._tick(message.params)]
        if message.method == "heartbeat":
            asked = message.params is not None and message.params.type == "test_request"
            return [Reply(_request(3, "public/test"))] if asked else []
        if message.id is None:
            raise Odd(Reason.UNKNOWN_TYPE, f"method {message.method!r}")
        if message.id == 2:
            return list(self._unanswered(message.result))
        return []

    def _tick(self, params: _Params) -> Tick:
        if params.channel in self._vols:
            said = _volatility(params.data)
            return Tick(
                self._vols[params.channel],
                from_milliseconds(said.timestamp),
                positive(said.volatility, "volatility") / 100,
            )
        if params.channel in self._prices:
            index = _price(params.data)
            return Tick(
                self._prices[params.channel],
                from_milliseconds(index.timestamp),
                positive(index.price, "price"),
            )
        raise Odd(Reason.UNKNOWN_TYPE, f"channel {params.channel!r}")

    def _unanswered(self, result: object) -> Iterator[Unusable]:
        # It leaves out what it does not know, and says nothing about it.
        granted = result if isinstance(result, list) else []
        for channel in (*self._vols, *self._prices):
            if channel not in granted:
                reason, detail = Reason.UNKNOWN_SYMBOL, f"{channel} was not granted"
                yield Unusable(SOURCE, reason, detail, msgspec.json.encode(result))


def _request(number: int, method: str, **params: object) -> str:
    return msgspec.json.encode(
        {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
    ).decode()


def lines(settings: DeribitSource) -> list[Line]:
    """Return one websocket for all indices, and a poll for each chain."""
    market, fetcher = market_clock("crypto"), Fetcher(TokenBucket(2, burst=4))
    currencies, http = settings.currencies, settings.http_url
    stream = WebSocketLine(
        SOURCE,
        settings.stream_url,
        partial(Indices, currencies, prices=settings.prices),
        market,
        Limits.told(settings),
    )
    every = settings.chains.total_seconds()
    chains = [
        PollingLine(
            f"{SOURCE}/{currency}",
            chain_url(currency, http),
            partial(Chain, currency),
            market,
            cadence=lambda _: every,
            fetcher=fetcher,
        )
        for currency in (currencies if every else ())
    ]
    return [stream, *chains]
