"""The ping on a real broker, towards a real watcher: it stops whatever part does."""

import asyncio
import gc
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from pydantic import SecretStr
from structlog.testing import capture_logs

from alerts.heartbeat import tell
from alerts.judging.pulse import Pulse, Series
from alerts.judging.rule import Rule
from alerts.judging.rulebook import Rulebook
from alerts.judging.shown import Shown
from alerts.settings import Heartbeat
from alerts.telling.ledger import Post
from streams.settings import Clock, Kafka
from streams.topics import ALERTS, checkpoints
from streams.volatility.market_time import market_clock
from tests.alerts.killing import cross, spread
from tests.alerts.posting import carrying, posting, slack
from tests.alerts.room import Room
from tests.alerts.samples import HttpServer, answer, http_server

SECOND = 10**9
PATIENCE_SECONDS = 90


def often(url: str, within: float = 5.0) -> Heartbeat:
    return Heartbeat(
        url=SecretStr(url),
        every=timedelta(milliseconds=20),
        within=timedelta(seconds=within),
        tick_every=timedelta(milliseconds=50),
    )


IMPLIED = Series("NVDA/BTC", "implied")
REALISED = Series("NVDA/BTC", "close-to-close/30d")
PLACED = Series("NVDA/BTC", "implied", by_history=True)
OTHER = Series("NVDA/BTC", "ewma/7d")


class Stage:
    """Who hears: a judge of one partition."""


def watching(*series: Series) -> Pulse:
    return Pulse(lambda: series)


def take_in(pulse: Pulse, judge: Stage, series: Series, now: int) -> None:
    pulse.hear(judge, series, now)
    pulse.ask(judge)
    pulse.written(judge)


@pytest.mark.parametrize("silent", [IMPLIED, REALISED, PLACED])
def test_it_stops_with_any_part_of_the_line_though_the_others_go_on(
    silent: Series,
) -> None:
    # Each comes by another way: quote, join; sample, measure, join; and place.
    pulse, judge = watching(IMPLIED, REALISED, PLACED), Stage()
    for second in range(10):
        for series in (IMPLIED, REALISED, PLACED):
            if series != silent or second == 0:
                take_in(pulse, judge, series, second * SECOND)
        missing = pulse.silent(second * SECOND, 5 * SECOND)
        assert missing == ([] if second <= 5 else [str(silent)])


def test_what_nobody_watches_may_be_silent_but_something_must_be_heard() -> None:
    pulse, judge = watching(IMPLIED), Stage()
    assert pulse.silent(0, SECOND)
    take_in(pulse, judge, OTHER, 0)
    assert not pulse.silent(0, SECOND)
    assert pulse.silent(2 * SECOND, SECOND)
    take_in(pulse, judge, IMPLIED, 2 * SECOND)
    assert not pulse.silent(2 * SECOND, SECOND)


def test_what_was_taken_in_and_not_written_down_is_no_sign_of_life() -> None:
    pulse, judge = watching(IMPLIED), Stage()
    pulse.hear(judge, IMPLIED, 0)
    assert pulse.silent(0, SECOND)
    pulse.ask(judge)
    assert pulse.silent(0, SECOND)
    pulse.hear(judge, IMPLIED, 9 * SECOND)  # while it is being written
    pulse.written(judge)
    assert not pulse.silent(0, SECOND)
    assert pulse.silent(9 * SECOND, SECOND)


def test_what_was_known_before_a_restart_has_to_come_again() -> None:
    book = Rulebook([Rule.model_validate({"name": "a", "pair": "BTC/ETH"})], [], CLOCKS)
    before = Shown(book)
    before.apply(spread(0, 0.05), 0, 0)
    pulse = Pulse(book.watched)
    after, other = Shown(book, pulse), Stage()
    after.restore(before.state(), [])
    take_in(pulse, other, OTHER, 9 * SECOND)
    assert pulse.silent(9 * SECOND, SECOND) == ["BTC/ETH implied"]
    after.apply(spread(1, 0.05), 1, 9 * SECOND)
    after.state()
    pulse.written(after)
    assert pulse.silent(9 * SECOND, SECOND) == []


def test_what_another_worker_took_over_is_not_ours_to_hear() -> None:
    pulse, ours, theirs = watching(IMPLIED, REALISED), Stage(), Stage()
    take_in(pulse, ours, IMPLIED, 9 * SECOND)
    take_in(pulse, theirs, REALISED, 0)
    assert pulse.silent(9 * SECOND, SECOND)
    del theirs
    gc.collect()
    assert not pulse.silent(9 * SECOND, SECOND)


def test_the_rulebook_says_what_has_to_be_heard_all_the_time() -> None:
    rules = [
        {"name": "a", "pair": "NVDA/BTC"},
        {"name": "b", "pair": "NVDA/BTC", "watch": "z-score", "margin": 3},
        {"name": "c", "pair": "NVDA/BTC", "comparison": "close-to-close/30d"},
        {"name": "d", "pair": "NVDA/BTC", "comparison": "vix/30d"},
    ]
    book = Rulebook([Rule.model_validate(rule) for rule in rules], [], {})
    assert book.watched() == {IMPLIED, PLACED, REALISED}


CLOCKS = {name: market_clock(Clock.CRYPTO) for name in ("BTC", "ETH")}


@asynccontextmanager
async def pinging(
    post: Post, heartbeat: Heartbeat, pulse: Pulse, *channels: str
) -> AsyncIterator[None]:
    task = asyncio.ensure_future(tell(heartbeat, pulse, post, list(channels)))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def seen(what: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not what():  # noqa: ASYNC110 - a server and a log have nothing to wait on
            await asyncio.sleep(0.02)


async def more(server: HttpServer, pings: int = 2) -> None:
    """Wait until it was pinged some more."""
    wanted = len(server.bodies) + pings
    await seen(lambda: len(server.bodies) >= wanted)


class Alive(Pulse):
    """Of a judge who always does his work: what comes after him is looked at."""

    def __init__(self) -> None:
        super().__init__(list)

    def silent(self, now: int, within_ns: int) -> list[str]:
        del now, within_ns
        return []


async def stopped(watcher: HttpServer, said: Callable[[], str], reason: str) -> None:
    """Wait until it is said why there is no ping, and see that there is none."""
    before = len(said())
    await seen(lambda: reason in said()[before:])
    pings = len(watcher.bodies)
    await asyncio.sleep(0.5)
    assert len(watcher.bodies) == pings


async def delete(kafka: Kafka, topic: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.bootstrap_servers)
    await admin.start()
    await admin.delete_topics([kafka.topic_prefix + topic])
    await admin.close()


@pytest.mark.kafka
async def test_it_pings_only_while_every_outbox_passes_the_ticks(
    kafka: Kafka,
) -> None:
    async with http_server() as watcher, http_server() as chat, posting(kafka) as post:
        mail = slack(chat.url)
        mail.name = "email"
        with capture_logs() as logs:
            async with (
                pinging(post, often(watcher.url, 1.0), Alive(), "slack", "email"),
                carrying(post, slack(chat.url)),
            ):
                await stopped(watcher, lambda: str(logs), "through: email'")
                assert watcher.bodies == []
                async with carrying(post, mail):
                    await more(watcher)
                await stopped(watcher, lambda: str(logs), "through: email'")
                async with carrying(post, mail):
                    await more(watcher)
                    assert not [
                        each for each in logs if each["event"] != "no heartbeat"
                    ]
        assert chat.bodies == []  # nobody was told of any tick


class Feed:
    """Says all the time how the spread stands, as the streams would."""

    def __init__(self, post: Post) -> None:
        self._post = post
        self._stretch = 0
        self.number = 1
        self.speaks = True

    async def speak(self) -> None:
        while True:
            if self.speaks:
                await cross(self._post, self.number, self._stretch)
                self._stretch += 1
            await asyncio.sleep(0.05)


@pytest.mark.kafka
async def test_it_stops_with_feed_channel_topic_and_judge_and_comes_again_with_them(
    kafka: Kafka, tmp_path: Path, rooms: list[Room]
) -> None:
    async with http_server() as watcher, http_server() as chat, posting(kafka) as post:
        often = '[heartbeat]\nevery = "0.1s"\nwithin = "2s"\ntick_every = "0.1s"'
        room = Room(kafka, tmp_path, chat.url, often)
        room.secrets["VOLCROSS_HEARTBEAT__URL"] = watcher.url
        rooms.append(room)
        room.start()
        feed = Feed(post)
        speaking = asyncio.ensure_future(feed.speak())
        await more(watcher)

        feed.speaks = False
        await stopped(watcher, room.said, "not heard of BTC/ETH implied")
        feed.speaks = True
        await more(watcher)

        chat.answers, feed.number = [answer(503)], 0
        await stopped(watcher, room.said, "not getting through: slack")
        chat.answers = [answer(200)]
        await more(watcher)

        await delete(kafka, ALERTS.name)
        await stopped(watcher, room.said, "alerts cannot be written or read")
        # The judge goes on taking records in, and cannot write down that he did.
        await delete(kafka, checkpoints("judge").name)
        await stopped(watcher, room.said, "not heard of BTC/ETH implied")
        speaking.cancel()
        await asyncio.gather(speaking, return_exceptions=True)
    assert "hunter2" not in room.said()


@pytest.mark.kafka
async def test_a_watcher_that_is_away_is_asked_again_and_its_address_not_told(
    kafka: Kafka,
) -> None:
    async with http_server(answer(503), answer(200)) as server, posting(kafka) as post:
        with capture_logs() as logs:
            async with pinging(post, often(server.url), Alive()):
                await more(server, 3)
    assert [line["event"] for line in logs] == ["heartbeat failed"]
    assert "hunter2" not in str(logs)
