"""What Deribit remembers: DVOL, and prices of its perpetuals.

get_volatility_index_data gives candles of DVOL, in percent, each stamped when it
opens, in pages that lead backwards. Of the index price there is no history
finer than an hour: the perpetual on it, by get_tradingview_chart_data, is within
a few hundredths of a per cent of it, and is named as what it is.
"""

from collections.abc import Iterable
from typing import Final

import msgspec

from producers.history.candles import Candle, Chapter
from producers.history.historian import MILLISECOND, Historian, Layer, Wanted, fitting
from producers.listening.conversation import Odd, from_milliseconds
from producers.listening.fetching import Fetcher
from producers.source import SECOND, Reason, Series

SOURCE: Final = "deribit"
PERPETUAL: Final = "deribit-perpetual"
TENOR_DAYS: Final = 30

_DAY: Final = 86_400
DVOL_LAYERS: Final = (
    Layer(_DAY),
    Layer(3600, reach_seconds=30 * _DAY),
    Layer(60, reach_seconds=_DAY),
    Layer(1, reach_seconds=1800),
)
RESOLUTIONS: Final = (60, 180, 300, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, _DAY)
"""Seconds its price candles may last."""

PAGES: Final = 20
"""More than a chapter can take: a venue that leads in circles is not followed."""


def dvol(currency: str) -> Series:
    """Return the volatility index's series."""
    return Series(currency, SOURCE, "dvol", TENOR_DAYS)


class _Vols(msgspec.Struct):
    data: list[tuple[float, float, float, float, float]]
    continuation: int | None = None


class _VolsAnswer(msgspec.Struct):
    result: _Vols


class _Chart(msgspec.Struct):
    status: str
    ticks: list[float] = []
    open: list[float] = []
    high: list[float] = []
    low: list[float] = []
    close: list[float] = []


class _ChartAnswer(msgspec.Struct):
    result: _Chart


_vols = msgspec.json.Decoder(_VolsAnswer).decode
_chart = msgspec.json.Decoder(_ChartAnswer).decode


def vol_candles(body: bytes) -> tuple[list[Candle], int | None]:
    """Return candles of DVOL, as fractions, and where the page before ends.

    Args:
        body: an answer of get_volatility_index_data.

    Raises:
        Odd: an instant is none. So does whatever msgspec raises.
    """
    result = _vols(body).result
    rows = [
        Candle(from_milliseconds(opened), *(value / 100 for value in values))
        for opened, *values in result.data
    ]
    return rows, result.continuation


def price_candles(body: bytes) -> list[Candle]:
    """Return candles of a price; none where the exchange has no data.

    Args:
        body: an answer of get_tradingview_chart_data.

    Raises:
        Odd: columns of unequal length, or an instant that is none. So does
            whatever msgspec raises.
    """
    chart = _chart(body).result
    columns = (chart.open, chart.high, chart.low, chart.close)
    if any(len(column) != len(chart.ticks) for column in columns):
        raise Odd(Reason.MISSING_FIELD, "columns of unequal length")
    opened = map(from_milliseconds, chart.ticks)
    return [Candle(*row) for row in zip(opened, *columns, strict=True)]


def vols(wanted: Wanted, fetcher: Fetcher, url: str) -> Historian:
    """Return who remembers DVOL: a year by day, the last of it in ever more detail."""
    currency = wanted.symbol

    async def fetch(chapter: Chapter) -> Iterable[Candle]:
        seconds = chapter.step // SECOND
        resolution = "1D" if seconds == _DAY else str(seconds)
        rows: list[Candle] = []
        first, last = chapter.asked(MILLISECOND)
        end: int | None = last
        for _ in range(PAGES):
            if end is None or end <= first:
                break
            page, before = vol_candles(
                await fetcher.get(
                    f"{url}/public/get_volatility_index_data?currency={currency}"
                    f"&start_timestamp={first}&end_timestamp={end}"
                    f"&resolution={resolution}"
                )
            )
            rows += page
            # A page that does not lead further back would be asked for ever.
            end = before if before is None or before < end else None
        return rows

    return Historian(dvol(currency), DVOL_LAYERS, wanted.back_seconds, fetch)


def prices(wanted: Wanted, theirs: str, fetcher: Fetcher, url: str) -> Historian:
    """Return who remembers a price, in candles that fit the symbol's bars.

    Args:
        wanted: what is needed of it.
        theirs: the perpetual.
        fetcher: how to ask.
        url: where.
    """
    seconds = fitting(RESOLUTIONS, wanted.grid_seconds)

    async def fetch(chapter: Chapter) -> Iterable[Candle]:
        resolution = "1D" if seconds == _DAY else str(seconds // 60)
        first, end = chapter.asked(MILLISECOND)
        return price_candles(
            await fetcher.get(
                f"{url}/public/get_tradingview_chart_data"
                f"?instrument_name={theirs}"
                f"&start_timestamp={first}&end_timestamp={end}"
                f"&resolution={resolution}"
            )
        )

    layer = Layer(seconds, most=2_000, bar_seconds=wanted.grid_seconds)
    return Historian(
        Series(wanted.symbol, PERPETUAL), (layer,), wanted.back_seconds, fetch
    )
