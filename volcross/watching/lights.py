"""Is a feed well? A light, and the reason for it; pure."""

from datetime import timedelta
from enum import StrEnum
from typing import Any

from alerts.words.wording import length
from streams.events import FeedState
from volcross.watching.board import Feed
from volcross.watching.report import instant

LATE_SECONDS = 60.0
"""A live feed says every second how far it has come, if only "nothing"."""
SILENT_SECONDS = 300.0


ABANDONED_SECONDS = 60.0
"""So long after an attempt was due, nobody is going to make it."""
UNHEARD_SECONDS = 180.0
"""A feed that is up says so every minute, and so does one that wants a key."""


class Light(StrEnum):
    """How a feed is."""

    GOOD = "good"
    LATE = "late"
    SILENT = "silent"


def light(feed: Feed, now: int, *, is_open: bool | None = None) -> tuple[Light, str]:
    """Return how a feed is and why we think so.

    Judged by how far it is covered, not by its last tick: a shut market has
    none, and its feed says so every second.

    Args:
        feed: as far as it got.
        now: the time it should have reached (ns UTC).
        is_open: whether its market is; None where nobody knows.
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
    shut = "market shut, " if is_open is False else ""
    if not feed.last_at:
        return Light.GOOD, f"{shut}connected, no tick yet{delay}"
    quiet = _between(feed.last_at, now)
    return Light.GOOD, f"{shut}last tick {quiet} ago{delay}"


def lit(feed: Feed, now: int, *, is_open: bool | None = None) -> dict[str, Any]:
    """Return a feed as plain data, with its light."""
    how, why = light(feed, now, is_open=is_open)
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


def connection(state: FeedState, now: int) -> tuple[Light, str]:
    """Return how a connection is, why, and when it is tried again.

    Args:
        state: its last word on itself.
        now: wall clock (ns UTC).
    """
    since = _between(state.since, now)
    if state.up and now - state.at > UNHEARD_SECONDS * 1e9:
        silent = _between(state.at, now)
        return Light.SILENT, f"no word for {silent}: its producer does not run"
    if state.up:
        return Light.GOOD, f"up for {since}"
    why = ": ".join(filter(None, (state.reason.replace("_", " "), state.detail)))
    told = f"down for {since}, {why or 'no reason given'}"
    due = state.next_try
    if due is None and now - state.at <= UNHEARD_SECONDS * 1e9:
        return Light.SILENT, told  # no attempt would help
    if due is None or now - due > ABANDONED_SECONDS * 1e9:
        return Light.SILENT, f"{told}; nobody tries: its producer does not run"
    tried = f"{state.attempts} attempts, " if state.attempts > 1 else ""
    return Light.SILENT, f"{told}; {tried}next try in {_between(now, due)}"


def connected(state: FeedState, now: int) -> dict[str, Any]:
    """Return a connection as plain data, with its light."""
    how, why = connection(state, now)
    return {
        "feed": state.feed,
        "light": how.value,
        "reason": why,
        "up": state.up,
        "since": instant(state.since),
        "attempts": state.attempts,
        "next_try": None if state.next_try is None else instant(state.next_try),
    }


def _between(begin: int, end: int) -> str:
    return length(timedelta(seconds=max(0, end - begin) / 1e9))
