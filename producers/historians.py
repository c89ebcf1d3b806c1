"""Who remembers what: the historians of each kind of source, by what it gives."""

from collections.abc import Iterator
from typing import assert_never

from producers.history.historian import Historian, Wanted
from producers.listening.bucket import TokenBucket
from producers.listening.fetching import Fetcher
from producers.settings import (
    AlpacaSource,
    CboeSource,
    DeribitSource,
    FailoverSource,
    KeyedSource,
    LiveSource,
    MassiveSource,
    Meaning,
    SourceSettings,
    TastytradeSource,
    TradesSource,
    VenueSource,
    YahooSource,
)
from producers.venues import (
    binance,
    binance_history,
    cboe,
    coinbase,
    coinbase_history,
    deribit_history,
    yahoo_history,
)
from streams.lengths import nanoseconds, seconds
from streams.settings import StreamSettings
from streams.volatility.corporate_actions import CorporateAction
from streams.volatility.market_time import market_clock

_DAY_SECONDS = 86_400.0
_LONGEST_SHUT_DAYS = 4
"""A holiday beside a week-end."""


def historians(
    source: SourceSettings, streams: StreamSettings
) -> dict[Meaning, Historian]:
    """Return who remembers what a source gives, as far as anybody does.

    Of several venues of one thing the first that remembers is asked.

    Args:
        source: the source.
        streams: the symbols, and how long their windows are.
    """
    venues = source.prefer if isinstance(source, FailoverSource) else (source,)
    found: dict[Meaning, Historian] = {}
    for venue in venues:
        if isinstance(venue, KeyedSource) and venue.unset():
            continue  # nobody would go on from where its history ends
        if isinstance(venue, LiveSource) and venue.history:
            for historian in _of(venue, streams):
                if historian.series.meaning in venue.gives():
                    found.setdefault(historian.series.meaning, historian)
    return found


def _of(venue: VenueSource, streams: StreamSettings) -> Iterator[Historian]:
    """Yield the historians of one venue."""
    match venue:
        case DeribitSource():
            fetcher = Fetcher(TokenBucket(8, burst=8))
            for symbol in venue.currencies:
                if (vol := _vol(symbol, venue, streams)) is not None:
                    yield deribit_history.vols(vol, fetcher, venue.http_url)
                price = _price(symbol, venue, streams)
                if price is not None:
                    theirs = f"{symbol}-PERPETUAL"
                    yield deribit_history.prices(price, theirs, fetcher, venue.http_url)
        case TradesSource():
            yield from _of_exchange(venue, streams)
        case YahooSource():
            yield from _of_yahoo(venue, venue.symbols, streams)
        case CboeSource() | AlpacaSource() | MassiveSource():
            # An index goes by another name there.
            stocks = {s: s for s in venue.symbols if not s.startswith("_")}
            yield from _of_yahoo(venue, stocks, streams)
        case TastytradeSource():
            pass  # vols only, and of their past nobody tells
        case _:
            assert_never(venue)


def _of_exchange(venue: TradesSource, streams: StreamSettings) -> Iterator[Historian]:
    # Kraken's past is 720 candles: less than a day by the minute.
    if venue.kind == "kraken":
        return
    module, usual, url = {
        "coinbase": (coinbase_history, coinbase.SYMBOLS, coinbase_history.URL),
        "binance": (binance_history, binance.SYMBOLS, binance_history.URL),
    }[venue.kind]
    fetcher = Fetcher(TokenBucket(5, burst=5))
    for symbol, theirs in (venue.symbols or usual).items():
        if (price := _price(symbol, venue, streams)) is not None:
            yield module.prices(price, theirs, fetcher, venue.history_url or url)


def _of_yahoo(
    venue: LiveSource, symbols: dict[str, str], streams: StreamSettings
) -> Iterator[Historian]:
    fetcher = Fetcher(TokenBucket(1, burst=4), headers=yahoo_history.HEADERS)
    url = venue.history_url or yahoo_history.URL
    for symbol, theirs in symbols.items():
        if (price := _price(symbol, venue, streams)) is not None:
            yield yahoo_history.prices(price, theirs, fetcher, url)


def _price(symbol: str, venue: LiveSource, streams: StreamSettings) -> Wanted | None:
    """Return what the windows of realised vol need; None if there are none."""
    windows = streams.realised.windows
    if symbol not in streams.symbols or not windows:
        return None
    how = streams.symbols[symbol]
    # A window is warm once there is a bar from before it; and where it ends, at
    # the last bar, may be days ago.
    shut = _LONGEST_SHUT_DAYS if market_clock(how.clock).has_nights else 0.5
    longest = max(map(seconds, windows)) + 2 * shut * _DAY_SECONDS
    return Wanted(
        symbol,
        min(longest, venue.history.total_seconds()),
        seconds(how.grid),
        tuple(
            CorporateAction(round(action.at.timestamp()) * 10**9, action.factor)
            for action in how.actions
        ),
        cboe.DELAY_SECONDS if _delayed(venue) else 0,
    )


def _delayed(venue: LiveSource) -> bool:
    """Say whether its prices are those of a quarter of an hour ago."""
    match venue:
        case CboeSource():
            return True
        case AlpacaSource():
            return venue.feed == "delayed_sip"
        case MassiveSource():
            return venue.delayed
        case _:
            return False


def _vol(symbol: str, venue: LiveSource, streams: StreamSettings) -> Wanted | None:
    """Return what rank and percentile need: as much as is allowed."""
    if symbol not in streams.symbols:
        return None
    return Wanted(symbol, nanoseconds(venue.history) / 10**9, 0)
