"""Massive's option chains: snapshots over HTTP, in pages of 250.

https://massive.com/docs/rest/options/snapshots/option-chain-snapshot. An
``implied_volatility`` is a fraction; quotes and the underlying's price are left
out where the plan has none.
"""

import contextlib
from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Final

import msgspec

from producers.listening.bucket import TokenBucket
from producers.listening.conversation import Frame, Meaning, Odd, Refused, positive
from producers.listening.listener import Limits
from producers.listening.paging import PagedFetcher, within
from producers.listening.polling import PollingLine
from producers.listening.quotes import Chain, Quote
from producers.settings import MassiveSource
from producers.source import Reason
from producers.venues.cboe import cadence
from producers.venues.occ import expires
from streams.events import Right
from streams.volatility.market_time import market_clock

if TYPE_CHECKING:
    from producers.listening.live import Line

NAME: Final = "massive"
DELAY_SECONDS: Final = 900.0
_RIGHTS: Final = {"call": Right.CALL, "put": Right.PUT}
_SHARES = 100.0
_NOT_AUTHORIZED: Final = "NOT_AUTHORIZED"
_REFUSALS: Final = frozenset({"ERROR", "NOT_FOUND", _NOT_AUTHORIZED})


class _Details(msgspec.Struct):
    contract_type: str
    expiration_date: str
    strike_price: float
    shares_per_contract: float = _SHARES


class _LastQuote(msgspec.Struct):
    bid: float | None = None
    ask: float | None = None


class _Underlying(msgspec.Struct):
    price: float | None = None


class _Option(msgspec.Struct):
    details: _Details
    implied_volatility: float | None = None
    last_quote: _LastQuote | None = None
    underlying_asset: _Underlying | None = None


class _Page(msgspec.Struct):
    results: list[msgspec.Raw] = []
    next_url: str | None = None
    status: str = ""
    error: str = ""
    message: str = ""


_page = msgspec.json.Decoder(_Page).decode
_pages = msgspec.json.Decoder(list[_Page]).decode
_option = msgspec.json.Decoder(_Option).decode


def following(url: str, body: bytes) -> str | None:
    """Return where the next page is; None if this is the last, or none at all."""
    try:
        link = _page(body).next_url
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None  # to be refused whole by who reads it
    return within(url, link) if link else None


class Snapshots:
    """The option chain of one stock.

    Args:
        symbol: ``NVDA``.
        delay_seconds: how long the plan holds it back.
    """

    def __init__(self, symbol: str, delay_seconds: float = 0.0) -> None:
        self._chain = Chain(symbol, NAME, delay_seconds)

    def open(self) -> Iterable[str]:
        """Nothing: it is asked by address."""
        return ()

    def hear(self, frame: Frame, received: int) -> Iterable[Meaning]:
        """Return the chain; it counts from when it was seen."""
        pages = _pages(frame)
        for page in pages:
            if page.status in _REFUSALS:
                detail = f"{page.status}: {page.error or page.message}"
                raise Refused(detail, permanent=page.status == _NOT_AUTHORIZED)
        rows = [row for page in pages for row in page.results]
        spot = _spot(rows, self._chain.symbol)
        yield from self._chain.told(spot, received, rows, _quote)


def _spot(rows: Iterable[msgspec.Raw], symbol: str) -> float:
    for row in rows:
        with contextlib.suppress(msgspec.ValidationError):
            asset = _option(row).underlying_asset
            if asset is not None and asset.price:
                return positive(asset.price, "price of the underlying")
    raise Odd(Reason.MISSING_FIELD, "no price of the underlying", symbol)


def _quote(row: msgspec.Raw) -> Quote | None:
    option = _option(row)
    details = option.details
    if details.shares_per_contract != _SHARES:
        return None  # adjusted after a split or a merger: not the stock's own price
    day = details.expiration_date
    expiry = expires(day[2:].replace("-", "")) if day.startswith("20") else None
    right = _RIGHTS.get(details.contract_type)
    if expiry is None or right is None:
        raise Odd(Reason.UNKNOWN_SYMBOL, f"option {details}")
    strike = positive(details.strike_price, "strike")
    last = option.last_quote or _LastQuote()
    return Quote(expiry, strike, right, last.bid, last.ask, option.implied_volatility)


def lines(settings: MassiveSource) -> "list[Line]":
    """Return a poll for each chain, if they are wanted."""
    every = settings.chains.total_seconds()
    if not every:
        return []
    market = market_clock("us-equity")
    fetcher = PagedFetcher(
        TokenBucket(5, burst=5),
        {"Authorization": f"Bearer {settings.keys()['key']}"},
        following=following,
    )
    delay = DELAY_SECONDS if settings.delayed else 0.0
    return [
        PollingLine(
            f"{NAME}/{symbol}",
            f"{settings.http_url}/v3/snapshot/options/{symbol}?limit=250",
            partial(Snapshots, symbol, delay),
            market,
            cadence=partial(cadence, market, every),
            fetcher=fetcher,
            limits=replace(Limits.told(settings), grace=0.0),
        )
        for symbol in settings.symbols
    ]
