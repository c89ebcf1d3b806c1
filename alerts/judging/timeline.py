"""A record of rows as a timeline: stretches of time in which nothing changes.

What is watched is a step: a row holds until the next one, and the last row of a
record holds into the next record. Laid out so, nothing depends on where one
record ends and the next begins. Spreads are such rows, and so are the places
they take in their own history.
"""

from dataclasses import dataclass

import msgspec
import numpy as np
from numpy.typing import NDArray

from alerts.judging.rule import HISTORY, Rule
from alerts.judging.standing import Sides, stale_from, standings
from streams.events import ContextReadings, LegName, SpreadReadings
from streams.volatility.market_time import Instants, MarketClock

Flags = NDArray[np.bool_]
Rows = SpreadReadings | ContextReadings


class Row(msgspec.Struct, frozen=True):
    """Both legs as they stand, from one row of a record."""

    left: LegName
    right: LegName
    left_value: float
    right_value: float
    spread: float
    left_at: int
    right_at: int
    z_score: float | None = None
    left_rank: float | None = None
    left_percentile: float | None = None
    right_rank: float | None = None
    right_percentile: float | None = None


@dataclass(frozen=True, slots=True)
class Clocks:
    """The market time of either leg, and of the hours in which a rule may rest."""

    left: MarketClock
    right: MarketClock
    hours: MarketClock


@dataclass(frozen=True, slots=True)
class Before:
    """What a rule has to know of the time before a timeline.

    Attributes:
        known: whether what it watches has ever had a value.
        silent: whether nothing could be said when the timeline began.
    """

    known: bool = False
    silent: bool = False


@dataclass(frozen=True, slots=True)
class Timeline:
    """Rows in force over ``[start, end)``, one stretch each, none empty."""

    record: Rows
    carried: Row | None
    index: NDArray[np.intp]
    """Which row of the record each stretch is of; -1 is the carried one."""
    start: Instants
    end: Instants
    left_at: Instants
    right_at: Instants

    @classmethod
    def of(cls, record: Rows, carried: Row | None, start: int) -> "Timeline":
        """Lay `record` out from `start` on; rows before it were seen already.

        Args:
            record: the rows of ``[record.start, record.end)``.
            carried: the last row before it, still in force.
            start: where what is already covered ends (ns UTC).
        """
        # A context written before it repeated its spreads has no row to go by.
        rows = len(record.left_at)
        at = np.array(record.at[:rows], dtype=np.int64)
        seen = int(np.searchsorted(at, start))
        at = at[seen:]
        index = np.arange(seen, rows)
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
        placed = (
            {column: getattr(record, column)[i] for column in HISTORY.values()}
            if isinstance(record, ContextReadings)
            else {}
        )
        return Row(
            left=record.left,
            right=record.right,
            left_value=record.left_value[i],
            right_value=record.right_value[i],
            spread=record.spread[i],
            left_at=record.left_at[i],
            right_at=record.right_at[i],
            **placed,
        )

    def watched(self, watch: str) -> NDArray[np.float64]:
        """Return what a rule may watch, a value a stretch; NaN where there is none."""
        if watch == "ratio":
            with np.errstate(divide="ignore", invalid="ignore"):
                ratio = self._column("left_value") / self._column("right_value")
            return np.where(np.isfinite(ratio), ratio, np.nan)
        if watch in HISTORY:
            return self._column(HISTORY[watch])
        return self._column("spread" if watch == "spread" else f"{watch}_value")

    def _column(self, name: str) -> NDArray[np.float64]:
        # The carried row comes last, where the index -1 finds it. No value: NaN.
        carried = None if self.carried is None else getattr(self.carried, name)
        column = np.array([*getattr(self.record, name), carried], dtype=np.float64)
        values: NDArray[np.float64] = column[self.index]
        return values

    def judged(self, rule: Rule, clocks: Clocks, before: Before) -> "Judged":
        """Return how `rule` stands over time, split where a leg ages or a market shuts.

        Args:
            rule: the rule.
            clocks: of its legs, and of its hours.
            before: what was so when the timeline began.
        """
        limit = round(rule.stale_after.total_seconds() * 1e9)
        stale = np.minimum(
            stale_from(clocks.left, limit, self.left_at, self.start, self.end),
            stale_from(clocks.right, limit, self.right_at, self.start, self.end),
        )
        hours = self._hours(rule, clocks.hours)
        start, of = self.start, np.arange(self.start.size)
        turning = stale[(stale > self.start) & (stale < self.end)]
        if turning.size or hours.size:
            start = np.unique(np.concatenate((start, turning, hours.ravel())))
            start = start[(start >= self.start[0]) & (start < self.record.end)]
            of = np.searchsorted(self.start, start, side="right") - 1
        watched = self.watched(rule.watch)[of]
        has_value = np.isfinite(watched)
        # A history that is still too short is no silence: nothing is missing yet.
        had_value = np.logical_or.accumulate(np.append(before.known, has_value[:-1]))
        unknown = (start >= stale[of]) | (~has_value & had_value)
        resting = np.zeros(start.size, dtype=np.bool_)
        if rule.only_when is not None:
            resting = np.searchsorted(hours.ravel(), start, side="right") % 2 == 0
            unknown = _carried_over(unknown, resting, before.silent)
        stands = standings(rule, watched)
        nowhere = unknown | resting
        return Judged(
            start=start,
            end=self.record.end,
            beyond=np.where(nowhere, np.int8(0), stands.beyond),
            back=np.where(nowhere, np.int8(0), stands.back),
            unknown=unknown,
            resting=resting,
            watched=np.where(unknown, np.nan, watched),
            known=bool(had_value[-1] | has_value[-1]),
        )

    def _hours(self, rule: Rule, clock: MarketClock) -> Instants:
        """Return the (open, close) of each session in which `rule` is awake."""
        if rule.only_when is None or not self.start.size:
            return np.empty((0, 2), dtype=np.int64)
        awake = clock.sessions(int(self.start[0]), self.record.end)
        return np.array(awake, dtype=np.int64).reshape(-1, 2)


@dataclass(frozen=True, slots=True)
class Judged:
    """How one rule stands from each start on, up to the next one, or to the end.

    Attributes:
        start: where each stretch begins (ns UTC).
        end: where the last one ends.
        beyond: see `alerts.judging.standing.Standings`.
        back: the same.
        unknown: whether nothing can be said.
        resting: whether the rule is outside its hours.
        watched: what it watches; NaN where there is no value to go by.
        known: whether that ever had a value, now or before.
    """

    start: Instants
    end: int
    beyond: Sides
    back: Sides
    unknown: Flags
    resting: Flags
    watched: NDArray[np.float64]
    known: bool

    def value_at(self, instant: int) -> float | None:
        """Return what is watched at an instant; None where there is no value."""
        i = int(np.searchsorted(self.start, instant, side="right")) - 1
        return float(self.watched[i]) if np.isfinite(self.watched[i]) else None

    def said_from(self, instant: int) -> int:
        """Return the first instant, from `instant` on, at which anything is said."""
        i = int(np.searchsorted(self.start, instant, side="right")) - 1
        awake = np.flatnonzero(~(self.unknown[i:] | self.resting[i:]))
        if not awake.size:
            return self.end
        return max(instant, int(self.start[i + awake[0]]))


def _carried_over(unknown: Flags, resting: Flags, before: bool) -> Flags:
    """Return `unknown`, where the rule rests as it was when it lay down."""
    awake = np.where(resting, 0, np.arange(1, resting.size + 1))
    latest = np.maximum.accumulate(awake)
    carried: Flags = np.append(before, unknown)[latest]
    return carried
