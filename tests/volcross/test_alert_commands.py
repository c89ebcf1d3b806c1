"""silence, alerts, rules and notify, beside a running alerts room."""

import asyncio
from pathlib import Path

import pytest
from msgspec.structs import replace
from typer.testing import CliRunner, Result

from streams.settings import Kafka
from streams.topics import SPREADS
from streams.wire import encode
from tests.alerts.killing import cross, spread
from tests.alerts.posting import announce, deliveries, posting
from tests.alerts.room import Room
from tests.alerts.samples import FIRING, RESOLVED, answer, http_server
from volcross.cli import app

pytestmark = pytest.mark.kafka


async def command(room: Room, *words: str) -> Result:
    def invoke() -> Result:
        arguments = ["--config", str(room.config), *words]
        return CliRunner(env=room.secrets).invoke(app, arguments)

    return await asyncio.to_thread(invoke)


async def said(room: Room, *words: str) -> str:
    result = await command(room, *words)
    assert result.exit_code == 0, result.output
    assert "hunter2" not in result.output
    return result.output


async def test_a_day_at_the_desk(
    kafka: Kafka, tmp_path: Path, rooms: list[Room]
) -> None:
    async with http_server() as server, posting(kafka) as post:
        room = Room(kafka, tmp_path, server.url)
        rooms.append(room)
        room.start()

        assert "nothing is firing" in await said(room, "alerts", "list")
        assert "✓ slack: delivered" in await said(room, "notify", "test")
        assert b"Test: this is how" in server.bodies[0]

        await cross(post, 0, 0)
        await deliveries(post, 2)
        firing = await said(room, "alerts", "list")
        assert "btc-above-eth  firing" in firing
        assert ": breach" in await said(room, "rules", "explain", "btc-above-eth")

        comment = ["--for", "1h", "--comment", "earnings", "--author", "ana"]
        added = await said(room, "silence", "add", "btc-*", *comment)
        assert "ana: earnings" in added
        await cross(post, 1, 1)
        await deliveries(post, 3)
        history = (await said(room, "alerts", "history")).splitlines()
        assert history[-2].endswith("[slack silenced]")
        assert history[-3].endswith("[slack delivered]")

        name = added.split()[0]
        assert name in await said(room, "silence", "list")
        await said(room, "silence", "expire", name)
        assert "no silence holds" in await said(room, "silence", "list")
        incident = history[-3].split()[2]
        shown = await said(room, "alerts", "show", incident)
        assert "BTC DVOL 65.0% is now above ETH DVOL 60.0% (+5.0 points)" in shown
        assert "silenced after 0 attempts" in shown


async def test_a_test_that_is_refused_says_what_the_other_side_answered(
    kafka: Kafka, tmp_path: Path, rooms: list[Room]
) -> None:
    async with http_server(answer(404, "no_service")) as server:
        room = Room(kafka, tmp_path, server.url)
        rooms.append(room)
        room.start()
        result = await command(room, "notify", "test", "slack")
    assert result.exit_code == 1
    assert "✗ slack: failed: 127.0.0.1 answered 404 no_service" in result.output


async def test_dead_letters_are_sent_again_once_each_and_with_their_ids(
    kafka: Kafka, tmp_path: Path, rooms: list[Room]
) -> None:
    gone = answer(404, "no_service")
    async with (
        http_server(gone, gone, gone, answer(200)) as server,
        posting(kafka) as post,
    ):
        room = Room(kafka, tmp_path, server.url)
        rooms.append(room)
        room.start()
        for number, alert in enumerate([FIRING, RESOLVED]):
            await announce(post, replace(alert, channels=["slack"]))
            recorded = await deliveries(post, number + 1)
        dead = {(d.alert_id, d.state) for d in recorded}
        result = await command(room, "notify", "test")
        assert result.exit_code == 1
        assert "✗ slack: failed: 127.0.0.1 answered 404" in result.output
        # The address has been mended meanwhile.
        again = await said(room, "notify", "resend")
        for name, state in dead:
            assert f"✓ slack {name} {state}: delivered" in again
        assert again.count("✓") == 2
        assert "no dead letters" in await said(room, "notify", "resend", "slack")
        history = await said(room, "alerts", "history")
        assert history.count("slack delivered]") == 2
    assert len(server.bodies) == 5


async def test_what_does_not_exist_is_refused(kafka: Kafka, tmp_path: Path) -> None:
    room = Room(kafka, tmp_path, "http://127.0.0.1:9/services/T0/B0/hunter2")
    for words, why in [
        (("notify", "test", "email"), "no [channels.email]"),
        (("notify", "resend", "email"), "no [channels.email]"),
        (("rules", "explain", "nope"), "no rule 'nope'"),
        (("alerts", "show", "nope"), "no alert 'nope'"),
        (("silence", "expire", "nope"), "no silence 'nope'"),
        (("silence", "add", "x", "--for", "soon", "--comment", "c"), "not a duration"),
    ]:
        result = await command(room, *words)
        assert result.exit_code != 0
        assert why in str(result.exception)


async def test_how_a_rule_stands_is_found_however_long_nothing_moved(
    kafka: Kafka, tmp_path: Path
) -> None:
    room = Room(kafka, tmp_path, "http://127.0.0.1:9/services/T0/B0/hunter2")
    columns = ("at", "left_value", "right_value", "spread", "left_at", "right_at")
    nothing = replace(spread(1, 0.0), **{column: [] for column in columns})
    async with posting(kafka) as post:
        none = await said(room, "rules", "explain", "btc-above-eth")
        assert "now: no spread has been worked out yet" in none
        await cross(post, 0, 0)
        topic = kafka.topic_prefix + SPREADS.name
        for _ in range(501):
            await post.producer.send(
                topic, key=b"BTC/ETH", value=encode(nothing), partition=0
            )
        await post.producer.flush()
    assert ": breach" in await said(room, "rules", "explain", "btc-above-eth")


async def test_rules_are_said_in_words(kafka: Kafka, tmp_path: Path) -> None:
    room = Room(kafka, tmp_path, "http://127.0.0.1:9/services/T0/B0/hunter2")
    text = await said(room, "rules", "check")
    assert "btc-above-eth: implied of BTC/ETH, warning" in text
    assert "fires when: spread above 0 points for 1 s" in text
    assert "resolves when: spread below -1 points for 1 s" in text
    assert "told to: slack" in text
