"""The stage from ``chains`` to ``readings`` and ``legs``: vols of our own making.

One method for both legs of a pair: the published vols of a stock and of a
coin are made by different recipes, and part of their spread is the recipes'.
"""

from collections.abc import Iterable
from typing import Any

from streams import wire
from streams.chains import chain_of
from streams.coverage import Coverage
from streams.events import (
    ChainSnapshot,
    LegName,
    LegReadings,
    Origin,
    Quality,
    VolatilityReadings,
)
from streams.pairs import Leg, Source, legs_of
from streams.screening import Reason
from streams.settings import StreamSettings, nanoseconds
from streams.stage import Out, Outcome, Refused
from streams.topics import LEGS, READINGS
from streams.volatility.implied.measure import ChainReadings, measure_chain


class Imply:
    """Reads every chain by every method, at every tenor it brackets."""

    def __init__(self, settings: StreamSettings) -> None:
        self._settings = settings
        self._ahead = nanoseconds(settings.screen.max_ahead)
        self._covered: dict[str, Coverage] = {}
        self._legs: dict[tuple[str, str], list[Leg]] = {}
        for symbol, leg in legs_of(settings, Source.CHAINS):
            self._legs.setdefault((symbol, leg.of), []).append(leg)

    def apply(self, record: ChainSnapshot, offset: int, now: int) -> list[Outcome]:
        """Return a reading for each method and tenor, or the reason there is none."""
        del offset
        if record.symbol not in self._settings.symbols:
            return [_refused(record, Reason.UNKNOWN_SYMBOL, "not in [symbols]")]
        if record.at > now + self._ahead:
            return [_refused(record, Reason.FAR_FUTURE, f"at {record.at}")]
        covered = self._covered.setdefault(record.symbol, Coverage())
        known = covered.watermark
        # A snapshot is all there is to say up to its own instant.
        start, end = record.at if known is None else known, record.at + 1
        if known is not None and end <= known:
            return [_refused(record, Reason.DUPLICATE, f"known up to {known}")]
        try:
            read = measure_chain(chain_of(record), now)
        except (ValueError, OverflowError) as error:
            return [_refused(record, Reason.UNPARSEABLE, str(error))]
        covered.take(start, end)
        out: list[Outcome] = []
        if not read.readings:
            out.append(_refused(record, Reason.UNUSABLE_CHAIN, _reasons(read)))
        said = {f"{r.method}/{r.tenor_days:g}d": r.value for r in read.readings}
        for comparison, value in said.items():
            out.append(_reading(record, comparison, start, value))
        for (symbol, of), legs in self._legs.items():
            if symbol == record.symbol:
                values = [said[of]] if of in said else []
                out += [_leg(record, leg, start, values) for leg in legs]
        return out

    def state(self) -> dict[str, Any]:
        """Return each symbol's watermark."""
        return {name: covered.watermark for name, covered in self._covered.items()}

    def base(self) -> None:
        """Nothing is read again: a chain stands for itself."""

    def restore(
        self, state: dict[str, Any], records: Iterable[tuple[int, ChainSnapshot]]
    ) -> None:
        """Become what gave `state`."""
        del records
        self._covered = {name: Coverage(mark) for name, mark in state.items()}


def _name(record: ChainSnapshot, comparison: str) -> LegName:
    measure, window = comparison.split("/")
    return LegName(
        symbol=record.symbol,
        measure=measure,
        window=window,
        origin=Origin.COMPUTED,
        source=record.source,
        delay_seconds=record.delay_seconds,
    )


def _reading(record: ChainSnapshot, comparison: str, start: int, value: float) -> Out:
    name = _name(record, comparison)
    reading = VolatilityReadings(
        symbol=name.symbol,
        measure=name.measure,
        window=name.window,
        origin=name.origin,
        source=name.source,
        quality=Quality.OK,
        start=start,
        end=record.at + 1,
        at=[record.at],
        value=[value],
        delay_seconds=name.delay_seconds,
    )
    return Out(READINGS, name.symbol, reading)


def _leg(record: ChainSnapshot, leg: Leg, start: int, values: list[float]) -> Out:
    """Return a leg's value or, where the chain gave none, its watermark."""
    reading = LegReadings(
        pair=leg.pair,
        comparison=leg.comparison,
        side=leg.side,
        name=_name(record, leg.of),
        start=start,
        end=record.at + 1,
        at=[record.at] * len(values),
        value=values,
    )
    return Out(LEGS, leg.pair, reading)


def _reasons(read: ChainReadings) -> str:
    return ", ".join(sorted({str(refusal.reason) for refusal in read.refusals}))


def _refused(record: ChainSnapshot, reason: Reason, detail: str) -> Refused:
    return Refused(reason, detail, record.symbol, 1, wire.encode(record))
