"""The whole room, as processes: spreads in, people told; killed at any instant."""

import os
import signal
from pathlib import Path

import aiohttp
import pytest

from streams.events import Outcome
from streams.settings import Kafka
from tests.alerts.killing import Phase, cross, killing
from tests.alerts.posting import deliveries, posting
from tests.alerts.room import Room
from tests.alerts.samples import http_server

pytestmark = pytest.mark.kafka

KILLS = 10 if os.environ.get("VOLCROSS_TEST_BROKER") == "kafka" else 4
"""`make kills` does 200."""
SEED = 20240726


async def test_it_tells_what_crosses_and_stops_when_asked(
    kafka: Kafka, tmp_path: Path, rooms: list[Room]
) -> None:
    async with http_server() as server, posting(kafka) as post:
        room = Room(kafka, tmp_path, server.url)
        rooms.append(room)
        room.start()
        await cross(post, 0, 0)
        await cross(post, 1, 1)
        recorded = await deliveries(post, 2)
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"http://127.0.0.1:{room.metrics}/metrics") as answer,
        ):
            metrics = await answer.text()
        assert await room.end(signal.SIGTERM) == 0
    assert [(d.state, d.outcome) for d in recorded] == [
        ("firing", Outcome.DELIVERED),
        ("resolved", Outcome.DELIVERED),
    ]
    assert len(server.bodies) == 2
    assert 'volcross_alert_firing{rule="btc-above-eth",pair="BTC/ETH"} 0.0' in metrics
    assert (
        'volcross_deliveries_total{channel="slack",outcome="delivered"} 2.0' in metrics
    )
    for secret in ("hunter2", "/services/"):
        assert secret not in room.said() + metrics


@pytest.mark.timeout(120 + 30 * KILLS)
async def test_killed_at_any_instant_it_loses_no_alert_and_invents_none(
    kafka: Kafka, tmp_path: Path
) -> None:
    async with killing(kafka, tmp_path, SEED) as room:
        kills = [await room.once(number) for number in range(KILLS)]
        assert await room.room.end(signal.SIGTERM) == 0, room.room.said()
    for kill in kills:
        assert kill.ids == 1, kill
        # Told again only where we died between being heard and writing that down.
        again = kill.phase in (Phase.SENT, Phase.ANSWERED)
        assert 1 <= kill.posts <= 1 + again, kill
