"""What Binance remembers of a price, no key.

https://developers.binance.com/docs/binance-spot-api-docs: klines, the oldest
first, prices as text, 1,000 an answer.
"""

from collections.abc import Iterable
from typing import Final

import msgspec

from producers.history.candles import Candle, Chapter
from producers.history.historian import MILLISECOND, Historian, Layer, Wanted, fitting
from producers.listening.conversation import Odd, from_milliseconds
from producers.listening.fetching import Fetcher
from producers.source import SECOND, Reason, Series

SOURCE: Final = "binance"
URL: Final = "https://data-api.binance.vision"
INTERVALS: Final = {
    1: "1s",
    60: "1m",
    180: "3m",
    300: "5m",
    900: "15m",
    1800: "30m",
    3600: "1h",
    14_400: "4h",
    86_400: "1d",
}
MOST: Final = 1_000

_rows = msgspec.json.Decoder(list[list[int | str]]).decode


def candles(body: bytes) -> list[Candle]:
    """Return the candles of an answer.

    Raises:
        Odd: an instant or a price is none. So does whatever msgspec raises.
    """
    try:
        return [
            Candle(from_milliseconds(float(opened)), *map(float, prices[:4]))
            for opened, *prices in _rows(body)
        ]
    except (ValueError, TypeError) as error:
        raise Odd(Reason.NO_NUMBER, str(error)) from error


def prices(wanted: Wanted, theirs: str, fetcher: Fetcher, url: str) -> Historian:
    """Return who remembers a price, in candles that fit the symbol's bars.

    Args:
        wanted: what is needed of it.
        theirs: the venue's name of it.
        fetcher: how to ask.
        url: where.
    """
    seconds = fitting(INTERVALS, wanted.grid_seconds)

    async def fetch(chapter: Chapter) -> Iterable[Candle]:
        first, end = chapter.asked(MILLISECOND)
        return candles(
            await fetcher.get(
                f"{url}/api/v3/klines?symbol={theirs.upper()}"
                f"&interval={INTERVALS[chapter.step // SECOND]}"
                # Both ends of a question count.
                f"&startTime={first}&endTime={end - 1}&limit={MOST}"
            )
        )

    layer = Layer(seconds, most=MOST, bar_seconds=wanted.grid_seconds)
    return Historian(
        Series(wanted.symbol, SOURCE), (layer,), wanted.back_seconds, fetch
    )
