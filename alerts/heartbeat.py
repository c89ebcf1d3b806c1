"""A sign of life to somebody who will speak up when it stops coming.

Nobody can report his own death. So a tick travels the whole line, and only
while it arrives is the watcher outside told that we live. It has two legs:

1. Every second each feed says how far its market is covered, even when nothing
   happened. That record goes from the producer through the streams to the
   judge, who writes down that he took it in, after all that he announced.
2. From there an empty record goes through ``alerts`` to the outbox of every
   channel, which has to pass it; as has to be passed whatever else is there.

Hence the alarm outside means "an alert would not have come", whichever part it
is that died, was stuck, or could not write.
"""

import asyncio
import time
from collections.abc import Callable
from datetime import timedelta

import structlog

from alerts import metrics
from alerts.channels.endpoint import Endpoint
from alerts.judging.pulse import Pulse
from alerts.settings import Heartbeat
from alerts.telling.delivery import DeliveryError
from alerts.telling.ledger import Post
from alerts.telling.passage import Passage

_log = structlog.get_logger()

TIMEOUT_SECONDS = 10.0


async def tell(
    heartbeat: Heartbeat,
    pulse: Pulse,
    post: Post,
    channels: list[str],
    clock: Callable[[], int] = time.time_ns,
) -> None:
    """Ping until cancelled, as long as the tick arrives.

    Args:
        heartbeat: whom, and how often.
        pulse: what the judges have heard.
        post: what the outboxes share.
        channels: whose outboxes there are.
        clock: ns UTC.
    """
    if heartbeat.url is None:
        return
    endpoint = Endpoint(heartbeat.url.get_secret_value(), TIMEOUT_SECONDS)
    within, tick_every = _ns(heartbeat.within), _ns(heartbeat.tick_every)
    try:
        async with Passage(post, channels, tick_every) as passage:
            while True:
                await asyncio.sleep(heartbeat.every.total_seconds())
                reason = await _trouble(pulse, passage, clock, within)
                if reason:
                    _log.warning("no heartbeat", reason=reason)
                    continue
                try:
                    await endpoint.post(b"", {})
                except DeliveryError as error:
                    # The next one is due soon; their patience is longer than that.
                    _log.warning("heartbeat failed", reason=error.reason)
                else:
                    metrics.LAST_HEARTBEAT.set(clock() / 1e9)
    finally:
        await endpoint.close()


async def _trouble(
    pulse: Pulse, passage: Passage, clock: Callable[[], int], within: int
) -> str:
    """Return why an alert would not come; empty: it would."""
    if silent := pulse.silent(clock(), within):
        return f"the judge has not heard of {', '.join(silent)}"
    try:
        async with asyncio.timeout(within / 1e9):
            await passage.tick(clock())
            blocked = await passage.blocked(clock(), within)
    except Exception as error:  # noqa: BLE001 - a reason not to ping, none to end alerting
        return f"alerts cannot be written or read: {type(error).__name__}"
    return f"not getting through: {', '.join(blocked)}" if blocked else ""


def _ns(length: timedelta) -> int:
    return round(length.total_seconds() * 1e9)
