"""The stage from ``ticks.vol`` to ``readings`` and ``legs``.

An implied vol that somebody publishes is taken as it is: screened, never
smoothed, and labelled with who said it and how old it was when they did. Its
history may come at any time: what lies before all that is known passes on, and
moves nothing.
"""

from collections.abc import Iterable
from typing import Any

from streams.agents.stage import Outcome
from streams.events import LegName, VolTicks
from streams.lengths import nanoseconds
from streams.reason import Reason
from streams.settings import StreamSettings
from streams.stages.pairs import Leg, Source, legs_of
from streams.stages.said import Said
from streams.stages.screening import TickScreen
from streams.stages.ticks import Taken, TickSeries, parted, refuse_all


class Quote:
    """Screens published vols and hands them to the pairs they are legs of."""

    def __init__(self, settings: StreamSettings) -> None:
        self._settings = settings
        self._series: dict[str, TickSeries] = {}
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
        key = f"{record.symbol} {record.measure}"
        series = self._series.get(key)
        if series is None:
            series = self._series[key] = self._begin(key)
        past, present = parted(record, series.known if record.history else None)
        out: list[Outcome] = []
        if past is not None:
            out += self._said(record, *series.recall(past, past.value, now))
        if present is not None:
            out += self._said(record, *series.take(present, present.value, now))
        return out

    def _said(
        self, record: VolTicks, taken: Taken | None, out: list[Outcome]
    ) -> list[Outcome]:
        if taken is None:
            return out
        name = LegName(
            symbol=record.symbol,
            measure=record.measure,
            window=f"{record.tenor_days}d",
            origin=record.origin,
            source=record.source,
            delay_seconds=record.delay_seconds,
            history=record.history,
        )
        said = Said(name, *taken)
        out += said.reading()
        out += said.legs(self._legs.get((record.symbol, record.measure), ()))
        return out

    def _begin(self, name: str) -> TickSeries:
        screen = TickScreen.of_vols(self._settings.screen)
        return TickSeries(name, screen, nanoseconds(self._settings.screen.max_ahead))

    def state(self) -> dict[str, Any]:
        """Return each published vol's watermark and screen."""
        return {name: series.state() for name, series in self._series.items()}

    def base(self) -> None:
        """Nothing is read again: there is no window."""

    def restore(
        self, state: dict[str, Any], records: Iterable[tuple[int, VolTicks]]
    ) -> None:
        """Become what gave `state`."""
        del records
        for name, saved in state.items():
            series = self._series[name] = self._begin(name)
            series.restore(saved)
