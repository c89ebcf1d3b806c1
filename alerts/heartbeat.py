"""A sign of life to somebody who will speak up when it stops coming.

Nobody can report his own death. Every second each feed says how far its market
is covered, even when nothing happened; that record is the tick that travels the
whole line: producer, streams, join, judge. Only while such records reach the
judges, of everything that a rule watches, is the watcher outside told that we
live, so that its alarm means "an alert would not have come", whichever part it
is that died.
"""

import asyncio
import time
from collections.abc import Callable, Collection
from typing import NamedTuple
from weakref import WeakKeyDictionary

import structlog

from alerts import metrics
from alerts.channels.endpoint import Endpoint
from alerts.settings import Heartbeat
from alerts.telling.delivery import DeliveryError

_log = structlog.get_logger()

TIMEOUT_SECONDS = 10.0


class Series(NamedTuple):
    """What a rule watches: one comparison, or where that stands in its history."""

    pair: str
    comparison: str
    by_history: bool = False


class Pulse:
    """When the judges last took in a record of each series.

    A judge has one partition, and what it has heard goes with it: what another
    worker took over is for that one's pulse.

    Args:
        watched: returns what has to be heard of; what nobody watches may be
            silent, as long as something is heard.
    """

    def __init__(self, watched: Callable[[], Collection[Series]]) -> None:
        self._watched = watched
        self._heard: WeakKeyDictionary[object, dict[Series, int]] = WeakKeyDictionary()

    def hear(self, judge: object, series: Series, now: int) -> None:
        """Take down that a judge has a record of a series (ns, wall clock)."""
        self._heard.setdefault(judge, {})[series] = now

    def beats(self, now: int, within_ns: int) -> bool:
        """Return whether the last records are recent enough (ns, wall clock)."""
        lately, watched = False, self._watched()
        for heard in self._heard.values():
            for series, at in heard.items():
                recent = now - at <= within_ns
                if series in watched and not recent:
                    return False
                lately |= recent
        return lately


async def tell(
    heartbeat: Heartbeat, pulse: Pulse, clock: Callable[[], int] = time.time_ns
) -> None:
    """Ping until cancelled, as long as there is a pulse."""
    if heartbeat.url is None:
        return
    endpoint = Endpoint(heartbeat.url.get_secret_value(), TIMEOUT_SECONDS)
    within = round(heartbeat.within.total_seconds() * 1e9)
    try:
        while True:
            await asyncio.sleep(heartbeat.every.total_seconds())
            if not pulse.beats(clock(), within):
                _log.warning("no_pulse", within_seconds=within / 1e9)
                continue
            try:
                await endpoint.post(b"", {})
            except DeliveryError as error:
                # The next one is due soon; their patience is longer than that.
                _log.warning("heartbeat_failed", reason=error.reason)
            else:
                metrics.LAST_HEARTBEAT.set(clock() / 1e9)
    finally:
        await endpoint.close()
