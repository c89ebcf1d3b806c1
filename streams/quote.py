"""The stage from ``ticks.vol`` to ``readings`` and ``legs``.

An implied vol that somebody publishes is taken as it is: screened, never
smoothed, and labelled with who said it and how old it was when they did.
"""

from collections.abc import Iterable
from typing import Any

from streams.coverage import Coverage
from streams.events import LegName, LegReadings, Quality, VolatilityReadings, VolTicks
from streams.pairs import Leg, Source, legs_of
from streams.screening import Reason, TickScreen
from streams.settings import StreamSettings, nanoseconds
from streams.stage import Gap, Out, Outcome
from streams.ticks import BadColumns, columns, refuse_all, refuse_rows
from streams.topics import LEGS, READINGS


class _Series:
    """What is remembered of one published vol of one symbol."""

    def __init__(self, settings: StreamSettings) -> None:
        self.coverage = Coverage()
        self.screen = TickScreen.of_vols(settings.screen)


class Quote:
    """Screens published vols and hands them to the pairs they are legs of."""

    def __init__(self, settings: StreamSettings) -> None:
        self._settings = settings
        self._ahead = nanoseconds(settings.screen.max_ahead)
        self._series: dict[str, _Series] = {}
        self._legs: dict[tuple[str, str], list[Leg]] = {}
        for symbol, leg in legs_of(settings, Source.PUBLISHED):
            measure = settings.symbols[symbol].implied
            if measure is not None:
                self._legs.setdefault((symbol, measure), []).append(leg)

    def apply(self, record: VolTicks, offset: int, now: int) -> list[Outcome]:
        """Return the readings, and one leg for each pair that wants them."""
        del offset
        if record.symbol not in self._settings.symbols:
            return [refuse_all(record, Reason.UNKNOWN_SYMBOL, "not in [symbols]")]
        try:
            ticks = columns(record, record.value, now + self._ahead)
        except BadColumns as bad:
            return [refuse_all(record, bad.reason, str(bad))]
        name = f"{record.symbol} {record.measure}"
        series = self._series.get(name)
        if series is None:
            series = self._series[name] = _Series(self._settings)

        known = series.coverage.watermark
        cover = series.coverage.take(record.start, ticks.end)
        if not cover.fresh:
            said = f"all before {known} is known already"
            return [refuse_all(record, Reason.DUPLICATE, said)] if record.at else []
        out: list[Outcome] = []
        if cover.gap is not None:
            out.append(Gap(name, *cover.gap))
        admitted = series.screen.admit(
            ticks.at, ticks.value, covered=known, end=ticks.end, now=now
        )
        out += refuse_rows(record, admitted.refused)
        start = record.start if known is None else known
        at, value = admitted.at.tolist(), admitted.value.tolist()
        window = f"{record.tenor_days}d"
        if at:
            reading = VolatilityReadings(
                symbol=record.symbol,
                measure=record.measure,
                window=window,
                origin=record.origin,
                source=record.source,
                quality=Quality.OK,
                start=start,
                end=ticks.end,
                at=at,
                value=value,
                delay_seconds=record.delay_seconds,
            )
            out.append(Out(READINGS, record.symbol, reading))
        leg_name = LegName(
            symbol=record.symbol,
            measure=record.measure,
            window=window,
            origin=record.origin,
            source=record.source,
            delay_seconds=record.delay_seconds,
        )
        for leg in self._legs.get((record.symbol, record.measure), ()):
            leg_reading = LegReadings(
                pair=leg.pair,
                comparison=leg.comparison,
                side=leg.side,
                name=leg_name,
                start=start,
                end=ticks.end,
                at=at,
                value=value,
            )
            out.append(Out(LEGS, leg.pair, leg_reading))
        return out

    def state(self) -> dict[str, Any]:
        """Return each published vol's watermark and screen."""
        return {
            name: {
                "watermark": series.coverage.watermark,
                "screen": series.screen.state(),
            }
            for name, series in self._series.items()
        }

    def base(self) -> None:
        """Nothing is read again: there is no window."""

    def restore(
        self, state: dict[str, Any], records: Iterable[tuple[int, VolTicks]]
    ) -> None:
        """Become what gave `state`."""
        del records
        for name, saved in state.items():
            series = self._series[name] = _Series(self._settings)
            series.coverage.watermark = saved["watermark"]
            series.screen.restore(saved["screen"])
