"""What became of every alert on one channel: read back, looked up, written down."""

import asyncio
import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from alerts import metrics
from alerts.telling.delivery import Result
from alerts.telling.settings import Retry
from alerts.words.settings import Links
from streams import wire
from streams.agents.partitions import PartitionReader
from streams.events import Alert, AlertState, Delivery, Outcome
from streams.settings import Kafka
from streams.topics import DELIVERIES

_log = structlog.get_logger()
_delivery = wire.Codec(Delivery)

_RETRY_SECONDS = 1.0

Key = tuple[str, AlertState]
"""A transition: the incident's id, and what is said of it."""


@dataclass(frozen=True, slots=True)
class Post:
    """What all outboxes share."""

    kafka: Kafka
    retry: Retry
    links: Links
    producer: AIOKafkaProducer
    reader: PartitionReader
    clock: Callable[[], int] = time.time_ns


class Ledger:
    """The deliveries of one channel.

    Args:
        channel: its name.
        post: what all outboxes share.
    """

    def __init__(self, channel: str, post: Post) -> None:
        self._channel = channel
        self._post = post
        self._topic = post.kafka.topic_prefix + DELIVERIES.name
        self._last: dict[Key, Delivery] = {}
        self._read_to = 0

    async def refresh(self) -> None:
        """Read what has come since; others may write to it as well."""
        reader = self._post.reader
        end = await reader.end(self._topic, 0)
        if end < self._read_to:
            # Another log under the same name: what we know of the old one stands.
            self._read_to = 0
        async for offset, raw in reader.between(self._topic, 0, self._read_to, end):
            self._read_to = offset + 1
            with contextlib.suppress(wire.Unreadable):
                delivery = _delivery.decode(raw)
                if delivery.channel == self._channel:
                    self._last[delivery.alert_id, delivery.state] = delivery

    def outcome(self, alert_id: str, state: AlertState) -> Outcome | None:
        """Return how the delivery of a transition ended; None: it has not."""
        last = self._last.get((alert_id, state))
        return None if last is None else last.outcome

    def waiting(self, outcome: Outcome) -> set[Key]:
        """Return the transitions whose delivery stands at `outcome`."""
        return {key for key, last in self._last.items() if last.outcome is outcome}

    def receipt(self, alert_id: str, state: AlertState) -> str:
        """Return what the destination calls a transition it took; empty: unknown."""
        last = self._last.get((alert_id, state))
        return "" if last is None else last.receipt

    async def record(self, alert: Alert, result: Result) -> None:
        """Write down how a delivery ended; return once the broker has it.

        It is tried for as long as the broker is away: what was sent and then
        forgotten would be sent again.
        """
        delivery = Delivery(
            channel=self._channel,
            alert_id=alert.id,
            rule=alert.rule,
            state=alert.state,
            outcome=result.outcome,
            attempts=result.attempts,
            reason=result.reason,
            at=self._post.clock(),
            receipt=result.receipt,
        )
        _announce(delivery, alert.event_time)
        self._last[alert.id, alert.state] = delivery
        while True:
            try:
                await self._post.producer.send_and_wait(
                    self._topic,
                    key=delivery.channel.encode(),
                    value=wire.encode(delivery),
                )
            except KafkaError as error:
                _log.warning(
                    "recording failed, will try again",
                    channel=delivery.channel,
                    alert=delivery.alert_id,
                    error=type(error).__name__,
                )
                await asyncio.sleep(_RETRY_SECONDS)
            else:
                return


def _announce(delivery: Delivery, event_time: int) -> None:
    metrics.DELIVERIES.labels(delivery.channel, delivery.outcome.value).inc()
    facts = {
        "channel": delivery.channel,
        "alert": delivery.alert_id,
        "rule": delivery.rule,
        "state": delivery.state.value,
        "attempts": delivery.attempts,
    }
    if delivery.outcome is Outcome.DELIVERED:
        metrics.LAST_DELIVERY.labels(delivery.channel).set(delivery.at / 1e9)
        late = (delivery.at - event_time) / 1e9
        metrics.DELIVERED_SECONDS.labels(delivery.channel).observe(max(0.0, late))
        _log.info("delivered", **facts)
    elif delivery.outcome is not Outcome.FAILED:
        _log.info(delivery.outcome.value, reason=delivery.reason, **facts)
    else:
        _log.error("delivery failed", reason=delivery.reason, **facts)
