"""One leg of a comparison while it waits for the other."""

from dataclasses import dataclass, field
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from streams.coverage import Coverage
from streams.events import DailyCloses, LegName, LegReadings
from streams.volatility.market_time import DAY_NS

Int = NDArray[np.int64]
Float = NDArray[np.float64]

MAX_WAITING = 1_000_000
"""Rows of one leg that may wait, 16 MB: eleven days at one a second. A leg whose
counterpart stays away for longer loses its oldest, loudly."""

MAX_STRETCHES = 1_000
"""Pieces in which they may wait; then they are put together."""


@dataclass(slots=True)
class Stretch:
    """Rows of one leg record that still wait for the other leg."""

    offset: int
    name: LegName
    at: Int
    value: Float


@dataclass(slots=True)
class WaitingLeg:
    """One leg: how far it is known, what waits, and the last value used."""

    coverage: Coverage = field(default_factory=Coverage)
    waiting: list[Stretch] = field(default_factory=list)
    last: Stretch | None = None
    """A single row: the latest that was joined, carried until the next."""
    closes: dict[int, tuple[int, float]] = field(default_factory=dict)
    """By day, the last (instant, value) that no spread tells and nobody was told."""

    def push(self, record: LegReadings, offset: int, known: int | None) -> None:
        """Let the rows that are new wait."""
        at = np.array(record.at, dtype=np.int64)
        first = 0 if known is None else int(np.searchsorted(at, known))
        if first < len(at):
            value = np.array(record.value, dtype=np.float64)
            self.waiting.append(Stretch(offset, record.name, at[first:], value[first:]))

        if len(self.waiting) > MAX_STRETCHES:
            self.waiting = _together(self.waiting)

    def remember(self, at: Int, value: Float) -> None:
        """Keep the daily closes of rows that no spread will tell."""
        days = at // DAY_NS
        for row in np.flatnonzero(np.diff(days, append=days[-1:] + 1)).tolist():
            day, close = int(days[row]), (int(at[row]), float(value[row]))
            self.closes[day] = max(close, self.closes.get(day, close))

    def tell(self) -> DailyCloses | None:
        """Return the closes that are kept, once; None where there are none."""
        closes = sorted(self.closes.values())
        self.closes.clear()
        return (
            DailyCloses(at=[at for at, _ in closes], value=[v for _, v in closes])
            if closes
            else None
        )

    def give_up(self) -> tuple[int, int] | None:
        """Drop what has waited for too long; return the stretch that was lost."""
        excess = sum(len(stretch.at) for stretch in self.waiting) - MAX_WAITING
        if excess <= 0:
            return None
        first = int(self.waiting[0].at[0])
        while excess > 0:
            head = self.waiting[0]
            dropped = min(excess, len(head.at))
            excess -= dropped
            last = int(head.at[dropped - 1])
            head.at, head.value = head.at[dropped:], head.value[dropped:]
            if not len(head.at):
                self.waiting.pop(0)
        return first, last + 1

    def pop(self, before: int) -> list[Stretch]:
        """Return what lies before an instant, the carried row first."""
        ready = [] if self.last is None else [self.last]
        while self.waiting and self.waiting[0].at[0] < before:
            head = self.waiting[0]
            n = int(np.searchsorted(head.at, before))
            ready.append(Stretch(head.offset, head.name, head.at[:n], head.value[:n]))
            if n == len(head.at):
                self.waiting.pop(0)
                continue
            head.at, head.value = head.at[n:], head.value[n:]
        if ready:
            tail = ready[-1]
            self.last = Stretch(tail.offset, tail.name, tail.at[-1:], tail.value[-1:])
        return ready


def _together(stretches: list[Stretch]) -> list[Stretch]:
    """Return fewer stretches of the same rows: one for each run of one name."""
    return [
        Stretch(
            run[0].offset,
            name,
            np.concatenate([stretch.at for stretch in run]),
            np.concatenate([stretch.value for stretch in run]),
        )
        for name, group in groupby(stretches, key=lambda stretch: stretch.name)
        for run in [list(group)]
    ]
