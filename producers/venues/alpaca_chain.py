"""Alpaca's option chains: snapshots over HTTP, in pages of 1,000.

https://docs.alpaca.markets/reference/optionchain. The snapshots do not say what
the underlying trades at, so its latest trade is asked for first. Greeks and
``impliedVolatility``, a fraction, are left out where Alpaca computes none.
"""

from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

import msgspec

from producers.listening.bucket import TokenBucket
from producers.listening.conversation import Frame, Meaning, Odd, Refused, positive
from producers.listening.listener import Limits
from producers.listening.paging import PagedFetcher
from producers.listening.polling import PollingLine
from producers.listening.quotes import Chain, Quote
from producers.settings import AlpacaSource
from producers.source import Reason
from producers.venues.cboe import cadence
from producers.venues.occ import occ
from streams.volatility.market_time import market_clock

if TYPE_CHECKING:
    from producers.listening.live import Line

NAME: Final = "alpaca"
DELAY_SECONDS: Final = 900.0
_NEXT: Final = "&page_token="


class _LatestQuote(msgspec.Struct):
    bp: float | None = None
    ap: float | None = None


class _Snapshot(msgspec.Struct):
    iv: float | None = msgspec.field(name="impliedVolatility", default=None)
    quoted: _LatestQuote | None = msgspec.field(name="latestQuote", default=None)


class _Trade(msgspec.Struct):
    p: float


class _Page(msgspec.Struct):
    """A page of snapshots, the latest trade before them, or why there is neither."""

    trade: _Trade | None = None
    snapshots: dict[str, msgspec.Raw] = {}
    next_page_token: str | None = None
    code: int = 0
    message: str = ""


_page = msgspec.json.Decoder(_Page).decode
_pages = msgspec.json.Decoder(list[_Page]).decode
_snapshot = msgspec.json.Decoder(_Snapshot).decode


def following(url: str, body: bytes) -> str | None:
    """Return where the next page is; None if this is the last, or none at all."""
    try:
        token = _page(body).next_page_token
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None  # to be refused whole by who reads it
    if not token:
        return None
    first, _, _ = url.partition(_NEXT)
    return f"{first}{_NEXT}{quote(token, safe='')}"


class Snapshots:
    """The option chain of one stock.

    Args:
        symbol: ``NVDA``.
        delay_seconds: how long the feed holds its quotes back.
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
            if page.message:
                raise Refused(f"error {page.code}: {page.message}")
        trade = next((page.trade for page in pages if page.trade is not None), None)
        if trade is None:
            raise Odd(Reason.MISSING_FIELD, "no trade of the stock", self._chain.symbol)
        spot = positive(trade.p, "price of the stock")
        rows = [row for page in pages for row in page.snapshots.items()]
        yield from self._chain.told(spot, received, rows, _quote)


def _quote(row: tuple[str, msgspec.Raw]) -> Quote | None:
    name, raw = row
    option = occ(name)
    if option is None:
        raise Odd(Reason.UNKNOWN_SYMBOL, f"option {name!r}")
    snapshot = _snapshot(raw)
    quoted = snapshot.quoted or _LatestQuote()
    return Quote(*option, quoted.bp, quoted.ap, snapshot.iv)


def lines(settings: AlpacaSource) -> "list[Line]":
    """Return a poll for each chain, if they are wanted."""
    every = settings.chains.total_seconds()
    if not every:
        return []
    market, data = market_clock("us-equity"), settings.http_url
    keys = settings.keys()
    bucket = TokenBucket(3, burst=5)  # 200 a minute are allowed
    headers = {
        "APCA-API-KEY-ID": keys["key"],
        "APCA-API-SECRET-KEY": keys["secret"],
    }
    delay = DELAY_SECONDS if settings.options == "indicative" else 0.0
    trade = f"{data}/v2/stocks/{{}}/trades/latest?feed={settings.feed}"
    chain = f"{data}/v1beta1/options/snapshots/{{}}?feed={settings.options}&limit=1000"
    return [
        PollingLine(
            f"{NAME}/{symbol}",
            chain.format(symbol),
            partial(Snapshots, symbol, delay),
            market,
            cadence=partial(cadence, market, every),
            fetcher=PagedFetcher(
                bucket, headers, following=following, before=trade.format(symbol)
            ),
            limits=replace(Limits.told(settings), grace=0.0),
        )
        for symbol in settings.symbols
    ]
