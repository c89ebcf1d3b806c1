"""DVOL's own history, which fills the time nobody listened.

get_volatility_index_data gives candles, in percent, each stamped when it opens,
in pages that lead backwards.
"""

from collections.abc import AsyncIterator, Callable, Sequence

import msgspec
import numpy as np

from producers.listening.conversation import Odd, Refused, from_milliseconds, positive
from producers.listening.fetching import Fetcher
from producers.source import SECOND, Heard, Series

SOURCE = "deribit"
TENOR_DAYS = 30


def dvol(currency: str) -> Series:
    """Return the volatility index's series."""
    return Series(currency, SOURCE, "dvol", TENOR_DAYS)


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
    fetcher: Fetcher, currency: str, since: int, until: int, url: str
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


def filler(
    fetcher: Fetcher,
    currencies: Sequence[str],
    now: Callable[[], int],
    url: str,
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
