"""Cboe's delayed quotes: iv30, price and whole chain of any US underlying, no key.

https://cdn.cboe.com/api/global/delayed_quotes/options/NVDA.json, undocumented
and about a quarter of an hour late. ``iv30`` is in percent, an option's ``iv``
is a fraction already, and 0.0 means that there is none.
"""

from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from typing import Final

import msgspec

from producers.listening.bucket import TokenBucket
from producers.listening.conversation import (
    Alive,
    Frame,
    Meaning,
    Odd,
    Tick,
    positive,
)
from producers.listening.fetching import Fetcher
from producers.listening.listener import Limits
from producers.listening.live import Line
from producers.listening.polling import PollingLine
from producers.settings import CboeSource
from producers.source import SECOND, Reason, Series, Unusable
from producers.venues.occ import occ
from streams.events import ChainSnapshot
from streams.volatility.market_time import MarketClock, market_clock

DELAY_SECONDS: Final = 900.0
NAME: Final = "cboe"
URL: Final = "https://cdn.cboe.com/api/global/delayed_quotes/options"

_AFTER_CLOSE_NS = 20 * 60 * SECOND  # the delay and a little
_CLOSED_SECONDS = 900.0


class _Option(msgspec.Struct):
    option: str
    bid: float | None = None
    ask: float | None = None
    iv: float | None = None


class _Data(msgspec.Struct):
    options: list[_Option] = []
    current_price: float | None = None
    iv30: float | None = None
    seqno: int | None = None


class _Answer(msgspec.Struct):
    timestamp: str
    data: _Data


_answer = msgspec.json.Decoder(_Answer).decode


def chain_url(symbol: str, url: str = URL) -> str:
    """Return where a symbol's quotes are; an index has an underscore before it."""
    return f"{url}/{symbol}.json"


def cadence(market: MarketClock, open_seconds: float, now: int) -> float:
    """Return the seconds until it is worth asking again.

    Args:
        market: New York's.
        open_seconds: while it is open, and until its last delayed quote is out.
        now: the wall clock (ns UTC).
    """
    wanted = market.is_open(now) or market.is_open(now - _AFTER_CLOSE_NS)
    return open_seconds if wanted else max(open_seconds, _CLOSED_SECONDS)


class Quotes:
    """What Cboe says of one underlying.

    Args:
        symbol: ``NVDA``.
        prices: whether to pass the price on.
        chains: whether to pass the chain on.
    """

    def __init__(
        self, symbol: str, *, prices: bool = True, chains: bool = True
    ) -> None:
        self._symbol = symbol
        self._prices = prices
        self._chains = chains
        self._price = Series(symbol, NAME, delay_seconds=DELAY_SECONDS)
        self._iv30 = Series(symbol, NAME, "iv30", 30, delay_seconds=DELAY_SECONDS)
        self._given = [self._price, self._iv30] if prices else [self._iv30]
        self._seen: tuple[int | None, str] | None = None

    def open(self) -> Iterable[str]:
        """Nothing: it is asked by address."""
        return ()

    def hear(self, frame: Frame, received: int) -> Iterable[Meaning]:
        """Return what is new in an answer; it counts from when it was seen."""
        answer = _answer(frame)
        data = answer.data
        # The stamp alone may move while nothing else does.
        stamp = (data.seqno, "" if data.seqno is not None else answer.timestamp)
        if stamp == self._seen:
            return [Alive(series) for series in self._given]
        meanings: list[Meaning] = []
        if data.current_price and self._prices:
            price = positive(data.current_price, "current_price")
            meanings.append(Tick(self._price, received, price))
        if data.iv30:
            iv30 = positive(data.iv30, "iv30") / 100
            meanings.append(Tick(self._iv30, received, iv30))
        if not meanings:
            wanted = "no price and no iv30" if self._prices else "no iv30"
            raise Odd(Reason.MISSING_FIELD, wanted, self._symbol)
        if self._chains and data.options and data.current_price:
            meanings += self._chain(data, data.current_price, received)
        self._seen = stamp
        return meanings

    def _chain(self, data: _Data, spot: float, received: int) -> Iterable[Meaning]:
        read = [(occ(row.option), row) for row in data.options]
        rows = [(option, row) for option, row in read if option is not None]
        odd = [row.option for option, row in read if option is None]
        if odd:
            detail = f"{len(odd)} options, the first {odd[0]!r}"
            reason, raw = Reason.UNKNOWN_SYMBOL, msgspec.json.encode(odd)
            yield Unusable(NAME, reason, detail, raw, self._symbol, len(odd))
        yield ChainSnapshot(
            symbol=self._symbol,
            source=NAME,
            at=received,
            spot=spot,
            expiry=[option[0] for option, _ in rows],
            strike=[option[1] for option, _ in rows],
            right=[option[2] for option, _ in rows],
            bid=[row.bid for _, row in rows],
            ask=[row.ask for _, row in rows],
            iv=[row.iv or None for _, row in rows],
            delay_seconds=DELAY_SECONDS,
        )


def lines(settings: CboeSource) -> list[Line]:
    """Return a poll for each symbol; they share what Cboe may be asked."""
    market, fetcher = market_clock("us-equity"), Fetcher(TokenBucket(1))
    every = settings.every.total_seconds()
    return [
        PollingLine(
            f"{NAME}/{symbol}",
            chain_url(symbol, settings.url),
            partial(Quotes, symbol, prices=settings.prices, chains=settings.chains),
            market,
            cadence=partial(cadence, market, every),
            fetcher=fetcher,
            # An answer counts from when it is seen: nothing can be on its way.
            limits=replace(Limits.told(settings), grace=0.0),
        )
        for symbol in settings.symbols
    ]
