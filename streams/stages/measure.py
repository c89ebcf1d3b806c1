"""The stage from ``bars`` to ``readings`` and ``legs``: realised volatility.

The windows themselves are not remembered across a restart: their rows are in
``bars``, and sums that are exact come out the same when they are read again.
"""

from collections import deque
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streams import wire
from streams.agents.stage import Gap, Outcome, Refused
from streams.coverage import Coverage
from streams.events import Bars, LegName, Origin, Quality
from streams.lengths import seconds
from streams.reason import Reason
from streams.settings import StreamSettings
from streams.stages.pairs import AT_CLOSE, MOVE, REALISED, Leg, Source, legs_of
from streams.stages.said import Said
from streams.volatility.bars import BarColumns, Instants
from streams.volatility.daily_move import DailyMove
from streams.volatility.estimator import Estimates, Estimator
from streams.volatility.estimators import ESTIMATORS
from streams.volatility.market_time import MarketClock, market_clock

HOUR_NS = 3600 * 10**9

MARKS = 256
"""Offsets remembered a window: a restart reads at most 1/256 too much."""


class _Series:
    """What is remembered of one symbol: an estimator for each comparison."""

    def __init__(self, settings: StreamSettings, name: str) -> None:
        clock = market_clock(settings.symbols[name].clock)
        self.coverage = Coverage()
        self.estimators: dict[str, Estimator] = {
            comparison: _estimator(comparison, clock)
            for comparison in settings.realised_of(name)
        }
        self.day = DailyMove(clock)
        self._marks: deque[tuple[int, int]] = deque()
        self._spacing = int(
            max(map(seconds, settings.realised.windows), default=0) * 1e9 / MARKS
        )

    def update(self, bars: BarColumns) -> dict[str, Estimates]:
        """Return what each estimator makes of further bars.

        Raises:
            ValueError: no estimator takes these bars; none has changed, since
                what one refuses all of them do.
        """
        return {name: e.update(bars) for name, e in self.estimators.items()}

    def mark(self, offset: int, at: int) -> None:
        """Remember at which offset a bar stands."""
        if not self._marks or at >= self._marks[-1][1] + self._spacing:
            self._marks.append((offset, at))

    def forget(self, at: int) -> None:
        """Drop the offsets that no window will need again."""
        oldest = min((e.needs_since(at) for e in self.estimators.values()), default=at)
        while len(self._marks) > 1 and self._marks[1][1] <= oldest:
            self._marks.popleft()

    @property
    def base(self) -> int | None:
        """The offset from which the windows can be filled again."""
        return self._marks[0][0] if self._marks else None


class Measure:
    """Every configured estimator over every window, of each symbol."""

    def __init__(self, settings: StreamSettings) -> None:
        self._settings = settings
        self._series: dict[str, _Series] = {}
        self._legs: dict[tuple[str, str], list[Leg]] = {}
        for symbol, leg in legs_of(settings, Source.BARS):
            self._legs.setdefault((symbol, leg.of), []).append(leg)

    def apply(self, record: Bars, offset: int, now: int) -> list[Outcome]:
        """Return what the bars make of each volatility."""
        del now
        if record.symbol not in self._settings.symbols:
            return []  # its ticks were refused when it was taken out
        series = self._series.get(record.symbol)
        if series is None:
            series = self._series[record.symbol] = _Series(
                self._settings, record.symbol
            )
        known = series.coverage.watermark
        if known is not None and record.end <= known:
            return []  # told again after a crash; the first telling was used
        try:
            bars = _columns(record, known)
            estimates = series.update(bars)
        except (ValueError, OverflowError) as error:
            return [_refused(record, error)]
        out: list[Outcome] = []
        cover = series.coverage.take(record.start, record.end)
        if cover.gap is not None:
            out.append(Gap(f"{record.symbol} bars", *cover.gap))
        if len(bars):
            series.mark(offset, int(bars.at[-1]))
            series.forget(int(bars.at[-1]))
        start = record.start if known is None else known
        told = _told(record, bars.at)
        for comparison, (value, warm) in estimates.items():
            name = _name(record, comparison)
            usable = np.isfinite(value) & told
            warming, good = usable & ~warm, usable & warm
            said = Said(name, start, record.end, bars.at[warming], value[warming])
            out += said.reading(Quality.WARMING)
            said = Said(name, start, record.end, bars.at[good], value[good])
            out += said.reading()
            out += said.legs(self._legs.get((record.symbol, comparison), ()))
        if REALISED in estimates:
            move, expected = series.day.update(bars, estimates[REALISED])
            usable = np.isfinite(move) & np.isfinite(expected) & told
            for of, value in ((MOVE, move), (AT_CLOSE, expected)):
                name = _name(record, of)
                said = Said(name, start, record.end, bars.at[usable], value[usable])
                out += said.legs(self._legs.get((record.symbol, of), ()))
        return out

    def state(self) -> dict[str, Any]:
        """Return watermarks and what the estimators keep outside their windows."""
        return {
            name: {
                "watermark": series.coverage.watermark,
                "estimators": {
                    comparison: estimator.state()
                    for comparison, estimator in series.estimators.items()
                },
                "day": series.day.state(),
            }
            for name, series in self._series.items()
        }

    def base(self) -> int | None:
        """Return the oldest record that is still inside a window."""
        bases = [series.base for series in self._series.values()]
        return min((base for base in bases if base is not None), default=None)

    def restore(
        self, state: dict[str, Any], records: Iterable[tuple[int, Bars]]
    ) -> None:
        """Become what gave `state`, with the windows filled from the bars."""
        parts: dict[str, list[BarColumns]] = {name: [] for name in state}
        known: dict[str, Coverage] = {name: Coverage() for name in state}
        for name in state.keys() & self._settings.symbols.keys():
            self._series[name] = _Series(self._settings, name)
        for offset, record in records:
            series = self._series.get(record.symbol)
            if series is None:
                continue
            before = known[record.symbol].watermark
            try:
                bars = _columns(record, before)
            except (ValueError, OverflowError):
                continue  # refused the first time
            if not known[record.symbol].take(record.start, record.end).fresh:
                continue
            if len(bars):
                parts[record.symbol].append(bars)
                series.mark(offset, int(bars.at[-1]))
        for name, series in self._series.items():
            saved = state[name]
            series.coverage.watermark = saved["watermark"]
            bars = BarColumns.concatenate(parts[name])
            series.day.restore(saved.get("day", series.day.state()))
            for comparison, estimator in series.estimators.items():
                # A window that was configured since then starts warming now.
                if comparison in saved["estimators"]:
                    estimator.restore(saved["estimators"][comparison], bars)


def _estimator(comparison: str, clock: MarketClock) -> Estimator:
    estimator, window = comparison.split("/")
    return ESTIMATORS[estimator](seconds(window), clock)


def _name(record: Bars, comparison: str) -> LegName:
    measure, window = comparison.split("/")
    return LegName(
        symbol=record.symbol,
        measure=measure,
        window=window,
        origin=Origin.COMPUTED,
        source=record.source,
        delay_seconds=record.delay_seconds,
        history=record.history,
    )


def _refused(record: Bars, error: Exception) -> Refused:
    return Refused(
        Reason.UNPARSEABLE,
        str(error),
        record.symbol,
        sum(record.ticks),
        wire.encode(record),
    )


def _told(record: Bars, at: Instants) -> NDArray[np.bool_]:
    """Return which bars have a reading: of history, the last of each hour.

    A month by the minute fills the windows; nobody needs it retold by the minute.
    """
    if not record.history:
        return np.ones(at.size, dtype=np.bool_)
    hour = (at - 1) // HOUR_NS
    last: NDArray[np.bool_] = np.diff(hour, append=hour[-1:] + 1) > 0
    return last


def _columns(record: Bars, known: int | None) -> BarColumns:
    """Return the record's bars that are not known already."""
    bars = BarColumns.of(record.at, record.open, record.high, record.low, record.close)
    return bars if known is None else bars[int(np.searchsorted(bars.at, known)) :]
