"""How long a rule has stood as it does: the runs of one standing.

The first run of a timeline may go on from before it, and the last one goes on
past its end.
"""

import msgspec
import numpy as np

from alerts.judging.rule import Rule
from alerts.judging.standing import Sides, reach
from alerts.judging.timeline import Judged


class Peak(msgspec.Struct, frozen=True):
    """The furthest out that what is watched has been, and since when (ns UTC)."""

    value: float
    at: int


class Run(msgspec.Struct, frozen=True):
    """Since when a rule has stood on one side, or on none."""

    side: int
    since: int
    peak: Peak | None = None
    """The widest of it."""


class Runs:
    """A timeline cut where a standing changes.

    Args:
        rule: whose standing.
        judged: the timeline.
        sides: the standing of each of its stretches.
        before: the run in which the time before it ended.
        hold: how long a run has to last to count (ns).
    """

    def __init__(
        self, rule: Rule, judged: Judged, sides: Sides, before: Run | None, hold: int
    ) -> None:
        self._rule = rule
        self._judged = judged
        first = np.append(0, np.flatnonzero(sides[1:] != sides[:-1]) + 1)
        self._side = sides[first]
        self._since = judged.start[first]
        self._end = np.append(self._since[1:], judged.end)
        self._before = None
        if before is not None and before.side == self._side[0]:
            self._before = before
            self._since[0] = before.since
        lasting = self._since + hold < self._end
        self._lasting = {
            side: np.flatnonzero(lasting & (self._side == side)) for side in (1, -1)
        }

    def first(self, *, after: int, side: int = 0) -> Run | None:
        """Return the first run that counts and still holds just after an instant.

        Args:
            after: ns UTC.
            side: the side it has to be on; 0: either.
        """
        found = []
        for runs in [self._lasting[side]] if side else self._lasting.values():
            later = runs[np.searchsorted(self._end[runs], after, side="right") :]
            found += later[:1].tolist()
        if not found:
            return None
        run = min(found)
        return Run(int(self._side[run]), int(self._since[run]))

    def peak(self, since: int, until: int) -> Peak:
        """Return the widest from the beginning of a run to an instant, included."""
        known = self._before.peak if self._before else None
        if known is not None and since != self._since[0]:
            known = None
        peak = widest(self._rule, self._judged, since, until, known)
        assert peak is not None  # noqa: S101 - a run in breach has a value
        return peak

    def last(self) -> Run:
        """Return the run that goes on past the end."""
        side, since = int(self._side[-1]), int(self._since[-1])
        if not side:
            return Run(side, since)
        return Run(side, since, self.peak(since, self._judged.end))


def widest(
    rule: Rule, judged: Judged, since: int, until: int, known: Peak | None
) -> Peak | None:
    """Return the furthest out from `since` to `until`, both included.

    Args:
        rule: which way is out.
        judged: the timeline.
        since: ns UTC.
        until: ns UTC.
        known: what the furthest was before the timeline; of equals it stands.
    """
    low = np.searchsorted(judged.start, since)
    high = np.searchsorted(judged.start, until, side="right")
    out = reach(rule, judged.watched[low:high])
    if np.isnan(out).all():
        return known
    i = int(np.nanargmax(out))
    value = float(judged.watched[low + i])
    if known is not None and out[i] <= reach(rule, np.array([known.value]))[0]:
        return known
    return Peak(value, int(judged.start[low + i]))
