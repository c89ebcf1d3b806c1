"""Long troubles, with the patience that is the default, in no time."""

import asyncio
import time
from datetime import timedelta

from pydantic import SecretStr

from alerts.channels.settings import Slack
from alerts.channels.slack import SlackChannel
from alerts.telling.delivery import Result, deliver
from alerts.telling.settings import Retry
from streams.events import Outcome
from tests.alerts.hurrying import HurriedLoop
from tests.alerts.samples import FIRING, HttpServer, http_server, letter

MINUTE = 60.0


async def refused_for(seconds: float, retry: Retry) -> tuple[Result, HttpServer, float]:
    """Let a destination be down, then come back on the same port."""
    async with http_server() as gone:
        url = gone.url
    port = int(url.split(":")[2].split("/")[0])
    clock = asyncio.get_running_loop().time
    began = clock()
    channel = SlackChannel(Slack(webhook_url=SecretStr(url)))
    delivery = asyncio.ensure_future(
        deliver(channel, letter(FIRING), retry, asyncio.Event())
    )
    await asyncio.sleep(seconds)
    async with http_server(port=port) as back:
        result = await delivery
    await channel.close()
    return result, back, clock() - began


def test_five_minutes_of_refused_connections_cost_five_minutes_and_no_alert() -> None:
    began = time.monotonic()
    with asyncio.Runner(loop_factory=HurriedLoop) as runner:
        result, server, waited = runner.run(refused_for(5 * MINUTE, Retry()))
    assert result.outcome is Outcome.DELIVERED
    # 1 s, doubled to 60 s, half of it left to chance.
    assert 8 <= result.attempts <= 16
    assert len(server.bodies) == 1
    assert 5 * MINUTE <= waited <= 6 * MINUTE + 5
    assert time.monotonic() - began < MINUTE


def test_after_a_day_it_is_a_dead_letter_with_its_reason() -> None:
    hourly = Retry(longest=timedelta(hours=1))
    with asyncio.Runner(loop_factory=HurriedLoop) as runner:
        result, server, waited = runner.run(refused_for(25 * 60 * MINUTE, hourly))
    assert result.outcome is Outcome.FAILED
    assert result.reason.startswith(f"given up after {result.attempts} attempts: ")
    assert result.reason.endswith("no connection to 127.0.0.1: Connection refused")
    assert server.bodies == []
    assert waited >= 24 * 60 * MINUTE
