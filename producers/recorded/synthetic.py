"""A market made up from a seed: the same seed, the same ticks.

Prices follow a geometric Brownian motion whose own volatility wanders: its
logarithm reverts to a level within days (an Ornstein–Uhlenbeck process, moved
once a chunk). A 30-day implied vol, where one is asked for, is that volatility
plus a premium, once a minute. Nothing here resembles a real asset but in shape;
its records say ``synthetic``.
"""

import math
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from producers.recorded.timeline import Pace
from producers.settings import SyntheticSource, SyntheticSymbol
from producers.source import SECOND, Heard, Instants, Series, Values, instant
from streams.events import Origin
from streams.lengths import nanoseconds
from streams.settings import Clock
from streams.volatility.market_time import MarketClock, market_clock

SOURCE: Final = "synthetic"

_MINUTE = 60 * SECOND
_YEAR_SECONDS = {Clock.CRYPTO: 365 * 86_400.0, Clock.US_EQUITY: 252 * 390 * 60.0}
_REVERSION = 1 / (5 * 86_400)  # per second: a wild week calms down in about five days
_UNREST = 0.3  # standard deviation of log volatility in the long run
_CHUNK_TICKS = 250_000
_PREMIUM = 1.05  # implied vols stand a little above what is realised


@dataclass(slots=True)
class Market:
    """One symbol's made-up market, told chunk by chunk.

    Args:
        symbol: its name.
        settings: what it is like.
        rng: the only randomness; give each symbol its own.
    """

    symbol: str
    settings: SyntheticSymbol
    rng: np.random.Generator
    _log_price: float = field(init=False)
    _log_vol: float = field(init=False)
    _clock: MarketClock = field(init=False)

    def __post_init__(self) -> None:
        self._log_price = math.log(self.settings.price)
        self._log_vol = math.log(self.settings.vol)
        self._clock = market_clock(self.settings.clock)

    @property
    def vol(self) -> float:
        """The annualised volatility prices have at this moment, as a fraction."""
        return math.exp(self._log_vol)

    def chunk(self, start: int, end: int) -> Iterator[Heard]:
        """Yield what happens in ``[start, end)`` (ns UTC), which follows the last."""
        self._wander((end - start) / SECOND)
        at, value = self._prices(start, end)
        size = np.round(self.rng.exponential(1.0, len(at)), 4)
        yield Heard(Series(self.symbol, SOURCE), at, value, size, end, start)
        if self.settings.measure is not None:
            series = Series(
                self.symbol, SOURCE, self.settings.measure, 30, Origin.SYNTHETIC
            )
            yield Heard(series, *self._vols(start, end), until=end, since=start)

    def _wander(self, elapsed: float) -> None:
        kept = math.exp(-_REVERSION * elapsed)
        level = math.log(self.settings.vol)
        shock = _UNREST * math.sqrt(1 - kept * kept) * self.rng.standard_normal()
        self._log_vol = level + (self._log_vol - level) * kept + shock

    def _prices(self, start: int, end: int) -> tuple[Instants, Values]:
        interval = round(SECOND / self.settings.ticks_per_second)
        first = -(-start // interval) * interval
        at = self._open(np.arange(first, end, interval, dtype=np.int64))
        year = _YEAR_SECONDS[self.settings.clock]
        scale = self.vol * math.sqrt(interval / SECOND / year)
        path = self._log_price + np.cumsum(scale * self.rng.standard_normal(len(at)))
        if len(path):
            self._log_price = float(path[-1])
        return at, np.exp(path)

    def _vols(self, start: int, end: int) -> tuple[Instants, Values]:
        first = -(-start // _MINUTE) * _MINUTE
        at = self._open(np.arange(first, end, _MINUTE, dtype=np.int64))
        noise = 0.002 * self.rng.standard_normal(len(at))
        return at, self.vol * _PREMIUM * np.exp(noise)

    def _open(self, at: Instants) -> Instants:
        """Return the instants at which the market is open."""
        if self.settings.clock is Clock.CRYPTO or not len(at):
            return at
        # Market time stands still while the market is closed.
        return at[self._clock.position(at + 1) > self._clock.position(at)]


class Synthetic:
    """A seeded market of any symbols as a source.

    It is told in chunks: of a tenth of a second of ours, at a given speed, of
    an hour of the market flat out, and never of more ticks than are good for the
    memory. The chunk is part of what the seed means.
    """

    def __init__(self, settings: SyntheticSource) -> None:
        self._settings = settings
        speed = settings.speed or None
        chunk = 3600 * SECOND if speed is None else round(speed * SECOND / 10)
        rate = max(how.ticks_per_second for how in settings.symbols.values())
        self.chunk = max(1, min(chunk, round(_CHUNK_TICKS / rate * SECOND)))

    def __aiter__(self) -> AsyncIterator[Heard]:
        """Make it up, always the same."""
        return self._told()

    async def _told(self) -> AsyncIterator[Heard]:
        settings = self._settings
        seeds = np.random.SeedSequence(settings.seed).spawn(len(settings.symbols))
        markets = [
            Market(symbol, how, np.random.default_rng(seed))
            for (symbol, how), seed in zip(settings.symbols.items(), seeds, strict=True)
        ]
        start = instant(settings.starts())
        end = None if settings.lasts is None else start + nanoseconds(settings.lasts)
        pace = Pace(settings.speed or None, start)
        while end is None or start < end:
            until = start + self.chunk if end is None else min(start + self.chunk, end)
            await pace.reach(until)
            for market in markets:
                for heard in market.chunk(start, until):
                    yield heard
            start = until
