"""A light says how a feed is, and in words why."""

import pytest

from streams.events import FeedState
from volcross.watching.board import Feed
from volcross.watching.lights import Light, connection, light

SECOND = 10**9
NOW = 10**9 * SECOND


def feed(last_ago: float, covered_ago: float, delay: float = 0.0) -> Feed:
    return Feed(
        symbol="NVDA",
        source="cboe",
        measure="",
        last_at=NOW - int(last_ago * SECOND),
        end=NOW - int(covered_ago * SECOND),
        ticks=1,
        delay_seconds=delay,
    )


@pytest.mark.parametrize(
    ("told", "is_open", "how", "why"),
    [
        (feed(3, 1), True, Light.GOOD, "last tick 3 s ago"),
        (feed(7200, 1), False, Light.GOOD, "market shut, last tick 2 h ago"),
        (feed(100, 90), True, Light.LATE, "1 min 30 s late"),
        (feed(400, 400), True, Light.SILENT, "no word for 6 min 40 s"),
        (
            feed(910, 901, 900),
            True,
            Light.GOOD,
            "last tick 15 min 10 s ago, delayed 15 min by the venue",
        ),
    ],
)
def test_a_feed_is_judged_by_how_far_it_is_covered(
    told: Feed, is_open: bool, how: Light, why: str
) -> None:
    assert light(told, NOW, is_open=is_open) == (how, why)


def down(next_try: float | None, attempts: int = 4) -> FeedState:
    return FeedState(
        feed="deribit",
        up=False,
        at=NOW - 10 * SECOND,
        since=NOW - 90 * SECOND,
        reason="unreachable",
        detail="connection refused",
        attempts=attempts,
        next_try=None if next_try is None else NOW + int(next_try * SECOND),
    )


@pytest.mark.parametrize(
    ("state", "why"),
    [
        (down(12), "4 attempts, next try in 12 s"),
        (down(12, attempts=1), "next try in 12 s"),
        (down(-5), "4 attempts, next try in 0 s"),
        (down(-3600), "nobody tries: its producer does not run"),
    ],
)
def test_a_connection_that_is_down_says_why_and_when_it_is_tried_again(
    state: FeedState, why: str
) -> None:
    reason = "down for 1 min 30 s, unreachable: connection refused"
    assert connection(state, NOW) == (Light.SILENT, f"{reason}; {why}")


def locked(ago: float) -> FeedState:
    return FeedState(
        feed="alpaca",
        up=False,
        at=NOW - int(ago * SECOND),
        since=NOW - 90 * SECOND,
        reason="no_key",
        detail="set VOLCROSS_SOURCES__ALPACA__KEY",
    )


def test_a_connection_that_wants_a_key_says_so_and_promises_no_attempt() -> None:
    why = "down for 1 min 30 s, no key: set VOLCROSS_SOURCES__ALPACA__KEY"
    assert connection(locked(59), NOW) == (Light.SILENT, why)
    gone = f"{why}; nobody tries: its producer does not run"
    assert connection(locked(300), NOW) == (Light.SILENT, gone)


def test_a_connection_that_is_up_says_since_when() -> None:
    state = FeedState(feed="deribit", up=True, at=NOW, since=NOW - 3600 * SECOND)
    assert connection(state, NOW) == (Light.GOOD, "up for 1 h")


def test_a_connection_whose_producer_was_killed_is_not_up_for_ever() -> None:
    told = NOW - 300 * SECOND
    state = FeedState(feed="deribit", up=True, at=told, since=told)
    assert connection(state, NOW) == (
        Light.SILENT,
        "no word for 5 min: its producer does not run",
    )
