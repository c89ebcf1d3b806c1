"""How a rule's standing becomes an incident: firing, then resolved.

Everything is in event time. A rule fires when it has stood in breach for its
``for``, at the very instant that completes it, whether or not a row falls
there; it resolves when it has stood clear as long. The moment a leg goes
stale the pending timer is void, and it is told that nothing can be said; the
moment both are known again, that is told too. An incident outlasts it.

Pure: what a rule announces depends on the rows and on what they cover, never
on how they were cut into records.
"""

from hashlib import blake2b
from typing import NamedTuple

import msgspec
import numpy as np

from alerts.judging.rule import Rule
from alerts.judging.standing import Standing, outward
from alerts.judging.timeline import Judged, Timeline
from streams.events import AlertState


class Peak(msgspec.Struct, frozen=True):
    """The furthest out that what is watched has been, and since when (ns UTC)."""

    value: float
    at: int


class Run(msgspec.Struct, frozen=True):
    """Since when a rule has stood as it does."""

    standing: int
    since: int
    peak: Peak | None = None
    """The widest of it, while in breach."""


class Incident(msgspec.Struct, frozen=True):
    """What fired and has not resolved."""

    id: str
    began: int
    peak: Peak


class Memory(msgspec.Struct, frozen=True):
    """All that is kept of one rule between records."""

    run: Run | None = None
    incident: Incident | None = None
    not_before: int | None = None
    """When the cooldown of the last incident is over (ns UTC)."""


class Transition(NamedTuple):
    """A rule changes what it says."""

    state: AlertState
    id: str
    event_time: int
    since: int
    incident: Incident | None
    """The incident as it stands then; None for an unknown outside one."""


def incident_id(rule: str, since: int) -> str:
    """Return the name of what began at `since`: the same whoever works it out."""
    return blake2b(f"{rule}\n{since}".encode(), digest_size=8).hexdigest()


def interrupted(memory: Memory) -> Memory:
    """Return what is left of `memory` after a stretch that nothing covers.

    What was pending cannot be said to have held throughout; a silence can.
    """
    if memory.run is None or memory.run.standing == Standing.UNKNOWN:
        return memory
    return msgspec.structs.replace(memory, run=None)


def follow(
    rule: Rule, memory: Memory, timeline: Timeline, judged: Judged
) -> tuple[Memory, list[Transition]]:
    """Return what to remember of `rule`, and what it announces over a timeline.

    Args:
        rule: the rule.
        memory: what is known of it from before.
        timeline: the rows right after those `memory` has seen.
        judged: how the rule stands over `timeline`.
    """
    if not judged.start.size:
        return memory, []
    runs = _Runs(rule, timeline, judged, memory)
    incident, transitions, after = memory.incident, list[Transition](), 0
    while (turn := runs.turn(after, incident)) is not None:
        after, state, run = turn
        transition = runs.announce(state, run, incident)
        transitions.append(transition)
        incident = None if state is AlertState.RESOLVED else transition.incident
    if incident is not None:
        incident = runs.widened(incident, timeline.record.end)
    return Memory(runs.last(), incident, runs.not_before), transitions


class _Runs:
    """A timeline as runs of one standing each; the first may go on from before."""

    def __init__(
        self, rule: Rule, timeline: Timeline, judged: Judged, memory: Memory
    ) -> None:
        before = memory.run
        self.not_before = memory.not_before
        self._rule = rule
        self._judged = judged
        self._beyond = outward(rule) * judged.watched
        standing = judged.standing
        first = np.append(0, np.flatnonzero(standing[1:] != standing[:-1]) + 1)
        self._standing = standing[first]
        self._since = judged.start[first]
        self._end = np.append(self._since[1:], timeline.record.end)
        continued = before is not None and before.standing == self._standing[0]
        self._before = before if continued else None
        if self._before is not None:
            self._since[0] = self._before.since
        self._hold = round(rule.hold.total_seconds() * 1e9)
        self._cooldown = round(rule.cooldown.total_seconds() * 1e9)
        lasting = self._since + self._hold < self._end
        self._breaches = np.flatnonzero(lasting & (self._standing == Standing.BREACH))
        self._clears = np.flatnonzero(lasting & (self._standing == Standing.CLEAR))
        # A silence that goes on from before was told when it began.
        unknown = self._standing == Standing.UNKNOWN
        begins, ends = unknown.copy(), np.append(False, unknown[:-1])
        begins[0] &= not continued
        self._silence = np.append(0, self._since[:-1])
        if before is not None and before.standing == Standing.UNKNOWN:
            ends[0] = not continued
            self._silence[0] = before.since
        self._unknowns, self._knowns = np.flatnonzero(begins), np.flatnonzero(ends)

    def turn(
        self, after: int, incident: Incident | None
    ) -> tuple[int, AlertState, int] | None:
        """Return the next change: what comes after it, the change, and its run.

        A run counts two steps: its first instant, at which a silence begins or
        ends, and what it brings by lasting.
        """
        if incident is None:
            lasting = (AlertState.FIRING, self._breaches)
            if self.not_before is not None:
                due = self._end[self._breaches] > self.not_before
                lasting = (AlertState.FIRING, self._breaches[due])
        else:
            lasting = (AlertState.RESOLVED, self._clears)
        known = (AlertState.KNOWN, self._knowns)
        unknown = (AlertState.UNKNOWN, self._unknowns)
        turns = []
        for step, (state, runs) in ((0, known), (0, unknown), (1, lasting)):
            later = runs[np.searchsorted(2 * runs + step, after) :]
            if later.size:
                run = int(later[0])
                turns.append((2 * run + step + 1, state, run))
        return min(turns, default=None)

    def announce(
        self, state: AlertState, run: int, incident: Incident | None
    ) -> Transition:
        """Return the change that a run brings."""
        since = event_time = int(self._since[run])
        if state is AlertState.KNOWN:
            since = int(self._silence[run])
        elif state is AlertState.FIRING:
            event_time = max(since + self._hold, self.not_before or 0)
        elif state is AlertState.RESOLVED:
            event_time = since + self._hold
            if self._cooldown:
                self.not_before = event_time + self._cooldown
        name = incident_id(self._rule.name, since)
        if incident is not None:
            incident = self.widened(incident, event_time)
            name = incident.id if state is AlertState.RESOLVED else name
        elif state is AlertState.FIRING:
            incident = Incident(name, since, self._peak(run, event_time))
        return Transition(state, name, event_time, since, incident)

    def widened(self, incident: Incident, until: int) -> Incident:
        """Return the incident with its peak brought up to an instant, included."""
        widest = self._widest(incident.began, until)
        if widest is None or not self._is_further(widest, incident.peak):
            return incident
        return msgspec.structs.replace(incident, peak=widest)

    def last(self) -> Run:
        """Return the run that goes on past the end."""
        run = len(self._standing) - 1
        standing = int(self._standing[run])
        breach = standing == Standing.BREACH
        return Run(
            standing=standing,
            since=int(self._since[run]),
            peak=self._peak(run, int(self._end[run])) if breach else None,
        )

    def _peak(self, run: int, until: int) -> Peak:
        """Return the widest of a run in breach, up to an instant, included."""
        known = self._before.peak if run == 0 and self._before else None
        widest = self._widest(int(self._since[run]), until)
        if known is None or (widest and self._is_further(widest, known)):
            known = widest
        assert known is not None  # noqa: S101 - a run in breach has a value
        return known

    def _is_further(self, one: Peak, other: Peak) -> bool:
        # Of equals the earlier one stands, which is the other.
        return (one.value - other.value) * outward(self._rule) > 0

    def _widest(self, since: int, until: int) -> Peak | None:
        low = np.searchsorted(self._judged.start, since)
        high = np.searchsorted(self._judged.start, until, side="right")
        known = self._judged.standing[low:high] != Standing.UNKNOWN
        if not known.any():
            return None
        beyond = np.where(known, self._beyond[low:high], -np.inf)
        i = int(low + beyond.argmax())
        return Peak(float(self._judged.watched[i]), int(self._judged.start[i]))
