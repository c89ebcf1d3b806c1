"""What waits for a channel, put together so that a storm is one message.

Nothing waits in order to be put together: the first alert goes at once, and
what has come in while a channel was busy, resting or away goes next.
"""

from collections.abc import Iterable, Sequence

from streams.events import Alert

TOGETHER_NS = 60 * 10**9
"""Rules of one pair that turn within this event time tell one story."""
MOST_MESSAGES = 10
"""More than so many at once are a digest: nobody reads them one by one."""


def bundles(waiting: Iterable[Alert]) -> list[Sequence[Alert]]:
    """Return the alerts as messages, in order: neighbours of one story together.

    One story is several rules of one pair, each told once, within a minute.
    """
    told: list[list[Alert]] = []
    for alert in waiting:
        if told and _one_story(told[-1], alert):
            told[-1].append(alert)
        else:
            told.append([alert])
    if len(told) > MOST_MESSAGES:
        return [[alert for bundle in told for alert in bundle]]
    return list(told)


def _one_story(bundle: Sequence[Alert], alert: Alert) -> bool:
    first = bundle[0]
    return (
        (alert.pair, alert.state) == (first.pair, first.state)
        and abs(alert.event_time - first.event_time) <= TOGETHER_NS
        and all(alert.rule != other.rule for other in bundle)
    )
