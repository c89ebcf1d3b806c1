"""What is told of an incident whose rule is gone: that nobody watches it any more.

A rule that is taken out of the file, renamed, or made to watch something else
while it fires would leave its incident open for ever: who judges by the new
rules knows nothing of it. What is open stands in ``alerts``, so it is looked
up there, whoever announced it and however long ago.
"""

from collections.abc import Iterable

import msgspec
from aiokafka import AIOKafkaProducer

from alerts.fields import TEST_RULE
from alerts.judging.incidents import incident_id
from alerts.judging.rule import Rule, Subject
from alerts.words.language import WITHDRAWN
from streams import wire
from streams.agents.partitions import PartitionReader
from streams.events import Alert, AlertState
from streams.settings import Kafka
from streams.topics import ALERTS

REMOVED, CHANGED = WITHDRAWN

_alert = wire.Codec(Alert)


def withdrawals(told: Iterable[Alert], rules: Iterable[Rule], now: int) -> list[Alert]:
    """Return the ends of what is open and has no rule any more.

    Each ends as what it is: an incident is resolved, a stretch in which nothing
    could be said is over, and that before the incident in which it lies. The
    legs are those that were last told of; there is no value, because nobody has
    looked. Told again they have the same id, and so are known again.

    Args:
        told: all that was announced, oldest first.
        rules: the rules there are.
        now: when it was noticed (ns UTC): removal has no other time.
    """
    subjects = {rule.name: rule.subject for rule in rules}
    ends = [
        msgspec.structs.replace(
            alert,
            id=name,
            state=ends,
            event_time=now,
            since=alert.since if ends is AlertState.KNOWN else now,
            reason=CHANGED if alert.rule in subjects else REMOVED,
            value=None,
        )
        for (name, ends), alert in _open(told).items()
        if alert.rule != TEST_RULE and subjects.get(alert.rule) != _subject(alert)
    ]
    return sorted(ends, key=lambda alert: alert.state is AlertState.RESOLVED)


async def withdraw(
    kafka: Kafka,
    rules: Iterable[Rule],
    reader: PartitionReader,
    producer: AIOKafkaProducer,
    now: int,
) -> list[Alert]:
    """Announce the ends of what is open and has no rule any more; return them."""
    topic = kafka.topic_prefix + ALERTS.name
    end = await reader.end(topic, 0)
    told = list[Alert]()
    async for _, raw in reader.between(topic, 0, 0, end):
        try:
            told.append(_alert.decode(raw))
        except wire.Unreadable:
            continue  # the outboxes have told of it
    ends = withdrawals(told, rules, now)
    for alert in ends:
        await producer.send_and_wait(
            topic, key=alert.rule.encode(), value=wire.encode(alert)
        )
    return ends


def _open(told: Iterable[Alert]) -> dict[tuple[str, AlertState], Alert]:
    """Return the last word on what has not ended, by its id and how it would end.

    An incident and a silence have one id if they began at one instant, which
    they may where the rule was edited in between.
    """
    standing: dict[tuple[str, AlertState], Alert] = {}
    for alert in told:
        match alert.state:
            case AlertState.FIRING:
                standing[alert.id, AlertState.RESOLVED] = alert
            case AlertState.UNKNOWN:
                standing[alert.id, AlertState.KNOWN] = alert
            case AlertState.RESOLVED | AlertState.KNOWN:
                standing.pop((alert.id, alert.state), None)
            case AlertState.UPDATED if alert.began is not None:
                incident = incident_id(alert.rule, alert.began), AlertState.RESOLVED
                if incident in standing:
                    standing[incident] = alert
    return standing


def _subject(alert: Alert) -> Subject:
    return Subject(alert.pair, alert.comparison, alert.watch, alert.when)
