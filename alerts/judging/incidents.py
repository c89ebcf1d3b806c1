"""How a rule's standing becomes an incident: firing, then resolved.

Everything is in event time. A rule fires when it has stood in breach for its
``for``, at the very instant that completes it, whether or not a row falls
there; it resolves when it has stood clear as long. The moment a leg goes
stale the pending timer is void, and it is told that nothing can be said; the
moment both are known again, that is told too. An incident outlasts it.

Pure: what a rule announces depends on the rows and on what they cover, never
on how they were cut into records.
"""

from collections.abc import Iterator
from hashlib import blake2b
from typing import NamedTuple

import msgspec
import numpy as np

from alerts.judging.rule import Rule
from alerts.judging.runs import Peak, Run, Runs, widest
from alerts.judging.timeline import Judged
from streams.events import AlertState


class Incident(msgspec.Struct, frozen=True):
    """What fired and has not resolved."""

    id: str
    began: int
    peak: Peak
    fired: int = 0
    """When it was told (ns UTC); what is told again counts from then."""


class Memory(msgspec.Struct, frozen=True):
    """All that is kept of one rule between records."""

    beyond: Run | None = None
    """Since when it has been beyond the margin, or not."""
    back: Run | None = None
    """Since when it has been back, or not."""
    silence: int | None = None
    """Since when nothing can be said (ns UTC)."""
    told_until: int = 0
    """Until when, included, it was told before whether anything can be (ns UTC)."""
    known: bool = False
    """Whether what it watches has ever had a value."""
    home: int = 0
    """The side on which a rule that waits for a crossing last settled; 0: none yet."""
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
    return msgspec.structs.replace(memory, beyond=None, back=None)


def follow(
    rule: Rule, memory: Memory, judged: Judged
) -> tuple[Memory, list[Transition]]:
    """Return what to remember of `rule`, and what it announces over a timeline.

    Args:
        rule: the rule.
        memory: what is known of it from before.
        judged: how the rule stands over the time right after that.
    """
    if not judged.start.size:
        return memory, []
    course = _Course(rule, memory, judged)
    transitions = list[Transition]()
    while (turn := course.next_turn()) is not None:
        transition = course.take(turn)
        if transition is not None:
            transitions.append(transition)
    return course.memory(), transitions


class _Turn(NamedTuple):
    """What happens next to a rule; of two at one instant the lesser goes first."""

    at: int
    order: int
    state: AlertState
    since: int
    side: int = 0


class _Course:
    """One rule on its way through a timeline, from turn to turn."""

    def __init__(self, rule: Rule, memory: Memory, judged: Judged) -> None:
        self._rule = rule
        self._judged = judged
        self._hold = round(rule.hold.total_seconds() * 1e9)
        self._cooldown = round(rule.cooldown.total_seconds() * 1e9)
        self._repeat = (
            round(rule.repeat_every.total_seconds() * 1e9) if rule.repeat_every else 0
        )
        self._beyond = Runs(rule, judged, judged.beyond, memory.beyond, self._hold)
        self._back = Runs(rule, judged, judged.back, memory.back, self._hold)
        self._told_until = memory.told_until
        self._silences = _silences(judged, memory.silence, self._told_until)
        self._next_silence = next(self._silences, None)
        self._silent_since = memory.silence
        self._incident = memory.incident
        self._not_before = memory.not_before
        self._home = memory.home
        self._now = int(judged.start[0])
        """Everything before it has been looked at."""
        # What is told of may lie ahead: see `alerts.judging.told`.
        fired = memory.incident.fired if memory.incident else 0
        self._repeat_from = max(self._now, fired + 1)
        self._widened = max(self._now, fired)

    def next_turn(self) -> _Turn | None:
        """Return what happens next, from where the course has come to."""
        turns = [self._next_silence]
        if self._incident is None:
            turns.append(self._firing())
        else:
            turns += [self._resolved(self._incident), self._updated(self._incident)]
        return min((turn for turn in turns if turn is not None), default=None)

    def take(self, turn: _Turn) -> Transition | None:
        """Go on to a turn; return what is announced there, if anything is."""
        self._now = turn.at
        name = incident_id(self._rule.name, turn.since)
        match turn.state:
            case AlertState.UNKNOWN | AlertState.KNOWN:
                begins = turn.state is AlertState.UNKNOWN
                self._silent_since = turn.since if begins else None
                self._next_silence = next(self._silences, None)
                self._widen(turn.at)
            case AlertState.UPDATED:
                name = incident_id(self._rule.name, turn.at)
                self._repeat_from = turn.at + 1
                self._widen(turn.at)
            case AlertState.FIRING if self._rule.when == "crosses" and not self._home:
                # The first side it is ever seen on is no crossing.
                self._home = turn.side
                return None
            case AlertState.FIRING:
                self._home = turn.side
                peak = self._beyond.peak(turn.since, turn.at)
                self._incident = Incident(name, turn.since, peak, turn.at)
                self._repeat_from, self._widened = turn.at + 1, turn.at
            case AlertState.RESOLVED:
                return self._resolve(turn)
        return Transition(turn.state, name, turn.at, turn.since, self._incident)

    def memory(self) -> Memory:
        """Return what to remember at the end of the timeline."""
        self._widen(self._judged.end)
        return Memory(
            beyond=self._beyond.last(),
            back=self._back.last(),
            silence=self._silent_since,
            told_until=self._told_until,
            known=self._judged.known,
            home=self._home,
            incident=self._incident,
            not_before=self._not_before,
        )

    def _resolve(self, turn: _Turn) -> Transition:
        self._widen(turn.at)
        incident, self._incident = self._incident, None
        assert incident is not None  # noqa: S101 - nothing else resolves
        self._home = turn.side
        if self._cooldown:
            self._not_before = turn.at + self._cooldown
        return Transition(turn.state, incident.id, turn.at, turn.since, incident)

    def _firing(self) -> _Turn | None:
        """Return the next breach that lasts, once the cooldown is over."""
        earliest = max(self._now, self._not_before or 0)
        side = -self._home if self._rule.when == "crosses" else 1
        run = self._beyond.first(after=earliest, side=side)
        if run is None:
            return None
        due = max(run.since + self._hold, earliest)
        return _Turn(due, 1, AlertState.FIRING, run.since, run.side)

    def _resolved(self, incident: Incident) -> _Turn | None:
        """Return the next all-clear that lasts, counted from the firing at most."""
        run = self._back.first(after=max(self._now, incident.fired + self._hold))
        if run is None:
            return None
        since = max(run.since, incident.fired)
        due = max(since + self._hold, self._now)
        return _Turn(due, 1, AlertState.RESOLVED, since, run.side)

    def _updated(self, incident: Incident) -> _Turn | None:
        """Return the next time that the incident is to be told again.

        What falls due while nothing can be said, or while the rule rests, is
        left out: there is nothing to add.
        """
        at = self._repeat_from
        while self._repeat and at < self._judged.end:
            times = -(-(at - incident.fired) // self._repeat)
            due = incident.fired + times * self._repeat
            if due >= self._judged.end:
                return None
            at = self._judged.said_from(due)
            if at == due:
                return _Turn(due, 2, AlertState.UPDATED, incident.began)
        return None

    def _widen(self, until: int) -> None:
        """Bring the incident's peak up to an instant, included."""
        if self._incident is None:
            return
        known = self._incident.peak
        peak = widest(self._rule, self._judged, self._widened, until, known)
        self._widened = until
        if peak is not None and peak is not known:
            self._incident = msgspec.structs.replace(self._incident, peak=peak)


def _silences(judged: Judged, before: int | None, told_until: int) -> Iterator[_Turn]:
    """Yield where it begins that nothing can be said, and where it ends.

    A silence that goes on from before was told when it began; `before` is then.
    As long as it was told already, it is as it was told.
    """
    told, since = judged.start <= told_until, before
    unknown = np.where(told, before is not None, judged.unknown)
    turning = np.flatnonzero(unknown != np.append(before is not None, unknown[:-1]))
    for at, begins in zip(
        judged.start[turning].tolist(), unknown[turning].tolist(), strict=True
    ):
        if begins:
            since = at
            yield _Turn(at, 0, AlertState.UNKNOWN, at)
        else:
            assert since is not None  # noqa: S101 - what ends has begun
            yield _Turn(at, 0, AlertState.KNOWN, since)
