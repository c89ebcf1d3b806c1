"""A record of spreads as a timeline: stretches of time in which nothing changes.

The spread is a step: a row holds until the next one, and the last row of a
record holds into the next record. Laid out so, nothing depends on where one
record ends and the next begins.
"""

from dataclasses import dataclass

import msgspec
import numpy as np
from numpy.typing import NDArray

from alerts.judging.rule import Rule
from alerts.judging.standing import Standing, Standings, stale_from, standings
from streams.events import LegName, SpreadReadings
from streams.volatility.market_time import Instants, MarketClock


class Row(msgspec.Struct, frozen=True):
    """Both legs as they stand, from one row of a record."""

    left: LegName
    right: LegName
    left_value: float
    right_value: float
    spread: float
    left_at: int
    right_at: int


@dataclass(frozen=True, slots=True)
class Clocks:
    """The market time of either leg."""

    left: MarketClock
    right: MarketClock


@dataclass(frozen=True, slots=True)
class Timeline:
    """Rows in force over ``[start, end)``, one stretch each, none empty."""

    record: SpreadReadings
    carried: Row | None
    index: NDArray[np.intp]
    """Which row of the record each stretch is of; -1 is the carried one."""
    start: Instants
    end: Instants
    left_at: Instants
    right_at: Instants

    @classmethod
    def of(cls, record: SpreadReadings, carried: Row | None, start: int) -> "Timeline":
        """Lay `record` out from `start` on; rows before it were seen already.

        Args:
            record: the spread over ``[record.start, record.end)``.
            carried: the last row before it, still in force.
            start: where what is already covered ends (ns UTC).
        """
        at = np.array(record.at, dtype=np.int64)
        seen = int(np.searchsorted(at, start))
        at = at[seen:]
        index = np.arange(seen, len(record.at))
        left_at = np.array(record.left_at, dtype=np.int64)[seen:]
        right_at = np.array(record.right_at, dtype=np.int64)[seen:]
        if carried is not None:
            at = np.concatenate(([start], at))
            index = np.concatenate(([-1], index))
            left_at = np.concatenate(([carried.left_at], left_at))
            right_at = np.concatenate(([carried.right_at], right_at))
        end = np.append(at[1:], record.end)[: at.size]
        kept = end > at
        if not kept.all():
            # A stretch of no length was overtaken at once by the next row.
            index, at, end = index[kept], at[kept], end[kept]
            left_at, right_at = left_at[kept], right_at[kept]
        return cls(record, carried, index, at, end, left_at, right_at)

    def at(self, instant: int) -> Row:
        """Return both legs as they stand at an instant of the timeline."""
        i = int(self.index[np.searchsorted(self.start, instant, side="right") - 1])
        if i < 0:
            assert self.carried is not None  # noqa: S101 - `of` gave it that index
            return self.carried
        record = self.record
        return Row(
            left=record.left,
            right=record.right,
            left_value=record.left_value[i],
            right_value=record.right_value[i],
            spread=record.spread[i],
            left_at=record.left_at[i],
            right_at=record.right_at[i],
        )

    def watched(self, watch: str) -> NDArray[np.float64]:
        """Return a value a stretch: the spread, the ratio, or a leg by itself."""
        if watch == "ratio":
            return self._column("left_value") / self._column("right_value")
        return self._column("spread" if watch == "spread" else f"{watch}_value")

    def _column(self, name: str) -> NDArray[np.float64]:
        # The carried row comes last, where the index -1 finds it.
        carried = np.nan if self.carried is None else getattr(self.carried, name)
        column = np.array([*getattr(self.record, name), carried], dtype=np.float64)
        values: NDArray[np.float64] = column[self.index]
        return values

    def judged(self, rule: Rule, clocks: Clocks) -> "Judged":
        """Return how `rule` stands over time, stretches split where a leg ages."""
        limit = round(rule.stale_after.total_seconds() * 1e9)
        stale = np.minimum(
            stale_from(clocks.left, limit, self.left_at, self.start, self.end),
            stale_from(clocks.right, limit, self.right_at, self.start, self.end),
        )
        watched = self.watched(rule.watch)
        standing = standings(rule, watched)
        start = self.start
        standing[stale == start] = Standing.UNKNOWN
        (turning,) = np.nonzero((stale > start) & (stale < self.end))
        if turning.size:
            start = np.insert(start, turning + 1, stale[turning])
            standing = np.insert(standing, turning + 1, Standing.UNKNOWN)
            watched = np.insert(watched, turning + 1, np.nan)
        return Judged(start, standing, watched)


@dataclass(frozen=True, slots=True)
class Judged:
    """How one rule stands from each start on."""

    start: Instants
    standing: Standings
    watched: NDArray[np.float64]
