import asyncio
from collections.abc import Iterator
from datetime import timedelta

import pytest
from pydantic import SecretStr

from alerts.channels.settings import Slack
from alerts.channels.slack import SlackChannel
from alerts.telling.delivery import (
    DeliveryError,
    Interrupted,
    Result,
    deliver,
    wait_before,
)
from alerts.telling.settings import Retry
from streams.events import Outcome
from tests.alerts.samples import FIRING, Answer, answer, http_server, letter

QUICK = Retry(
    first=timedelta(milliseconds=10),
    longest=timedelta(milliseconds=40),
    give_up_after=timedelta(seconds=20),
)


async def delivered(
    *answers: Answer | float, retry: Retry = QUICK
) -> tuple[Result, list[float]]:
    async with http_server(*answers) as server:
        url = SecretStr(server.url)
        channel = SlackChannel(
            Slack(webhook_url=url, timeout=timedelta(milliseconds=200))
        )
        stop = asyncio.Event()
        result = await deliver(channel, letter(FIRING), retry, stop)
        await channel.close()
    return result, server.at


async def test_what_is_taken_is_sent_once() -> None:
    result, at = await delivered(answer(200))
    assert result == Result(Outcome.DELIVERED, 1)
    assert len(at) == 1


@pytest.mark.parametrize(
    "trouble",
    [answer(500), answer(503), answer(429), 1.0],
    ids=["500", "503", "429", "time-out"],
)
async def test_trouble_that_passes_is_waited_out(trouble: Answer | float) -> None:
    result, at = await delivered(trouble, trouble, answer(200))
    assert result == Result(Outcome.DELIVERED, 3)
    assert len(at) == 3


async def test_it_waits_as_long_as_it_is_asked_to() -> None:
    result, at = await delivered(answer(429, Retry_After="1"), answer(200))
    assert result == Result(Outcome.DELIVERED, 2)
    assert at[1] - at[0] >= 1.0


async def test_a_refusal_for_good_is_not_repeated() -> None:
    result, at = await delivered(answer(404, "no_service"))
    assert result == Result(Outcome.FAILED, 1, "127.0.0.1 answered 404 no_service")
    assert len(at) == 1


async def test_patience_ends() -> None:
    brief = QUICK.model_copy(update={"give_up_after": timedelta(milliseconds=200)})
    result, at = await delivered(answer(503, "busy"), retry=brief)
    assert result.outcome is Outcome.FAILED
    assert result.reason == (
        f"given up after {len(at)} attempts: 127.0.0.1 answered 503 busy"
    )
    assert len(at) > 2


async def test_a_server_that_comes_back_gets_it() -> None:
    async with http_server() as gone:
        url = gone.url
    port = int(url.split(":")[2].split("/")[0])
    channel = SlackChannel(Slack(webhook_url=SecretStr(url)))
    waiting = asyncio.ensure_future(
        deliver(channel, letter(FIRING), QUICK, asyncio.Event())
    )
    await asyncio.sleep(0.3)
    async with http_server(port=port) as back:
        result = await waiting
    await channel.close()
    assert result.outcome is Outcome.DELIVERED
    assert result.attempts > 3
    assert len(back.bodies) == 1


async def test_a_wait_can_be_cut_short() -> None:
    patient = Retry(first=timedelta(hours=1))
    stop = asyncio.Event()
    async with http_server(answer(503)) as server:
        channel = SlackChannel(Slack(webhook_url=SecretStr(server.url)))
        asyncio.get_running_loop().call_later(0.1, stop.set)
        with pytest.raises(Interrupted):
            await deliver(channel, letter(FIRING), patient, stop)
        await channel.close()
    assert len(server.bodies) == 1


def test_waits_double_up_to_the_longest_and_are_left_half_to_chance() -> None:
    retry = Retry(first=timedelta(seconds=1), longest=timedelta(seconds=60))

    def waits(attempt: int) -> Iterator[float]:
        return (wait_before(attempt, retry, None) for _ in range(200))

    for attempt, ceiling in [(1, 1), (2, 2), (5, 16), (7, 60), (5000, 60)]:
        drawn = list(waits(attempt))
        assert ceiling / 2 <= min(drawn) < max(drawn) <= ceiling
    assert wait_before(1, retry, 300.0) == 300.0


def test_an_error_says_what_went_wrong() -> None:
    error = DeliveryError("mailbox full", permanent=False)
    assert str(error) == "mailbox full"
