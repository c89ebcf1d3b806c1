"""How far the topics are told already: what a producer need not say again."""

import asyncio
from collections.abc import Iterable, Iterator

import msgspec
import structlog
from aiokafka.errors import KafkaError
from kafka.partitioner.default import murmur2

from producers.listening.backoff import Backoff
from producers.publishing.spool import Spooled
from producers.settings import Meaning
from streams.agents.partitions import PartitionReader
from streams.settings import Kafka
from streams.topics import PRICE_TICKS, VOL_TICKS, Topic

log = structlog.get_logger(__name__)

_STEP = 500
"""Records read back at first; then four times as many, and so on."""


class _Said(msgspec.Struct):
    """As much of a tick record as tells what it covers."""

    symbol: str
    end: int
    measure: str | None = None


_said = msgspec.json.Decoder(_Said).decode


async def known_ends(
    kafka: Kafka, wanted: Iterable[Meaning], spooled: Iterable[Spooled] = ()
) -> dict[Meaning, int]:
    """Return before when all is said of each meaning; nothing of one never told.

    It waits for a broker that is away: without one, nothing can be told either.

    Args:
        kafka: the cluster.
        wanted: symbols, with the measure of a vol or None for a price.
        spooled: what will be sent before anything else is.
    """
    wanted = set(wanted)
    ends = dict(_ends(record.value for record in spooled))
    backoff = Backoff(first=0.5, cap=10)
    while True:
        try:
            async with PartitionReader(kafka) as reader:
                for meaning in wanted:
                    end = await _last(reader, kafka, meaning)
                    if end is not None:
                        ends[meaning] = max(end, ends.get(meaning, end))
                return {m: end for m, end in ends.items() if m in wanted}
        except (KafkaError, OSError) as error:
            wait = backoff.wait()
            log.warning(
                "cannot read what was told already, will try again",
                reason=type(error).__name__,
                wait_seconds=round(wait, 1),
            )
            await asyncio.sleep(wait)


async def _last(reader: PartitionReader, kafka: Kafka, meaning: Meaning) -> int | None:
    """Return the furthest end of one meaning, read from the topic's own end back."""
    symbol, measure = meaning
    topic = PRICE_TICKS if measure is None else VOL_TICKS
    name, place = kafka.topic_prefix + topic.name, partition(symbol, topic, kafka)
    before, step = await reader.end(name, place), _STEP
    while before > 0:
        first = max(0, before - step)
        records = [raw async for _, raw in reader.between(name, place, first, before)]
        ends = [end for said, end in _ends(records) if said == meaning]
        if ends:
            return max(ends)
        if not records:
            return None  # retention has taken what was before
        before, step = first, step * 4
    return None


def _ends(records: Iterable[bytes | msgspec.Raw]) -> Iterator[tuple[Meaning, int]]:
    for raw in records:
        try:
            said = _said(raw)
        except (msgspec.DecodeError, UnicodeDecodeError):
            continue  # the agents refuse it by name
        yield (said.symbol, said.measure), said.end


def partition(key: str, topic: Topic, kafka: Kafka) -> int:
    """Return where Kafka's own partitioner puts a key."""
    count = kafka.partitions if topic.spread else 1
    return int(murmur2(key.encode()) & 0x7FFFFFFF) % count
