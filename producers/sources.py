"""Every source there is: a new one is its file and a line here."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from producers.settings import (
    AlpacaSource,
    CboeSource,
    DeribitSource,
    FailoverSource,
    KeyedSource,
    MassiveSource,
    ReplaySource,
    Sending,
    SourceSettings,
    StorySource,
    SyntheticSource,
    TastytradeSource,
    TradesSource,
    YahooSource,
)
from producers.source import Source

if TYPE_CHECKING:
    from producers.listening.live import Line


def _replay(settings: ReplaySource) -> Source:
    from producers.recorded.replay import Replay

    return Replay(settings)


def _synthetic(settings: SyntheticSource) -> Source:
    from producers.recorded.synthetic import Synthetic

    return Synthetic(settings)


def _story(settings: StorySource) -> Source:
    from producers.recorded.story import Story

    return Story(seconds=settings.seconds or None, data=settings.data)


def _deribit(settings: DeribitSource) -> "list[Line]":
    from producers.venues import deribit

    return deribit.lines(settings)


def _cboe(settings: CboeSource) -> "list[Line]":
    from producers.venues import cboe

    return cboe.lines(settings)


def _coinbase(settings: TradesSource) -> "list[Line]":
    from producers.venues import coinbase

    return coinbase.lines(settings)


def _kraken(settings: TradesSource) -> "list[Line]":
    from producers.venues import kraken

    return kraken.lines(settings)


def _binance(settings: TradesSource) -> "list[Line]":
    from producers.venues import binance

    return binance.lines(settings)


def _yahoo(settings: YahooSource) -> "list[Line]":
    from producers.venues import yahoo

    return yahoo.lines(settings)


def _alpaca(settings: AlpacaSource) -> "list[Line]":
    from producers.venues import alpaca

    return alpaca.lines(settings)


def _massive(settings: MassiveSource) -> "list[Line]":
    from producers.venues import massive

    return massive.lines(settings)


def _tastytrade(settings: TastytradeSource) -> "list[Line]":
    from producers.venues import tastytrade

    return tastytrade.lines(settings)


def _failover(settings: FailoverSource, name: str = "failover") -> Source:
    from producers.choosing.failover import Failover

    return Failover(
        [
            open_source(venue, f"{name}__prefer__{rank}")
            for rank, venue in enumerate(settings.prefer)
        ],
        patience=settings.patience.total_seconds(),
        settle=settings.settle.total_seconds(),
    )


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of source, as its users should know it.

    Attributes:
        settings: its table in the configuration.
        open: makes it; a live venue's lines, where it is one.
        gives: what it gives, for people.
        key: what it wants of us.
        delay: how late its data are, in words.
        terms: a word on its terms of use.
    """

    settings: type[Sending]
    open: Callable[[Any], "Source | list[Line]"]
    gives: str
    key: str = "none"
    delay: str = "none"
    terms: str = "yours"


_PUBLIC = "public market data, free for own use"

SOURCES: Final[dict[str, Kind]] = {
    "replay": Kind(ReplaySource, _replay, "recorded prices and vols from your files"),
    "synthetic": Kind(SyntheticSource, _synthetic, "a market made up from a seed"),
    "story": Kind(StorySource, _story, "NVDA against BTC in the summer of 2024"),
    "deribit": Kind(
        DeribitSource,
        _deribit,
        "DVOL, index prices and option chains of BTC and ETH",
        terms=f"{_PUBLIC}; rate limits apply",
    ),
    "cboe": Kind(
        CboeSource,
        _cboe,
        "30-day implied vol, price and option chain of any US underlying",
        delay="15 minutes",
        terms="free delayed data for own use; undocumented, so asked rarely",
    ),
    "coinbase": Kind(
        TradesSource, _coinbase, "BTC and ETH trades in dollars", terms=_PUBLIC
    ),
    "kraken": Kind(
        TradesSource, _kraken, "BTC and ETH trades in dollars", terms=_PUBLIC
    ),
    "binance": Kind(
        TradesSource,
        _binance,
        "BTC and ETH trades in USDT",
        terms=f"{_PUBLIC}; not offered in some countries",
    ),
    "yahoo": Kind(
        YahooSource,
        _yahoo,
        "prices of anything Yahoo Finance shows",
        delay="none for most US stocks",
        terms="free for personal use; undocumented",
    ),
    "alpaca": Kind(
        AlpacaSource,
        _alpaca,
        "trades and option chains of US stocks",
        key="key and secret; a free plan exists",
        delay="none, but delayed_sip: 15 minutes",
        terms="by subscription plan",
    ),
    "massive": Kind(
        MassiveSource,
        _massive,
        "trades and option chains of US stocks",
        key="key",
        delay="none, or 15 minutes where delayed",
        terms="by subscription plan",
    ),
    "tastytrade": Kind(
        TastytradeSource,
        _tastytrade,
        "30-day implied vol of any US underlying",
        key="client secret and refresh token; with an account",
        delay="not documented",
        terms="for customers' own use",
    ),
    "failover": Kind(
        FailoverSource,
        _failover,
        "the best of several venues that speaks",
        key="as the venues",
        delay="as the venues",
        terms="as the venues",
    ),
}


def open_source(
    settings: SourceSettings,
    name: str = "",
    *,
    record: Path | None = None,
    playback: Path | None = None,
) -> Source:
    """Return the source that `settings` describe.

    A venue that wants a key and is given none is a source, too: it says so.

    Args:
        settings: which, and how.
        name: its name in the configuration; its kind, where it has none.
        record: a file in which a live venue's messages are kept as they come.
        playback: such a file, to be played instead of listening to the venue.

    Raises:
        ValueError: it cannot be opened; the message says why.
    """
    name = name or settings.kind
    if isinstance(settings, FailoverSource):
        opened: Source | list[Line] = _failover(settings, name)
    else:
        opened = SOURCES[settings.kind].open(settings)
    if not isinstance(opened, list):
        if record is not None or playback is not None:
            raise ValueError(f"{settings.kind}: only a live venue can be recorded")
        return opened
    from producers.listening.live import Live, Recorded

    if playback is not None:
        return Recorded(opened, playback, speed=None)
    if isinstance(settings, KeyedSource) and (unset := settings.unset()):
        from producers.listening.locked import Locked, wanted

        if record is not None:
            raise ValueError(f"{name}: nothing to record: {wanted(name, unset)}")
        return Locked([line.feed for line in opened], wanted(name, unset))
    return Live(opened, record)
