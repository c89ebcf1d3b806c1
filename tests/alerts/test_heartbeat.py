import asyncio
import gc
from datetime import timedelta

import pytest
from pydantic import SecretStr
from structlog.testing import capture_logs

from alerts.heartbeat import tell
from alerts.judging.pulse import Pulse, Series
from alerts.judging.rule import Rule
from alerts.judging.rulebook import Rulebook
from alerts.settings import Heartbeat
from tests.alerts.samples import answer, http_server

SECOND = 10**9


def often(url: str) -> Heartbeat:
    return Heartbeat(
        url=SecretStr(url),
        every=timedelta(milliseconds=20),
        within=timedelta(seconds=5),
    )


IMPLIED = Series("NVDA/BTC", "implied")
REALISED = Series("NVDA/BTC", "close-to-close/30d")
PLACED = Series("NVDA/BTC", "implied", by_history=True)
OTHER = Series("NVDA/BTC", "ewma/7d")


class Stage:
    """Who hears: a judge of one partition."""


def watching(*series: Series) -> Pulse:
    return Pulse(lambda: series)


@pytest.mark.parametrize("silent", [IMPLIED, REALISED, PLACED])
def test_it_stops_with_any_part_of_the_line_though_the_others_go_on(
    silent: Series,
) -> None:
    # Each comes by another way: quote, join; sample, measure, join; and place.
    pulse, judge = watching(IMPLIED, REALISED, PLACED), Stage()
    for second in range(10):
        for series in (IMPLIED, REALISED, PLACED):
            if series != silent or second == 0:
                pulse.hear(judge, series, second * SECOND)
        assert pulse.beats(second * SECOND, 5 * SECOND) is (second <= 5)


def test_what_nobody_watches_may_be_silent_but_something_must_be_heard() -> None:
    pulse, judge = watching(IMPLIED), Stage()
    assert not pulse.beats(0, SECOND)
    pulse.hear(judge, OTHER, 0)
    assert pulse.beats(0, SECOND)
    assert not pulse.beats(2 * SECOND, SECOND)
    pulse.hear(judge, IMPLIED, 2 * SECOND)
    assert pulse.beats(2 * SECOND, SECOND)


def test_what_another_worker_took_over_is_not_ours_to_hear() -> None:
    pulse, ours, theirs = watching(IMPLIED, REALISED), Stage(), Stage()
    pulse.hear(ours, IMPLIED, 9 * SECOND)
    pulse.hear(theirs, REALISED, 0)
    assert not pulse.beats(9 * SECOND, SECOND)
    del theirs
    gc.collect()
    assert pulse.beats(9 * SECOND, SECOND)


def test_the_rulebook_says_what_has_to_be_heard_all_the_time() -> None:
    rules = [
        {"name": "a", "pair": "NVDA/BTC"},
        {"name": "b", "pair": "NVDA/BTC", "watch": "z-score", "margin": 3},
        {"name": "c", "pair": "NVDA/BTC", "comparison": "close-to-close/30d"},
        {"name": "d", "pair": "NVDA/BTC", "comparison": "vix/30d"},
    ]
    book = Rulebook([Rule.model_validate(rule) for rule in rules], [], {})
    assert book.watched() == {IMPLIED, PLACED, REALISED}


async def test_it_pings_while_the_judge_hears_the_market_and_no_longer() -> None:
    pulse, judge, now = watching(IMPLIED), Stage(), 100 * SECOND
    async with http_server() as server:
        task = asyncio.ensure_future(tell(often(server.url), pulse, lambda: now))
        await asyncio.sleep(0.2)
        assert server.bodies == []
        pulse.hear(judge, IMPLIED, now)
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
    pulse, judge = watching(IMPLIED), Stage()
    pulse.hear(judge, IMPLIED, 0)
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
    await tell(Heartbeat(), watching())
