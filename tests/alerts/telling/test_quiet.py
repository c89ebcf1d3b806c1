"""Quiet hours, dead letters and threads, on a real broker and through restarts."""

import json
from datetime import UTC, datetime

import msgspec
import pytest

from alerts.channels.settings import Slack
from alerts.channels.slack_bot import SlackBot
from alerts.telling import outbox
from alerts.telling.outbox import Manner
from alerts.telling.route import Route
from streams.events import AlertState, Delivery, Outcome, Silence
from streams.settings import Kafka
from tests.alerts.posting import (
    announce,
    carrying,
    deliveries,
    hush,
    note,
    posting,
    rewind,
    slack,
)
from tests.alerts.samples import FIRING, RESOLVED, answer, http_server, in_words
from tests.alerts.slack_api import CHANNEL, TOKEN, slack_api
from volcross.running.provisioning import provision

pytestmark = pytest.mark.kafka

NIGHTLY = Manner(routes=[Route(quiet="22:00-07:00")])
LOUD = msgspec.structs.replace(FIRING, id="loud", rule="loud", severity="critical")


class Clock:
    """What time it is in the room."""

    def __init__(self, text: str) -> None:
        self.set(text)

    def set(self, text: str) -> None:
        at = datetime.fromisoformat(text).replace(tzinfo=UTC)
        self.now = round(at.timestamp()) * 10**9

    def __call__(self) -> int:
        return self.now


@pytest.fixture
def kafka(kafka_settings: Kafka, monkeypatch: pytest.MonkeyPatch) -> Kafka:
    monkeypatch.setattr(outbox, "RECHECK_SECONDS", 0.1)
    provision(kafka_settings)
    return kafka_settings


async def test_what_happens_at_night_is_told_in_the_morning_in_one_message(
    kafka: Kafka,
) -> None:
    clock = Clock("2024-08-05 23:00")
    async with (
        http_server() as server,
        posting(kafka, clock=clock) as post,
        carrying(post, slack(server.url), manner=NIGHTLY),
    ):
        await announce(post, FIRING, LOUD, RESOLVED)
        held = await deliveries(post, 3)
        assert len(server.bodies) == 1, "what is critical wakes people"
        clock.set("2024-08-06 07:00")
        recorded = await deliveries(post, 5)
    # Taken together what is held is recorded first; one by one it is as it came.
    assert sorted((d.alert_id, d.outcome) for d in held) == sorted(
        [
            (FIRING.id, Outcome.HELD),
            (FIRING.id, Outcome.HELD),
            ("loud", Outcome.DELIVERED),
        ]
    )
    assert held[0].reason.startswith("quiet hours until Tue 6 Aug 2024 07:00 UTC")
    assert [(d.alert_id, d.state, d.outcome) for d in recorded[3:]] == [
        (FIRING.id, AlertState.FIRING, Outcome.DELIVERED),
        (FIRING.id, AlertState.RESOLVED, Outcome.DELIVERED),
    ]
    loud, morning = (json.loads(body) for body in server.bodies)
    assert "alerts" not in loud["text"]
    assert morning["text"] == "*NVDA/BTC: 2 alerts*"
    said = json.dumps(morning, ensure_ascii=False)
    for alert in (FIRING, RESOLVED):
        assert in_words(alert).headline in said
    assert "26 Jul 17:27 UTC" in said
    assert "Held during quiet hours" in said


async def test_a_night_outlives_a_restart(kafka: Kafka) -> None:
    clock = Clock("2024-08-05 23:00")
    async with http_server() as server, posting(kafka, clock=clock) as post:
        await announce(post, FIRING)
        async with carrying(post, slack(server.url), manner=NIGHTLY):
            await deliveries(post, 1)
        await rewind(kafka, "slack")
        clock.set("2024-08-06 07:30")
        async with carrying(post, slack(server.url), manner=NIGHTLY):
            recorded = await deliveries(post, 2)
            await announce(post, RESOLVED)
            await deliveries(post, 3)
    assert [d.outcome for d in recorded] == [Outcome.HELD, Outcome.DELIVERED]
    told = [json.loads(body)["text"] for body in server.bodies]
    assert told == [f"*{in_words(alert).headline}*" for alert in (FIRING, RESOLVED)]


async def test_who_is_reminded_after_a_silence_is_told_of_the_end_as_well(
    kafka: Kafka,
) -> None:
    clock = Clock("2024-08-05 23:00")
    silence = Silence(
        id="s",
        rule="nvda-*",
        author="ana",
        comment="earnings",
        start=0,
        end=clock.now + 1,
    )
    updated = msgspec.structs.replace(FIRING, state=AlertState.UPDATED, id="update")
    async with (
        http_server() as server,
        posting(kafka, clock=clock) as post,
        carrying(post, slack(server.url)),
    ):
        await hush(post, silence)
        await announce(post, FIRING)
        await deliveries(post, 1)
        clock.set("2024-08-06 00:00")
        for count, alert in enumerate([updated, RESOLVED], 2):
            await announce(post, alert)
            recorded = await deliveries(post, count)
    assert [(d.state, d.outcome) for d in recorded] == [
        (AlertState.FIRING, Outcome.SILENCED),
        (AlertState.UPDATED, Outcome.DELIVERED),
        (AlertState.RESOLVED, Outcome.DELIVERED),
    ]


async def test_a_route_keeps_from_a_channel_what_is_for_another(kafka: Kafka) -> None:
    manner = Manner(routes=[Route(rules="nvda-*", channels=["email"])])
    async with http_server() as slack_side, http_server() as mail_side:
        email = slack(mail_side.url)
        email.name = "email"
        async with (
            posting(kafka) as post,
            carrying(post, slack(slack_side.url), email, manner=manner),
        ):
            await announce(post, FIRING, LOUD)
            recorded = await deliveries(post, 3)
            assert {(d.channel, d.rule) for d in recorded} == {
                ("email", "nvda-above-btc"),
                ("email", "loud"),
                ("slack", "loud"),
            }
    (only,) = slack_side.bodies
    assert b"loud" in only
    assert b"nvda-above-btc" not in only


async def test_a_dead_letter_is_sent_again_when_asked_and_only_then(
    kafka: Kafka,
) -> None:
    async with (
        http_server(answer(404, "no_service"), answer(200)) as server,
        posting(kafka) as post,
        carrying(post, slack(server.url)),
    ):
        await announce(post, FIRING)
        (failed,) = await deliveries(post, 1)
        assert failed.outcome is Outcome.FAILED
        again = msgspec.structs.replace(failed, outcome=Outcome.DUE, attempts=0)
        await note(post, again)
        recorded = await deliveries(post, 3)
        # Nobody has asked a second time.
        await announce(post, FIRING, RESOLVED)
        recorded = await deliveries(post, 4)
    assert [(d.alert_id, d.state, d.outcome) for d in recorded] == [
        (FIRING.id, AlertState.FIRING, Outcome.FAILED),
        (FIRING.id, AlertState.FIRING, Outcome.DUE),
        (FIRING.id, AlertState.FIRING, Outcome.DELIVERED),
        (FIRING.id, AlertState.RESOLVED, Outcome.DELIVERED),
    ]
    assert len(server.bodies) == 3


async def test_what_another_channel_wants_again_is_none_of_ours(kafka: Kafka) -> None:
    async with (
        http_server() as server,
        posting(kafka) as post,
        carrying(post, slack(server.url)),
    ):
        await announce(post, FIRING)
        (done,) = await deliveries(post, 1)
        await note(
            post,
            Delivery(
                channel="email",
                alert_id=done.alert_id,
                rule=done.rule,
                state=done.state,
                outcome=Outcome.DUE,
                attempts=0,
                at=0,
            ),
        )
        await announce(post, RESOLVED)
        await deliveries(post, 3)
    assert len(server.bodies) == 2


async def test_a_bot_finds_its_thread_again_after_a_restart(kafka: Kafka) -> None:
    async with slack_api() as api, posting(kafka) as post:
        table = {"token": TOKEN, "channel": CHANNEL, "api_url": api.url}
        settings = Slack.model_validate(table)
        for count, alert in enumerate([FIRING, RESOLVED], 1):
            await announce(post, alert)
            async with carrying(post, SlackBot(settings)):
                recorded = await deliveries(post, count)
        (parent,) = api.parents
        assert recorded[0].receipt == f"{CHANNEL}/{parent}"
        assert len(api.below(parent)) == 1
        assert api.posted[parent].colour == in_words(RESOLVED).colour
