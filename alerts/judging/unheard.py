"""What is told of a rule that has never had anything to judge: nothing can be said.

A judge hears of spreads, and there is none as long as one leg has never spoken.
So it is told from outside, as *unknown*, once: what stands in ``alerts`` holds
through every restart. It has no event time but the wall clock's, and no
beginning. Its end the judge tells, with the first that he hears.
"""

import asyncio
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from alerts.judging.incidents import incident_id
from alerts.judging.rule import Rule
from alerts.judging.rulebook import Rulebook
from alerts.judging.told import About, Told
from alerts.words.english import ENGLISH
from streams import wire
from streams.agents.partitions import PartitionReader
from streams.events import (
    Alert,
    AlertState,
    Checkpoint,
    LegName,
    LegReadings,
    LegValue,
    Origin,
    Side,
)
from streams.settings import Kafka, StreamSettings
from streams.stages.pairs import IMPLIED, reading_of
from streams.topics import ALERTS, LEGS, checkpoints

EVERY_SECONDS = 60.0
_LOOKED_BACK = 5_000
"""Records of a pair's legs in which one that speaks at all has spoken."""

_log = structlog.get_logger()
_legs = wire.Codec(LegReadings)
_checkpoint = wire.Codec(Checkpoint)

Heard = Mapping[Side, LegReadings]
"""The last record with a value of each leg that has spoken."""


@dataclass(frozen=True, slots=True)
class Listening:
    """What it takes to know who has never spoken."""

    streams: StreamSettings
    book: Rulebook
    told: Told
    reader: PartitionReader
    producer: AIOKafkaProducer
    clock: Callable[[], int] = time.time_ns

    @property
    def _kafka(self) -> Kafka:
        return self.streams.kafka

    async def listen(self, every: float = EVERY_SECONDS) -> None:
        """Tell of what is never heard until cancelled; look every so often (s)."""
        since: dict[About, int] = {}
        while True:
            await asyncio.sleep(every)
            waiting = {About(r.name, r.subject): r for r in self.book.waiting()}
            now = self.clock()
            since = {about: since.get(about, now) for about in waiting}
            try:
                await self.told.read_on()
                for about, rule in waiting.items():
                    late = self._late(rule, since[about], now)
                    if late and about not in self.told.words:
                        await self._look(rule, late, now)
                        since[about] = now  # whatever it is, it is slow to change
            except (KafkaError, TimeoutError) as error:
                _log.warning("not listened", error=type(error).__name__)

    def _late(self, rule: Rule, since: int, now: int) -> set[Side]:
        """Return the legs that have had the time to speak."""
        start, end, limit = np.array([since]), np.array([now]), rule.stale_after
        try:
            names = legs(rule, self.streams)
        except KeyError:
            return set()  # a pair that came with the rule: it takes a restart
        return {
            side
            for side, name in names.items()
            if self.book.clocks[name.symbol].elapsed(start, end)[0]
            > limit.total_seconds() * 1e9
        }

    async def _look(self, rule: Rule, late: set[Side], now: int) -> None:
        if await self._was_judged(rule):
            return
        heard = await self._heard(rule)
        if not late - heard.keys():
            return
        alert = unheard(rule, legs(rule, self.streams), heard, self.book, now)
        await self.producer.send_and_wait(
            self._kafka.topic_prefix + ALERTS.name,
            key=rule.name.encode(),
            value=wire.encode(alert),
        )

    async def _was_judged(self, rule: Rule) -> bool:
        """Return whether any worker has had something to judge it by."""
        series = f"{rule.pair} {rule.comparison}"
        topic = self._kafka.topic_prefix + checkpoints("judge").name
        for partition in range(self._kafka.partitions):
            raw = await self.reader.last(topic, partition)
            with suppress(wire.Unreadable):
                if series in _checkpoint.decode(raw).state.get("series", ()):
                    return True
        return False

    async def _heard(self, rule: Rule) -> Heard:
        """Return which legs have spoken of late, in whichever partition they are."""
        topic = self._kafka.topic_prefix + LEGS.name
        mark = f'"comparison":"{rule.comparison}"'.encode()
        heard: dict[Side, LegReadings] = {}
        for partition in range(self._kafka.partitions):
            end = await self.reader.end(topic, partition)
            first = max(0, end - _LOOKED_BACK)
            async for _, raw in self.reader.between(topic, partition, first, end):
                if mark not in raw:
                    continue
                with suppress(wire.Unreadable):
                    leg = _legs.decode(raw)
                    ours = (leg.pair, leg.comparison) == (rule.pair, rule.comparison)
                    if ours and leg.value:
                        heard[leg.side] = leg
        return heard


def legs(rule: Rule, streams: StreamSettings) -> dict[Side, LegName]:
    """Return what a rule's legs are called, though neither has ever spoken."""
    return {
        side: _name(*reading_of(streams, rule.pair, rule.comparison, side), streams)
        for side in Side
    }


def unheard(
    rule: Rule,
    names: Mapping[Side, LegName],
    heard: Heard,
    book: Rulebook,
    now: int,
) -> Alert:
    """Return that nothing can be said of a rule, and which leg is missing.

    Whoever works it out tells the same id: it began when everything did.
    """
    values = {side: _value(names[side], heard.get(side), book, now) for side in Side}
    missing = [
        ENGLISH.leg_name(name) for side, name in names.items() if side not in heard
    ]
    return Alert(
        id=incident_id(rule.name, 0),
        rule=rule.name,
        severity=rule.severity,
        pair=rule.pair,
        comparison=rule.comparison,
        state=AlertState.UNKNOWN,
        event_time=now,
        since=0,
        left=values[Side.LEFT],
        right=values[Side.RIGHT],
        spread=0.0,
        reason=f"{' and '.join(dict.fromkeys(missing))} never heard so far",
        channels=book.channels if rule.channels is None else rule.channels,
        watch=rule.watch,
        when=rule.when,
        margin=rule.margin,
    )


def _name(symbol: str, reading: str, streams: StreamSettings) -> LegName:
    measure, _, window = reading.partition("/")
    if reading == IMPLIED and symbol in streams.symbols:
        measure = streams.symbols[symbol].implied or IMPLIED
    return LegName(
        symbol=symbol,
        measure=measure,
        window=window,
        origin=Origin.COMPUTED,
        source="",
    )


def _value(
    name: LegName, heard: LegReadings | None, book: Rulebook, now: int
) -> LegValue:
    is_open = book.clocks[name.symbol].is_open(now)
    if heard is None:
        return LegValue(name=name, value=0.0, at=0, market_open=is_open)
    return LegValue(
        name=heard.name, value=heard.value[-1], at=heard.at[-1], market_open=is_open
    )
