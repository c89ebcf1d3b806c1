"""What Coinbase Exchange remembers of a price, no key.

https://docs.cdp.coinbase.com/api-reference/exchange-api: candles, the newest
first, as [time, low, high, open, close, volume]; where nothing was traded there
is none; more than 300 an answer are refused.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final

import msgspec

from producers.history.candles import Candle, Chapter
from producers.history.historian import Historian, Layer, Wanted, fitting
from producers.listening.conversation import from_milliseconds
from producers.listening.fetching import Fetcher
from producers.source import SECOND, Series

SOURCE: Final = "coinbase"
URL: Final = "https://api.exchange.coinbase.com"
GRANULARITIES: Final = (60, 300, 900, 3600, 21_600, 86_400)
MOST: Final = 299
"""Both ends of a question count."""

_rows = msgspec.json.Decoder(list[tuple[int, float, float, float, float, float]]).decode


def candles(body: bytes) -> list[Candle]:
    """Return the candles of an answer.

    Raises:
        Odd: an instant is none. So does whatever msgspec raises.
    """
    return [
        Candle(from_milliseconds(opened * 1000), first, high, low, close)
        for opened, low, high, first, close, _ in _rows(body)
    ]


def prices(wanted: Wanted, theirs: str, fetcher: Fetcher, url: str) -> Historian:
    """Return who remembers a price, in candles that fit the symbol's bars.

    Args:
        wanted: what is needed of it.
        theirs: the venue's name of it.
        fetcher: how to ask.
        url: where.
    """
    seconds = fitting(GRANULARITIES, wanted.grid_seconds)

    async def fetch(chapter: Chapter) -> Iterable[Candle]:
        start, end = (
            datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
            for at in chapter.asked(SECOND)
        )
        return candles(
            await fetcher.get(
                f"{url}/products/{theirs}/candles"
                f"?granularity={seconds}&start={start}&end={end}"
            )
        )

    layer = Layer(seconds, most=MOST, bar_seconds=wanted.grid_seconds)
    return Historian(
        Series(wanted.symbol, SOURCE), (layer,), wanted.back_seconds, fetch
    )
