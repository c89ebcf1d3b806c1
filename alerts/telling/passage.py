"""Whether what is written into ``alerts`` gets through to every channel.

A channel whose consumer is dead is seen by what it leaves lying. Alerts being
rare, there may be nothing to leave for weeks: so an empty record is written
there every so often. It is told to nobody, and every outbox has to pass it.
"""

from collections.abc import Iterable
from types import TracebackType
from typing import Self

from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from alerts.telling.ledger import Post
from alerts.telling.outbox import group
from streams.settings import client
from streams.topics import ALERTS


class Passage:
    """The way from ``alerts`` through the outboxes, whichever process runs them.

    Args:
        post: what the outboxes share.
        channels: where they lead.
        tick_every_ns: how often an empty record is sent along.
    """

    def __init__(self, post: Post, channels: Iterable[str], tick_every_ns: int) -> None:
        self._post = post
        self._place = TopicPartition(post.kafka.topic_prefix + ALERTS.name, 0)
        self._tick_every = tick_every_ns
        self._ticked: int | None = None
        self._moved: dict[str, tuple[int, int | None]] = dict.fromkeys(
            channels, (-1, None)
        )
        """How far each channel has come, and when it was last seen to."""
        self._admin = AIOKafkaAdminClient(**client(post.kafka))

    async def __aenter__(self) -> Self:
        await self._admin.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._admin.close()

    async def tick(self, now: int) -> None:
        """Write an empty record, if it is time to (ns, wall clock).

        Raises:
            KafkaError: it was not taken.
        """
        if self._ticked is None or now - self._ticked >= self._tick_every:
            await self._post.producer.send_and_wait(self._place.topic, key=b"")
            self._ticked = now

    async def blocked(self, now: int, within_ns: int) -> list[str]:
        """Return the channels that have left something lying for longer.

        One of which nothing was seen yet is among them: somebody who dies
        before he has done anything, again and again, never gets that far.

        Raises:
            KafkaError: the broker does not say.
        """
        end = await self._post.reader.end(self._place.topic, self._place.partition)
        for channel, (before, _) in self._moved.items():
            passed = await self._passed(channel)
            if passed >= end or -1 < before < passed:
                self._moved[channel] = passed, now
            elif before == -1:
                self._moved[channel] = passed, None
        return [
            channel
            for channel, (_, at) in self._moved.items()
            if at is None or now - at > within_ns
        ]

    async def _passed(self, channel: str) -> int:
        """Return the offset up to which a channel has settled everything."""
        offsets = await self._admin.list_consumer_group_offsets(
            group(self._post.kafka, channel), partitions=[self._place]
        )
        known = offsets.get(self._place)
        return -1 if known is None else int(known.offset)
