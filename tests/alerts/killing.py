"""Kill the alerts room around a crossing, again and again, and see what it costs.

Where a kill hit is not guessed from its instant but read from what it left
behind: the `alerts` and `deliveries` topics, the receiver, the committed offset.
"""

import asyncio
import random
import signal
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import msgspec
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from alerts.telling.ledger import Post
from alerts.telling.outbox import GROUP
from streams import wire
from streams.events import Alert, Checkpoint, LegName, Origin, SpreadReadings
from streams.settings import Kafka
from streams.topics import ALERTS, DELIVERIES, SPREADS, checkpoints
from tests.alerts.posting import posting
from tests.alerts.room import Room
from tests.alerts.samples import HttpServer, http_server

SECOND = 10**9
NOON = 1_722_014_820 * SECOND
ANSWER_SECONDS = 0.05
"""How long the receiver takes, so that a kill can fall between asking and answer."""
PATIENCE_SECONDS = 90
_JUDGED = checkpoints("judge").name
_CODEC = wire.Codec(Checkpoint)


class Phase(StrEnum):
    """The last thing that was done for the crossing when the process was killed."""

    CROSSED = "crossed, no alert written"
    ALERTED = "alert written, not sent"
    SENT = "sent, not answered"
    ANSWERED = "answered, not recorded"
    RECORDED = "recorded, not committed"
    COMMITTED = "committed"


class Kill(msgspec.Struct, frozen=True):
    """One kill, and what came of it.

    Attributes:
        after_seconds: from the acknowledged crossing to the signal.
        phase: how far the alert had come.
        checkpointed: whether the judge had written down that it took the crossing in.
        posts: how often the receiver was told; 1 is once.
        alerts: how often the alert was written to `alerts`; 1 is once.
        ids: how many ids those bear; more than 1 is an alert invented.
    """

    number: int
    after_seconds: float
    phase: Phase
    checkpointed: bool
    posts: int
    alerts: int
    ids: int


def leg(symbol: str) -> LegName:
    return LegName(
        symbol=symbol,
        measure="dvol",
        window="30d",
        origin=Origin.PUBLISHED,
        source="test",
    )


def spread(number: int, value: float) -> SpreadReadings:
    """Return ten seconds of one spread, long enough for the rule's one second."""
    start = NOON + number * 10 * SECOND
    return SpreadReadings(
        pair="BTC/ETH",
        comparison="implied",
        left=leg("BTC"),
        right=leg("ETH"),
        start=start,
        end=start + 10 * SECOND,
        at=[start],
        left_value=[0.6 + value],
        right_value=[0.6],
        spread=[value],
        left_at=[start],
        right_at=[start],
    )


async def cross(post: Post, number: int, stretch: int) -> int:
    """Let the spread be up at even numbers, down at odd ones; return its offset."""
    sent = await post.producer.send_and_wait(
        post.kafka.topic_prefix + SPREADS.name,
        key=b"BTC/ETH",
        value=wire.encode(spread(stretch, -0.05 if number % 2 else 0.05)),
        partition=0,
    )
    return int(sent.offset)


def of(alert: Alert) -> int:
    """Return the number of the crossing that an alert is about."""
    return (alert.event_time - NOON) // (20 * SECOND)


async def announced(post: Post) -> list[Alert]:
    """Return all that was written to `alerts`, in order."""
    topic = post.kafka.topic_prefix + ALERTS.name
    end = await post.reader.end(topic, 0)
    codec = wire.Codec(Alert)
    return [codec.decode(raw) async for _, raw in post.reader.between(topic, 0, 0, end)]


@dataclass(frozen=True, slots=True)
class Killing:
    """A room, a receiver and a broker between them; topics of one partition."""

    room: Room
    post: Post
    server: HttpServer
    admin: AIOKafkaAdminClient
    chance: random.Random

    async def once(self, number: int) -> Kill:
        """Cross, kill, start again, and wait until all that follows is done.

        Raises:
            AssertionError: it never was: an alert is lost, or the room is stuck.
        """
        loop = asyncio.get_running_loop()
        bodies, answered = len(self.server.bodies), self.server.answered
        # What crosses while a room comes up is one case; else, see it at work first.
        cold = number % 4 == 0
        at = await cross(self.post, number - 1, 2 * number)
        if not cold:
            await self._until(lambda: self._checkpointed(at), "warm")
        self.server.called.clear()
        at = await cross(self.post, number, 2 * number + 1)
        crossed = loop.time()
        match number % 4:
            case 0:
                await asyncio.sleep(self.chance.uniform(0.0, 2.5))
            case 1:  # anywhere from the crossing to past its checkpoint
                await asyncio.sleep(self.chance.uniform(0.0, 0.4))
            case 2:  # around the alert
                await asyncio.sleep(self.chance.uniform(0.0, 0.05))
            case _:  # around the answer, its record and the commit
                async with asyncio.timeout(PATIENCE_SECONDS):
                    await self.server.called.wait()
                await asyncio.sleep(ANSWER_SECONDS + self.chance.uniform(-0.01, 0.02))
        after, told = loop.time() - crossed, self.server.answered > answered
        await self.room.end(signal.SIGKILL)
        sent = len(self.server.bodies) > bodies
        phase = await self._phase(number, sent=sent, answered=told)
        checkpointed = await self._checkpointed(at)
        self.room.start()
        await self._until(lambda: self._settled(number, at), f"{number}, {phase}")
        alerts = [alert for alert in await announced(self.post) if of(alert) == number]
        return Kill(
            number=number,
            after_seconds=round(after, 4),
            phase=phase,
            checkpointed=checkpointed,
            posts=len(self.server.bodies) - bodies,
            alerts=len(alerts),
            ids=len({(alert.id, alert.state) for alert in alerts}),
        )

    async def _until(self, seen: Callable[[], Awaitable[bool]], what: str) -> None:
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                # Polled: a broker has nothing to wait on.
                while not await seen():  # noqa: ASYNC110
                    await asyncio.sleep(0.05)
        except TimeoutError:
            raise AssertionError(
                f"{what}: not in {PATIENCE_SECONDS} s\n{self.room.said()}"
            ) from None

    async def _phase(self, number: int, *, sent: bool, answered: bool) -> Phase:
        if not any(of(alert) == number for alert in await announced(self.post)):
            return Phase.CROSSED
        if not sent:
            return Phase.ALERTED
        if not answered:
            return Phase.SENT
        if not await self._recorded(number):
            return Phase.ANSWERED
        return Phase.COMMITTED if await self._committed() else Phase.RECORDED

    async def _settled(self, number: int, at: int) -> bool:
        """Say whether nothing more will follow from the crossing at an offset."""
        return (
            await self._recorded(number)
            and await self._checkpointed(at)
            and await self._committed()
        )

    async def _recorded(self, number: int) -> bool:
        topic = self.post.kafka.topic_prefix + DELIVERIES.name
        return await self.post.reader.end(topic, 0) > number

    async def _committed(self) -> bool:
        prefix = self.post.kafka.topic_prefix
        place = TopicPartition(prefix + ALERTS.name, 0)
        committed = await self.admin.list_consumer_group_offsets(
            f"{prefix}{GROUP}.slack", partitions=[place]
        )
        end = await self.post.reader.end(place.topic, 0)
        return place in committed and committed[place].offset >= end

    async def _checkpointed(self, at: int) -> bool:
        last = await self.post.reader.last(self.post.kafka.topic_prefix + _JUDGED, 0)
        return last is not None and _CODEC.decode(last).applied >= at


@asynccontextmanager
async def killing(kafka: Kafka, folder: Path, seed: int) -> AsyncIterator[Killing]:
    """Run a room to be killed, and what it reads from and tells."""
    chance = random.Random(seed)
    async with http_server(ANSWER_SECONDS) as server, posting(kafka) as post:
        admin = AIOKafkaAdminClient(bootstrap_servers=kafka.bootstrap_servers)
        await admin.start()
        room = Room(kafka, folder, server.url)
        room.start()
        try:
            yield Killing(room, post, server, admin, chance)
        finally:
            room.discard()
            await admin.close()


def summary(kills: list[Kill]) -> str:
    """Return the kills by phase: how many, told twice, judged twice, invented."""
    lines = [f"{'killed when':28}{'kills':>6}{'told twice':>12}{'judged twice':>14}"]
    counts = Counter(kill.phase for kill in kills)
    for phase in Phase:
        hit = [kill for kill in kills if kill.phase is phase]
        twice = sum(kill.posts - 1 for kill in hit)
        again = sum(kill.alerts - 1 for kill in hit)
        lines.append(f"{phase:28}{counts[phase]:6}{twice:12}{again:14}")
    lost = sum(kill.posts == 0 for kill in kills)
    invented = sum(kill.ids > 1 for kill in kills)
    bare = sum(not kill.checkpointed for kill in kills)
    lines.append(
        f"{len(kills)} kills, {bare} before the judge's checkpoint:"
        f" {lost} alerts lost, {invented} told under a second id"
    )
    return "\n".join(lines)
