"""What was told of every rule, of which a judge is reminded before he begins.

A checkpoint is older than the last that was told, by a moment. Whoever goes on
from it by rules that were edited meanwhile does not come to tell the same
again: an incident that was told would have no end. What stands in ``alerts``
holds, as it was told, and is gone on with by the rules as they are.
"""

import asyncio
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import msgspec

from alerts.judging.incidents import Incident, Memory
from alerts.judging.rule import Rule, Subject
from alerts.judging.runs import Peak
from alerts.words.language import WITHDRAWN
from streams import wire
from streams.agents.partitions import PartitionReader
from streams.events import Alert, AlertState
from streams.settings import Kafka
from streams.topics import ALERTS

_alert = wire.Codec(Alert)
_change = msgspec.structs.replace


class About(NamedTuple):
    """A rule as long as it is about the same, whatever its numbers."""

    rule: str
    subject: Subject


class Words(NamedTuple):
    """The last that was told of a rule's incident, and of its silence."""

    incident: Alert | None = None
    silence: Alert | None = None


LastWords = Mapping[About, Words]


class Told:
    """The last words in ``alerts``, whichever process wrote them.

    Attributes:
        words: as of when they were last read.
    """

    def __init__(self, kafka: Kafka, reader: PartitionReader) -> None:
        self.words: LastWords = {}
        self._topic = kafka.topic_prefix + ALERTS.name
        self._reader = reader
        self._next = 0
        self._turn = asyncio.Lock()

    async def read_on(self) -> None:
        """Take in what was written since it was last read."""
        async with self._turn:
            end = await self._reader.end(self._topic, 0)
            fresh = list[Alert]()
            async for _, raw in self._reader.between(self._topic, 0, self._next, end):
                try:
                    fresh.append(_alert.decode(raw))
                except wire.Unreadable:
                    continue  # the outboxes have told of it
            self.words, self._next = last_words(fresh, self.words), end


def last_words(told: Iterable[Alert], before: LastWords | None = None) -> LastWords:
    """Return the last words after what was told, oldest first."""
    words = dict(before or {})
    for alert in told:
        about = About(
            alert.rule, Subject(alert.pair, alert.comparison, alert.watch, alert.when)
        )
        known = words.get(about, Words())
        match alert.state:
            case AlertState.FIRING | AlertState.RESOLVED:
                words[about] = known._replace(incident=alert)
            case AlertState.UNKNOWN | AlertState.KNOWN:
                words[about] = known._replace(silence=alert)
    return words


def reminded(memory: Memory, words: Words, rule: Rule, watermark: int | None) -> Memory:
    """Return what to remember of a rule, of which that was told.

    By the same rules it changes nothing of what is told from then on.

    Args:
        memory: what the checkpoint knew of it.
        words: what was told of it, before the checkpoint or after.
        rule: how it is now.
        watermark: how far the checkpoint had seen what it watches (ns UTC).
    """
    if words.incident is not None:
        memory = _of_its_incident(memory, words.incident, rule, watermark)
    if words.silence is not None:
        memory = _of_its_silence(memory, words.silence, watermark)
    # What is withdrawn is so by the wall clock, which says nothing of the market.
    told = [w.event_time for w in words if w and w.reason not in WITHDRAWN]
    return _change(memory, told_until=max(told, default=0))


def _of_its_incident(
    memory: Memory, told: Alert, rule: Rule, watermark: int | None
) -> Memory:
    known = memory.incident.id if memory.incident else None
    if told.state is AlertState.FIRING:
        return memory if known == told.id else _change(memory, incident=_fired(told))
    if told.reason in WITHDRAWN:
        return Memory() if known == told.id else memory
    # Without a checkpoint all of it is judged anew: none of it is to be told again.
    if watermark is not None and told.event_time < watermark:
        return memory
    return _change(
        memory,
        incident=None,
        not_before=told.event_time + round(rule.cooldown.total_seconds() * 1e9),
        home=_side(told) if told.margin == rule.margin else 0,
    )


def _of_its_silence(memory: Memory, told: Alert, watermark: int | None) -> Memory:
    if told.state is AlertState.UNKNOWN:
        return _change(memory, silence=told.since)
    if told.reason in WITHDRAWN:
        return _change(memory, silence=None) if memory.silence == told.since else memory
    if watermark is None or told.event_time < watermark:
        return memory
    return _change(memory, silence=None)


def _fired(told: Alert) -> Incident:
    """Return the incident as it stood when that was told."""
    value = told.spread if told.peak is None else told.peak
    peak = Peak(value, told.peak_at or told.event_time)
    return Incident(told.id, told.since, peak, told.event_time)


def _side(settled: Alert) -> int:
    """Return on which side of its margin a rule was when that was told."""
    assert settled.value is not None  # noqa: S101 - the judge resolves by a value
    return 1 if settled.value > settled.margin else -1
