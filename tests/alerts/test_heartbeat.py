import asyncio
from datetime import timedelta

from pydantic import SecretStr
from structlog.testing import capture_logs

from alerts.heartbeat import Pulse, tell
from alerts.settings import Heartbeat
from tests.alerts.samples import answer, http_server

SECOND = 10**9


def often(url: str) -> Heartbeat:
    return Heartbeat(
        url=SecretStr(url),
        every=timedelta(milliseconds=20),
        within=timedelta(seconds=5),
    )


async def test_it_pings_while_the_judge_hears_the_market_and_no_longer() -> None:
    pulse, now = Pulse(), 100 * SECOND
    async with http_server() as server:
        task = asyncio.ensure_future(tell(often(server.url), pulse, lambda: now))
        await asyncio.sleep(0.2)
        assert server.bodies == []
        pulse.at = now
        async with asyncio.timeout(10):
            await server.called.wait()
        now += 6 * SECOND
        await asyncio.sleep(0.1)
        silent = len(server.bodies)
        await asyncio.sleep(0.2)
        assert len(server.bodies) == silent
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_a_watcher_that_is_away_is_asked_again_and_its_address_not_told() -> None:
    pulse = Pulse()
    pulse.at = 0
    async with http_server(answer(503), answer(200)) as server:
        with capture_logs() as logs:
            task = asyncio.ensure_future(tell(often(server.url), pulse, lambda: 0))
            async with asyncio.timeout(10):
                while len(server.bodies) < 3:  # noqa: ASYNC110 - a server has no event for the third
                    await asyncio.sleep(0.02)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
    assert [line["event"] for line in logs] == ["heartbeat_failed"]
    assert "hunter2" not in str(logs)


async def test_without_an_address_nothing_is_done() -> None:
    await tell(Heartbeat(), Pulse())
