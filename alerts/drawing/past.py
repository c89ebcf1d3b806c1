"""How both legs came to where an alert found them, read back from ``context``.

``context`` holds the last spread of every minute: what a picture can show, and
a sixtieth of ``spreads``. It is read when there is something to tell, not
before: nothing is kept, so nothing is missing after a restart.
"""

import asyncio
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from aiokafka.partitioner import DefaultPartitioner
from numpy.typing import NDArray

from streams import wire
from streams.agents.partitions import PartitionReader
from streams.events import Alert, AlertState, ContextReadings
from streams.settings import Kafka
from streams.topics import CONTEXT

_context = wire.Codec(ContextReadings)
_partition = DefaultPartitioner()

MINUTE_NS = 60 * 10**9
HOUR_NS = 60 * MINUTE_NS
LEAD_NS = 24 * HOUR_NS
"""What is shown of the time before an incident."""
MOST_RECORDS = 50_000
"""Read back at most: a week of five comparisons of a pair, 35 MB, for which it takes
some 0.6 s of CPU and, of a busy embedded broker, five seconds."""

CATCH_UP_SECONDS = 5.0
"""How long it is waited for `context` to come as far as the alert."""
_RECHECK_SECONDS = 0.2


class Lines(NamedTuple):
    """Both legs of one comparison over time; vols are fractions."""

    at: NDArray[np.int64]
    left: NDArray[np.float64]
    right: NDArray[np.float64]


def stretch(alert: Alert) -> tuple[int, int]:
    """Return from when to when the picture of an alert reaches (ns UTC)."""
    began = alert.since if alert.began is None else min(alert.began, alert.since)
    return began - LEAD_NS, alert.event_time


def lines(alert: Alert, records: Iterable[ContextReadings]) -> Lines:
    """Return what the records say of the alert's stretch, and the alert itself."""
    start, end = stretch(alert)
    rows: dict[int, tuple[float, float]] = {}
    covered = start
    for record in records:
        covered = max(covered, record.end)
        # Rows written before context told values have none.
        told = zip(record.at, record.left_value, record.right_value, strict=False)
        rows |= {at: (left, right) for at, left, right in told if start <= at <= end}
    if covered < end - MINUTE_NS:
        # What is not known yet must not look like a line that stood still.
        rows[covered] = (np.nan, np.nan)
    if alert.state not in (AlertState.UNKNOWN, AlertState.KNOWN):
        rows[end] = (alert.left.value, alert.right.value)
    at = sorted(rows)
    return Lines(
        np.array(at, dtype=np.int64),
        np.array([rows[one][0] for one in at]),
        np.array([rows[one][1] for one in at]),
    )


class Past:
    """Reads the past of any alert.

    Args:
        kafka: where.
        reader: reads it; a long stretch takes it a second or two.
    """

    def __init__(self, kafka: Kafka, reader: PartitionReader) -> None:
        self._topic = kafka.topic_prefix + CONTEXT.name
        self._partitions = list(range(kafka.partitions))
        self._reader = reader

    async def behind(self, alert: Alert) -> Lines:
        """Return how both legs came to where the alert found them."""
        place = _partition(alert.pair.encode(), self._partitions, self._partitions)
        start, _ = stretch(alert)
        end = await self._reader.end(self._topic, place)
        # Written no earlier than it happened; of a replay, that is long ago.
        first = await self._reader.since(self._topic, place, start)
        first = max(first, end - MOST_RECORDS)
        deadline = asyncio.get_running_loop().time() + CATCH_UP_SECONDS
        found = await self._between(alert, place, first, end)
        # Who judges may be ahead of who places, in a replay above all.
        while not found or found[-1].end < alert.event_time - MINUTE_NS:
            if asyncio.get_running_loop().time() > deadline:
                break
            await asyncio.sleep(_RECHECK_SECONDS)
            first, end = end, await self._reader.end(self._topic, place)
            found += await self._between(alert, place, first, end)
        return lines(alert, found)

    async def _between(
        self, alert: Alert, place: int, first: int, end: int
    ) -> list[ContextReadings]:
        mark = f'"comparison":"{alert.comparison}"'.encode()
        found = []
        async for _, raw in self._reader.between(self._topic, place, first, end):
            # Most records are of other comparisons, and not worth decoding.
            if mark in raw:
                record = _context.decode(raw)
                if (record.pair, record.comparison) == (alert.pair, alert.comparison):
                    found.append(record)
        return found
