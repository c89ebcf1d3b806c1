"""How much of each topic a broker keeps that holds everything in memory.

The embedded broker also writes all it holds to disk, every few seconds. Of 40 MB
that is a sixth of a core and 200 MB of memory; of 160 MB a clean stop takes 17 s
and the next start 6 s, and there are no more than 10 s for a stop. So what is read
once and at once is kept for an hour, and the rest only as far as it is read back.
"""

from typing import Final

from streams.topics import ALERTS, BARS, CONTEXT, DELIVERIES, READINGS, REJECTED, Topic

_MIB: Final = 2**20

LASTING_BYTES: Final = {
    # A month of minutes of the longest window, of three symbols that never close.
    BARS.name: 64 * _MIB,
    # A week or two: what a picture shows.
    CONTEXT.name: 16 * _MIB,
    READINGS.name: 4 * _MIB,
    REJECTED.name: 4 * _MIB,
    # All there ever were.
    ALERTS.name: 16 * _MIB,
    DELIVERIES.name: 16 * _MIB,
}
"""Of each partition, within the topic's own time; the others pass."""

PASSING_MS: Final = 3_600_000

PASSING_BYTES: Final = 64 * _MIB
"""What a venue remembers comes all at once, and must not be forgotten unread."""

SEGMENT_BYTES: Final = 256 * 1024
"""A topic forgets, or is compacted, by whole segments, and never the last one."""


def capped(topic: Topic) -> dict[str, str]:
    """Return what a topic is told that may not grow for long."""
    told = {"segment.bytes": str(SEGMENT_BYTES)}
    if topic.compacted:
        return told
    if topic.name in LASTING_BYTES:
        return {**told, "retention.bytes": str(LASTING_BYTES[topic.name])}
    passing = {"retention.ms": PASSING_MS, "retention.bytes": PASSING_BYTES}
    return {**told, **{name: str(value) for name, value in passing.items()}}
