"""Is a feed well? A light, and the reason for it; pure."""

from datetime import timedelta
from enum import StrEnum
from typing import Any

from alerts.telling.wording import length
from volcross.watching.board import Feed
from volcross.watching.report import instant

LATE_SECONDS = 60.0
"""A live feed says every second how far it has come, if only "nothing"."""
SILENT_SECONDS = 300.0


class Light(StrEnum):
    """How a feed is."""

    GOOD = "good"
    LATE = "late"
    SILENT = "silent"


def light(feed: Feed, now: int) -> tuple[Light, str]:
    """Return how a feed is and why we think so.

    Judged by how far it is covered, not by its last tick: a shut market has
    none, and its feed says so every second.

    Args:
        feed: as far as it got.
        now: the time it should have reached (ns UTC).
    """
    behind = max(0.0, (now - feed.end) / 1e9 - feed.delay_seconds)
    word = length(timedelta(seconds=behind))
    delay = (
        f", delayed {length(timedelta(seconds=feed.delay_seconds))} by the venue"
        if feed.delay_seconds
        else ""
    )
    if behind > SILENT_SECONDS:
        return Light.SILENT, f"no word for {word}{delay}"
    if behind > LATE_SECONDS:
        return Light.LATE, f"{word} late{delay}"
    if not feed.last_at:
        return Light.GOOD, f"connected, no tick yet{delay}"
    quiet = length(timedelta(seconds=max(0, now - feed.last_at) / 1e9))
    return Light.GOOD, f"last tick {quiet} ago{delay}"


def lit(feed: Feed, now: int) -> dict[str, Any]:
    """Return a feed as plain data, with its light."""
    how, why = light(feed, now)
    return {
        "symbol": feed.symbol,
        "source": feed.source,
        "measure": feed.measure or "price",
        "light": how.value,
        "reason": why,
        "last_tick": instant(feed.last_at),
        "covered_until": instant(feed.end),
        "ticks": feed.ticks,
    }
