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
from collections.abc import Callable

import structlog

from alerts import metrics
from alerts.channels.endpoint import Endpoint
from alerts.judging.pulse import Pulse
from alerts.settings import Heartbeat
from alerts.telling.delivery import DeliveryError

_log = structlog.get_logger()

TIMEOUT_SECONDS = 10.0


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
