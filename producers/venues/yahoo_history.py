"""What Yahoo Finance remembers of a price, no key.

https://query1.finance.yahoo.com/v8/finance/chart/NVDA, undocumented. By the
minute it goes back 30 days, a week an answer; by five minutes, 60 days. A minute
without a trade is null. Prices are on today's terms, as if every split had
always been made.
"""

from collections.abc import Iterable
from itertools import starmap
from typing import Final

import msgspec
import numpy as np

from producers.history.candles import Candle, Chapter
from producers.history.historian import Historian, Layer, Wanted, fitting
from producers.listening.conversation import Odd, Refused, from_milliseconds
from producers.listening.fetching import Fetcher
from producers.source import SECOND, Reason, Series
from streams.volatility.corporate_actions import CorporateAction, price_factors

SOURCE: Final = "yahoo"
URL: Final = "https://query1.finance.yahoo.com/v8/finance/chart"
HEADERS: Final = {"User-Agent": "Mozilla/5.0 (compatible; volcross)"}
"""Whoever does not look like a browser is told that he asks too often."""

_DAY: Final = 86_400
INTERVALS: Final = {
    60: "1m",
    120: "2m",
    300: "5m",
    900: "15m",
    1800: "30m",
    3600: "60m",
    _DAY: "1d",
}
_REACH_DAYS: Final = {60: 29, 3600: 729, _DAY: 36_500}
_USUAL_REACH_DAYS: Final = 59
_WEEK: Final = 7 * _DAY

SMALLEST_SPLIT: Final = 0.05
"""An action that moves the price by less is a dividend, which the chart's prices
do not know of."""


class _Quote(msgspec.Struct):
    open: list[float | None] = []
    high: list[float | None] = []
    low: list[float | None] = []
    close: list[float | None] = []


class _Indicators(msgspec.Struct):
    quote: list[_Quote]


class _Result(msgspec.Struct):
    indicators: _Indicators
    timestamp: list[int] = []


class _Error(msgspec.Struct):
    description: str = ""


class _Chart(msgspec.Struct):
    result: list[_Result] | None = None
    error: _Error | None = None


class _Answer(msgspec.Struct):
    chart: _Chart


_answer = msgspec.json.Decoder(_Answer).decode


def candles(body: bytes, seconds: int) -> list[Candle]:
    """Return the candles of an answer; what nobody traded in has none.

    Args:
        body: a chart.
        seconds: how long a candle lasts. Beside whole ones a chart ends with the
            last trade as a row of its own: that is none.

    Raises:
        Refused: the answer is an error.
        Odd: columns of unequal length. So does whatever msgspec raises.
    """
    chart = _answer(body).chart
    if chart.error is not None or not chart.result:
        raise Refused(chart.error.description if chart.error else "no chart")
    result = chart.result[0]
    quote = result.indicators.quote[0] if result.indicators.quote else _Quote()
    columns = (quote.open, quote.high, quote.low, quote.close)
    if any(len(column) != len(result.timestamp) for column in columns):
        raise Odd(Reason.MISSING_FIELD, "columns of unequal length")
    rows = []
    for stamp, *prices in zip(result.timestamp, *columns, strict=True):
        traded = [price for price in prices if price is not None]
        if len(traded) == len(prices) and stamp % seconds == 0:
            rows.append(Candle(from_milliseconds(stamp * 1000), *traded))
    return rows


def as_traded(
    rows: Iterable[Candle], actions: Iterable[CorporateAction], until: int
) -> list[Candle]:
    """Return candles on the terms on which they were traded.

    The agents put prices of before a split that is in the configuration on one
    footing with those after it; of prices that are so already, that would make
    a fall of nine tenths. A split that is not configured stays as it is.

    Args:
        rows: on today's terms.
        actions: of the symbol, as configured.
        until: today (ns UTC).
    """
    splits = [
        action
        for action in actions
        if abs(action.factor - 1) >= SMALLEST_SPLIT and action.at <= until
    ]
    rows = list(rows)
    opened = np.array([row.opened for row in rows], dtype=np.int64)
    terms = price_factors(splits, np.array([until])) / price_factors(splits, opened)
    return list(
        starmap(_scaled, zip(rows, np.broadcast_to(terms, opened.shape), strict=True))
    )


def _scaled(row: Candle, factor: float) -> Candle:
    return Candle(row.opened, *(float(price * factor) for price in row[1:]))


def prices(wanted: Wanted, theirs: str, fetcher: Fetcher, url: str) -> Historian:
    """Return who remembers a price, in candles that fit the symbol's bars.

    Args:
        wanted: what is needed of it.
        theirs: the venue's name of it.
        fetcher: how to ask.
        url: where.
    """
    finest = fitting(INTERVALS, wanted.grid_seconds)
    layers = [_layer(finest, wanted.grid_seconds)]
    if finest == 60:
        # The longest window reaches further back than the minutes do.
        layers.insert(0, _layer(300, wanted.grid_seconds))

    async def fetch(chapter: Chapter) -> Iterable[Candle]:
        seconds = chapter.step // SECOND
        first, end = chapter.asked(SECOND)
        body = await fetcher.get(
            f"{url}/{theirs}?interval={INTERVALS[seconds]}"
            f"&period1={first}&period2={end}&includePrePost=false"
        )
        return as_traded(candles(body, seconds), wanted.actions, chapter.end)

    return Historian(
        Series(wanted.symbol, SOURCE),
        tuple(layers),
        wanted.back_seconds,
        fetch,
        wanted.behind_seconds,
    )


def _layer(seconds: int, bar_seconds: float) -> Layer:
    reach = _REACH_DAYS.get(seconds, _USUAL_REACH_DAYS) * _DAY
    return Layer(seconds, reach, max(1, _WEEK // seconds), bar_seconds)
