"""What viewers are told, without a broker or a browser."""

import asyncio

import numpy as np

from streams.settings import Kafka
from volcross.page.follower import BACKLOG, Follower
from volcross.page.history import kept


async def test_a_viewer_that_does_not_keep_up_is_let_go() -> None:
    follower = Follower(Kafka())
    viewer = follower.watch()
    stands = await anext(viewer)
    assert b'"rows":[]' in stands
    first = asyncio.create_task(anext(viewer))
    await asyncio.sleep(0)
    for number in range(3 * BACKLOG):
        follower.tell({"number": number})
    assert b'"number":' in await first
    assert len([raw async for raw in viewer]) < BACKLOG
    # Nobody is left, so nothing is even written.
    follower.tell({"number": -1})
    await viewer.aclose()


def test_a_message_holds_only_what_has_changed() -> None:
    now = [10**18]
    follower = Follower(Kafka(), clock=lambda: now[0])
    assert {
        "now_ms",
        "spreads",
        "feeds",
        "term_structures",
    } <= follower.message().keys()
    assert follower.message().keys() == {"rows", "alerts"}
    now[0] += 10**9
    assert follower.message().keys() == {"rows", "alerts", "now_ms"}


def test_a_spike_survives_being_drawn_in_few_points() -> None:
    spread = np.zeros(100_000)
    spread[[12_345, 67_890]] = 1.0, -1.0
    rows = kept(spread, 400)
    assert len(rows) <= 400
    assert {0, 12_345, 67_890, 99_999} <= set(rows.tolist())
    assert list(rows) == sorted(set(rows.tolist()))
    assert list(kept(spread[:50], 400)) == list(range(50))
