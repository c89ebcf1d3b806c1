"""The stage from ``chains`` to ``readings`` and ``legs``: vols of our own making.

One method for both legs of a pair: the published vols of a stock and of a
coin are made by different recipes, and part of their spread is the recipes'.
"""

from collections.abc import Iterable
from typing import Any

import numpy as np

from streams import wire
from streams.agents.stage import Outcome, Refused
from streams.coverage import Coverage
from streams.events import ChainSnapshot, LegName, Origin
from streams.lengths import nanoseconds
from streams.reason import Reason
from streams.settings import StreamSettings
from streams.stages.chains import chain_of
from streams.stages.pairs import Leg, Source, legs_of
from streams.stages.said import Said
from streams.volatility.implied.measure import ChainReadings, Terms, measure_chain


class Imply:
    """Reads every chain by every method, at every tenor it brackets."""

    def __init__(self, settings: StreamSettings) -> None:
        self._settings = settings
        rate = settings.chains.rate
        self._terms = Terms(rate=lambda _: rate)
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
            read = measure_chain(chain_of(record), now, terms=self._terms)
        except (ValueError, OverflowError) as error:
            return [_refused(record, Reason.UNPARSEABLE, str(error))]
        covered.take(start, end)
        out: list[Outcome] = []
        if not read.readings:
            out.append(_refused(record, Reason.UNUSABLE_CHAIN, _reasons(read)))
        values = {f"{r.method}/{r.tenor_days:g}d": r.value for r in read.readings}
        legs = {of for symbol, of in self._legs if symbol == record.symbol}
        for of in [*values, *sorted(legs - values.keys())]:
            said = _said(record, of, start, values.get(of))
            out += said.reading()
            out += said.legs(self._legs.get((record.symbol, of), ()))
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


def _said(
    record: ChainSnapshot, method_and_tenor: str, start: int, value: float | None
) -> Said:
    """Return a value or, where the chain gave none, the watermark alone."""
    measure, window = method_and_tenor.split("/")
    name = LegName(
        symbol=record.symbol,
        measure=measure,
        window=window,
        origin=Origin.COMPUTED,
        source=record.source,
        delay_seconds=record.delay_seconds,
    )
    values = [] if value is None else [value]
    at = np.full(len(values), record.at, dtype=np.int64)
    return Said(name, start, record.at + 1, at, np.array(values))


def _reasons(read: ChainReadings) -> str:
    return ", ".join(sorted({str(refusal.reason) for refusal in read.refusals}))


def _refused(record: ChainSnapshot, reason: Reason, detail: str) -> Refused:
    return Refused(reason, detail, record.symbol, 1, wire.encode(record))
