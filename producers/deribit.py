"""Deribit: DVOL and index prices by websocket, option chains by HTTP, no key.

https://docs.deribit.com. Volatility is in percent and times are milliseconds;
a heartbeat's ``test_request`` has to be answered or the connection is closed.
"""

import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from functools import lru_cache, partial
from typing import Any, Final

import msgspec
import numpy as np

from producers.bucket import TokenBucket
from producers.conversation import (
    Frame,
    Meaning,
    Odd,
    Refused,
    Reply,
    Tick,
    from_milliseconds,
    positive,
)
from producers.fetching import Fetcher
from producers.listener import Limits
from producers.live import Line
from producers.polling import PollingLine
from producers.settings import DeribitSource
from producers.source import SECOND, Heard, Reason, Series, Unusable
from producers.timeline import instant
from producers.websocket import WebSocketLine
from streams.events import ChainSnapshot, Right
from streams.volatility.market_time import market_clock

NAME: Final = "deribit"
STREAM_URL: Final = "wss://www.deribit.com/ws/api/v2"
HTTP_URL: Final = "https://www.deribit.com/api/v2"

_HEARTBEAT_SECONDS = 10  # the least it accepts
_TENOR_DAYS = 30


class _Error(msgspec.Struct):
    code: int = 0
    message: str = ""


class _Params(msgspec.Struct):
    type: str = ""
    channel: str = ""
    data: msgspec.Raw = msgspec.Raw(b"null")


class _Message(msgspec.Struct):
    id: int | None = None
    method: str = ""
    params: _Params | None = None
    result: Any = None
    error: _Error | None = None


class _Volatility(msgspec.Struct):
    timestamp: float
    volatility: float


class _Price(msgspec.Struct):
    timestamp: float
    price: float


_message: Callable[[Frame], _Message] = msgspec.json.Decoder(_Message).decode
_volatility = msgspec.json.Decoder(_Volatility).decode
_price = msgspec.json.Decoder(_Price).decode


def dvol(currency: str) -> Series:
    """Return the volatility index's series."""
    return Series(currency, NAME, "dvol", _TENOR_DAYS)


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
            f"deribit_price_index.{currency.lower()}_usd": Series(currency, NAME)
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
            error = message.error
            raise Refused(f"error {error.code}: {error.message}")
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
                yield Unusable(NAME, reason, detail, msgspec.json.encode(result))


def _request(number: int, method: str, **params: object) -> str:
    return msgspec.json.encode(
        {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
    ).decode()


class _Candles(msgspec.Struct):
    data: list[tuple[float, float, float, float, float]]
    continuation: int | None = None


class _CandlesAnswer(msgspec.Struct):
    result: _Candles


_candles = msgspec.json.Decoder(_CandlesAnswer).decode


def candles(body: bytes, resolution: int) -> tuple[list[tuple[int, float]], int | None]:
    """Return DVOL closes and where the page before ends.

    Args:
        body: an answer of get_volatility_index_data.
        resolution: seconds a candle lasts; its stamp is when it opens.

    Returns:
        (instant of the close in ns UTC, annualised fraction), oldest first,
        and the ``end_timestamp`` of the next older page, None if there is none.

    Raises:
        Odd: a number is none. So does whatever msgspec raises.
    """
    result = _candles(body).result
    rows = [
        (
            from_milliseconds(opened) + resolution * SECOND,
            positive(closed, "close") / 100,
        )
        for opened, _, _, _, closed in result.data
    ]
    return sorted(rows), result.continuation


async def history(
    fetcher: Fetcher, currency: str, since: int, until: int, url: str = HTTP_URL
) -> Heard | None:
    """Return DVOL's own history of ``[since, until)``; None if there is none.

    Half an hour comes by the second, longer by the minute. What it covers ends
    with its last complete candle.

    Raises:
        Refused: Deribit says no.
        OSError: it does not answer.
        Odd: it answers nonsense. So does whatever msgspec raises.
    """
    resolution = 1 if until - since <= 1800 * SECOND else 60
    rows: dict[int, float] = {}
    end: int | None = until // 1_000_000
    while end is not None and end > since // 1_000_000:
        page, before = candles(
            await fetcher.get(
                f"{url}/public/get_volatility_index_data?currency={currency}"
                f"&start_timestamp={since // 1_000_000}&end_timestamp={end}"
                f"&resolution={resolution}"
            ),
            resolution,
        )
        rows.update(page)
        # A page that does not lead further back would be asked for ever.
        end = before if before is None or before < end else None
    told = sorted((at, vol) for at, vol in rows.items() if since <= at <= until)
    if not told:
        return None
    return Heard(
        dvol(currency),
        np.array([at for at, _ in told], np.int64),
        np.array([vol for _, vol in told], np.float64),
        since=since,
        until=told[-1][0] + 1,
    )


class _Summary(msgspec.Struct):
    instrument_name: str
    bid_price: float | None = None
    ask_price: float | None = None
    mark_iv: float | None = None
    creation_timestamp: float | None = None
    estimated_delivery_price: float | None = None


class _Book(msgspec.Struct):
    result: list[_Summary]


_book = msgspec.json.Decoder(_Book).decode


def chain_url(currency: str, url: str = HTTP_URL) -> str:
    """Return where a currency's whole chain is."""
    method = "public/get_book_summary_by_currency"
    return f"{url}/{method}?currency={currency}&kind=option"


class Chain:
    """The option chain of one currency; prices are in coins.

    Args:
        currency: ``BTC``, ``ETH``.
    """

    def __init__(self, currency: str) -> None:
        self._currency = currency

    def open(self) -> Iterable[str]:
        """Nothing: it is asked by address."""
        return ()

    def hear(self, frame: Frame, received: int) -> Iterable[Meaning]:
        """Return the chain, and what of it could not be read."""
        rows, odd = [], []
        for summary in _book(frame).result:
            option = _instrument(summary.instrument_name)
            if option is None:
                odd.append(summary.instrument_name)
            else:
                rows.append((option, summary))
        spots = [s.estimated_delivery_price for _, s in rows]
        spot = next((price for price in spots if price), None)
        if spot is None:
            raise Odd(Reason.MISSING_FIELD, "no underlying price", self._currency)
        if odd:
            detail = f"{len(odd)} instruments, the first {odd[0]!r}"
            raw = msgspec.json.encode(odd)
            yield Unusable(
                NAME,
                Reason.UNKNOWN_SYMBOL,
                detail,
                raw,
                self._currency,
                len(odd),
            )
        stamps = [s.creation_timestamp for _, s in rows if s.creation_timestamp]
        yield ChainSnapshot(
            symbol=self._currency,
            source=NAME,
            at=from_milliseconds(max(stamps)) if stamps else received,
            spot=positive(spot, "underlying price"),
            coin_settled=True,
            expiry=[option[0] for option, _ in rows],
            strike=[option[1] for option, _ in rows],
            right=[option[2] for option, _ in rows],
            bid=[s.bid_price or None for _, s in rows],
            ask=[s.ask_price or None for _, s in rows],
            iv=[s.mark_iv / 100 if s.mark_iv else None for _, s in rows],
        )


@lru_cache(maxsize=20_000)
def _instrument(name: str) -> tuple[int, float, Right] | None:
    """Return expiry (ns UTC), strike and right of ``BTC-25JUN27-50000-C``."""
    try:
        _, day, strike, right = name.split("-")
        # All options end at 08:00 UTC; a strike's point is written as a d.
        expiry = datetime.strptime(day, "%d%b%y").replace(hour=8, tzinfo=UTC)
        return (
            instant(expiry),
            positive(float(strike.replace("d", ".")), "strike"),
            {"C": Right.CALL, "P": Right.PUT}[right],
        )
    except (ValueError, KeyError, Odd):
        return None


def filler(
    fetcher: Fetcher,
    currencies: Sequence[str],
    now: Callable[[], int],
    url: str = HTTP_URL,
) -> Callable[[dict[Series, int]], AsyncIterator[Heard]]:
    """Return what fills the time nobody listened, from DVOL's history."""

    async def fill(vouched: dict[Series, int]) -> AsyncIterator[Heard]:
        for currency in currencies:
            since = vouched.get(dvol(currency))
            if since is None:
                continue
            try:
                heard = await history(fetcher, currency, since, now(), url)
            except (Refused, OSError, Odd, msgspec.DecodeError):
                # Then there is a gap, and it will be seen.
                continue
            if heard is not None:
                yield heard

    return fill


def lines(settings: DeribitSource) -> list[Line]:
    """Return one websocket for all indices, and a poll for each chain."""
    market, fetcher = market_clock("crypto"), Fetcher(TokenBucket(2, burst=4))
    currencies, http = settings.currencies, settings.http_url
    stream = WebSocketLine(
        NAME,
        settings.stream_url,
        partial(Indices, currencies, prices=settings.prices),
        market,
        Limits.told(settings),
        fill=filler(fetcher, currencies, time.time_ns, http),
    )
    every = settings.chains.total_seconds()
    chains = [
        PollingLine(
            f"{NAME}/{currency}",
            chain_url(currency, http),
            partial(Chain, currency),
            market,
            cadence=lambda _: every,
            fetcher=fetcher,
        )
        for currency in (currencies if every else ())
    ]
    return [stream, *chains]
