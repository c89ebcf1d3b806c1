"""Rules that change while the judges work: read again, or left as they were."""

import asyncio
from collections.abc import Iterable
from pathlib import Path

import aiohttp
import pytest
from prometheus_client import REGISTRY

from alerts.judging.rule import Rule
from alerts.judging.rulebook import Rulebook, clocks_of
from alerts.reloading import Reread, follow_file
from alerts.telling.ledger import Post
from streams import wire
from streams.events import SpreadReadings
from streams.settings import Kafka
from streams.topics import SPREADS
from tests.alerts.posting import deliveries, posting
from tests.alerts.room import Room
from tests.alerts.samples import EVENT_TIME, http_server, leg
from volcross.config import Settings, load
from volcross.running.provisioning import provision
from volcross.running.rereading import Rereading

SECOND = 10**9
OTHER = '[[rules]]\nname = "other"\npair = "NVDA/BTC"\nmargin = 0.1\n'


def reading(file: Path) -> Rereading:
    """Return what looks at a file, once it has seen that nothing is new."""
    reread = Rereading(file, load(file, {}))
    assert reread() is None
    assert reread() is not None
    return reread


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "volcross.toml"
    path.write_text('[[rules]]\nname = "one"\npair = "NVDA/BTC"\n')
    return path


def test_a_change_counts_once_it_is_read_the_same_twice(file: Path) -> None:
    reread = reading(file)
    assert reread() is None
    file.write_text("[[rules]]\nname = ")  # somebody is saving it
    assert reread() is None
    file.write_text(OTHER)
    assert reread() is None
    told = reread()
    assert told is not None
    assert [rule.name for rule in told.alerts.rules] == ["other"]
    assert told.not_yet == []
    assert reread() is None


def test_what_cannot_be_used_is_said_once_with_file_key_and_reason(file: Path) -> None:
    reread = reading(file)
    for text, why in (
        (OTHER.replace("0.1", '"far"'), r"volcross.toml: rules.0.margin: .*number"),
        (OTHER.replace("NVDA/BTC", "NVDA/ETH"), "rules: other: pair: no such pair"),
        ("[[rules", "volcross.toml"),
    ):
        file.write_text(text)
        assert reread() is None
        with pytest.raises(ValueError, match=why):
            reread()
        assert reread() is None


def test_a_file_that_is_gone_does_not_bring_the_defaults_back(file: Path) -> None:
    reread = reading(file)
    text = file.read_text()
    file.unlink()
    assert reread() is None
    with pytest.raises(ValueError, match="No such file"):
        reread()
    file.write_text(text)
    assert reread() is None
    told = reread()
    assert told is not None
    assert [rule.name for rule in told.alerts.rules] == ["one"]


def test_what_takes_a_restart_is_named(file: Path) -> None:
    reread = reading(file)
    file.write_text(OTHER + "[metrics]\nalert = 0\n[retry]\nfirst = '2s'\n")
    assert reread() is None
    told = reread()
    assert told is not None
    assert sorted(told.not_yet) == ["metrics", "retry"]


def failed() -> float | None:
    return REGISTRY.get_sample_value("volcross_config_reload_failed")


@pytest.fixture
def other(file: Path) -> Settings:
    path = file.with_name("other.toml")
    path.write_text(OTHER)
    return load(path, {})


async def test_a_bad_file_leaves_the_rules_in_force_and_shows_it(
    file: Path, other: Settings
) -> None:
    settings = load(file, {})
    book = Rulebook(settings.rules, [], clocks_of(settings))
    said: list[Reread | ValueError | None] = []
    withdrawn: list[list[str]] = []
    looked = asyncio.Event()

    def read() -> Reread | None:
        if not said:
            looked.set()
            return None
        answer = said.pop(0)
        if isinstance(answer, ValueError):
            raise answer
        return answer

    async def withdraw(rules: Iterable[Rule]) -> None:
        withdrawn.append([rule.name for rule in rules])

    async def settle(*answers: Reread | ValueError | None) -> None:
        said.extend(answers)
        looked.clear()
        await asyncio.wait_for(looked.wait(), 30)

    task = asyncio.ensure_future(follow_file(read, book, withdraw, every=0.001))
    try:
        await settle(ValueError("volcross.toml: rules.0.margin: not a number"), None)
        assert (failed(), book.edition, withdrawn) == (1, 0, [])
        await settle(Reread(other, other, ["retry"]))
        assert (failed(), book.edition, withdrawn) == (0, 1, [["other"]])
        assert book.rules == other.rules
        # The same again is no other edition: nobody has to begin anew.
        await settle(Reread(other, other, []))
        assert (book.edition, withdrawn) == (1, [["other"]])
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def stay_above(post: Post, number: int) -> None:
    """Let ten seconds pass in which the left leg is five points above."""
    start = EVENT_TIME + number * 10 * SECOND
    record = SpreadReadings(
        pair="BTC/ETH",
        comparison="implied",
        left=leg("BTC", "dvol", 0.65).name,
        right=leg("ETH", "dvol", 0.6).name,
        start=start,
        end=start + 10 * SECOND,
        at=[start],
        left_value=[0.65],
        right_value=[0.6],
        spread=[0.05],
        left_at=[start],
        right_at=[start],
    )
    await post.producer.send_and_wait(
        post.kafka.topic_prefix + SPREADS.name,
        key=b"BTC/ETH",
        value=wire.encode(record),
        partition=0,
    )


@pytest.mark.kafka
async def test_a_running_room_takes_rules_in_and_withdraws_what_is_gone(
    kafka_settings: Kafka, tmp_path: Path
) -> None:
    """Renamed while it fires: the old name ends, the new one fires, each once."""
    kafka = kafka_settings.model_copy(update={"partitions": 1})
    provision(kafka)
    async with http_server() as server, posting(kafka) as post:
        room = Room(kafka, tmp_path, server.url)
        good = room.config.read_text()
        try:
            room.start()
            await stay_above(post, 0)
            await deliveries(post, 1)
            room.config.write_text(good.replace("hysteresis = 0.01", "hysteresis = -1"))
            await until(room, "volcross_config_reload_failed 1.0")
            room.config.write_text(good.replace("btc-above-eth", "renamed"))
            await deliveries(post, 2)
            await until(room, "volcross_config_reload_failed 0.0")
            await stay_above(post, 1)
            recorded = await deliveries(post, 3)
            metrics = await until(room, firing("renamed", 1.0))
        finally:
            room.discard()
    assert [(d.rule, d.state) for d in recorded] == [
        ("btc-above-eth", "firing"),
        ("btc-above-eth", "resolved"),
        ("renamed", "firing"),
    ]
    assert recorded[0].alert_id == recorded[1].alert_id
    assert b"the rule was removed" in server.bodies[1]
    assert len(server.bodies) == 3
    assert firing("btc-above-eth", 0.0) in metrics
    assert room.said().count("rules not reloaded") == 1
    assert "hysteresis: Input should be greater than or equal to 0" in room.said()


def firing(rule: str, value: float) -> str:
    return f'volcross_alert_firing{{rule="{rule}",pair="BTC/ETH"}} {value}'


async def until(room: Room, line: str, within: float = 60.0) -> str:
    """Return the room's metrics once they have a line."""
    address = f"http://127.0.0.1:{room.metrics}/metrics"
    async with asyncio.timeout(within), aiohttp.ClientSession() as session:
        while True:
            async with session.get(address) as answer:
                text = await answer.text()
            if line in text.splitlines():
                return text
            await asyncio.sleep(0.2)
