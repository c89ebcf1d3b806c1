"""tastytrade: the 30-day implied vol of US underlyings, with a grant of the user's.

https://developer.tastytrade.com, ``GET /market-metrics?symbols=NVDA``. Numbers
come as text; ``implied-volatility-30-day`` is in percent, unlike the
``implied-volatility-index`` beside it, which is a fraction. Nothing in the
answer says so, so each is held against the other, and a number whose unit
cannot be told is refused: an error of a factor of 100 would be an alert.
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
    Refused,
    Tick,
    positive,
    unusable,
)
from producers.listening.listener import Limits
from producers.listening.live import Line
from producers.listening.polling import PollingLine
from producers.settings import TastytradeSource
from producers.source import Reason, Series
from producers.venues.cboe import cadence
from producers.venues.oauth import GrantedFetcher
from streams.volatility.market_time import market_clock

NAME: Final = "tastytrade"
MEASURE: Final = "iv30-tastytrade"

_Number = str | float | None
_APART: Final = 10.0
"""How far a 30-day vol and the vol index of one underlying can be apart, and far
below the factor of 100 by which they would be if a unit was not what it was."""


class _Item(msgspec.Struct):
    symbol: str
    iv30: _Number = msgspec.field(name="implied-volatility-30-day", default=None)
    index: _Number = msgspec.field(name="implied-volatility-index", default=None)
    updated: str | None = msgspec.field(name="updated-at", default=None)


class _Data(msgspec.Struct):
    items: list[msgspec.Raw]


class _Error(msgspec.Struct):
    code: str = ""
    message: str = ""


class _Answer(msgspec.Struct):
    data: _Data | None = None
    error: _Error | None = None


_answer = msgspec.json.Decoder(_Answer).decode
_item = msgspec.json.Decoder(_Item).decode


class Metrics:
    """What tastytrade says of some underlyings.

    Args:
        symbols: ``NVDA``; they are named alike here and there.
    """

    def __init__(self, symbols: Iterable[str]) -> None:
        self._series = {symbol: Series(symbol, NAME, MEASURE, 30) for symbol in symbols}
        self._seen: dict[str, tuple[float, str | None]] = {}

    def open(self) -> Iterable[str]:
        """Nothing: it is asked by address."""
        return ()

    def hear(self, frame: Frame, received: int) -> Iterable[Meaning]:
        """Return what is new in an answer; it counts from when it was seen."""
        answer = _answer(frame)
        if answer.error is not None:
            raise Refused(f"{answer.error.code}: {answer.error.message}")
        if answer.data is None:
            raise Odd(Reason.MISSING_FIELD, "no data")
        missing = dict(self._series)
        for raw in answer.data.items:
            # Each on its own: one bad row must not take the others with it.
            try:
                item = _item(raw)
                missing.pop(item.symbol, None)
                yield self._one(item, received)
            except (Odd, msgspec.DecodeError, ValueError) as error:
                yield unusable(NAME, error, bytes(raw))
        raw_answer = frame.encode(errors="replace") if isinstance(frame, str) else frame
        for symbol in missing:
            odd = Odd(Reason.MISSING_FIELD, "nothing is said of it", symbol)
            yield unusable(NAME, odd, raw_answer)

    def _one(self, item: _Item, received: int) -> Meaning:
        series = self._series.get(item.symbol)
        if series is None:
            raise Odd(Reason.UNKNOWN_SYMBOL, f"symbol {item.symbol!r}")
        iv30 = _number(item.iv30, "implied-volatility-30-day", item.symbol) / 100
        index = _number(item.index, "implied-volatility-index", item.symbol)
        if not 1 / _APART < iv30 / index < _APART:
            detail = f"30-day {iv30:%} and index {index:%} cannot both be"
            raise Odd(Reason.NO_NUMBER, detail, item.symbol)
        stamp = (iv30, item.updated)
        if self._seen.get(item.symbol) == stamp:
            return Alive(series)
        self._seen[item.symbol] = stamp
        return Tick(series, received, iv30)


def _number(told: _Number, name: str, symbol: str) -> float:
    if told is None:
        raise Odd(Reason.MISSING_FIELD, f"no {name}", symbol)
    try:
        return positive(float(told), name)
    except ValueError:
        raise Odd(Reason.NO_NUMBER, f"{name} is {told!r}", symbol) from None


def lines(settings: TastytradeSource) -> list[Line]:
    """Return the one poll it takes."""
    keys = settings.keys()
    market, every = market_clock("us-equity"), settings.every.total_seconds()
    fetcher = GrantedFetcher(
        TokenBucket(1, burst=2),
        token_url=f"{settings.url}/oauth/token",
        client_secret=keys["client_secret"],
        refresh_token=keys["refresh_token"],
    )
    wanted = ",".join(settings.symbols)
    return [
        PollingLine(
            NAME,
            f"{settings.url}/market-metrics?symbols={wanted}",
            partial(Metrics, settings.symbols),
            market,
            cadence=partial(cadence, market, every),
            fetcher=fetcher,
            # An answer counts from when it is seen: nothing can be on its way.
            limits=replace(Limits.told(settings), grace=0.0),
        )
    ]
