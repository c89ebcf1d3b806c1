"""A volatility as it leaves an agent: the reading, and the legs made of it."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from streams.agents.stage import Out
from streams.events import LegName, LegReadings, Quality, VolatilityReadings
from streams.stages.pairs import Leg
from streams.topics import LEGS, READINGS


class Said(NamedTuple):
    """Values of one volatility, and the stretch of event time they are all of.

    Attributes:
        name: of what, by whom.
        start: where the stretch begins (ns UTC).
        end: the watermark after it.
        at: instants within it, ordered.
        value: annualised fractions.
    """

    name: LegName
    start: int
    end: int
    at: NDArray[np.int64]
    value: NDArray[np.float64]

    def reading(self, quality: Quality = Quality.OK) -> Iterator[Out]:
        """Yield the record for ``readings``; none where there is no value."""
        if not len(self.at):
            return
        name = self.name
        reading = VolatilityReadings(
            symbol=name.symbol,
            measure=name.measure,
            window=name.window,
            origin=name.origin,
            source=name.source,
            quality=quality,
            start=self.start,
            end=self.end,
            at=self.at.tolist(),
            value=self.value.tolist(),
            delay_seconds=name.delay_seconds,
        )
        yield Out(READINGS, name.symbol, reading)

    def legs(self, legs: Iterable[Leg]) -> Iterator[Out]:
        """Yield a record for ``legs`` each; without a value, it is the watermark."""
        for leg in legs:
            reading = LegReadings(
                pair=leg.pair,
                comparison=leg.comparison,
                side=leg.side,
                name=self.name,
                start=self.start,
                end=self.end,
                at=self.at.tolist(),
                value=self.value.tolist(),
            )
            yield Out(LEGS, leg.pair, reading)
