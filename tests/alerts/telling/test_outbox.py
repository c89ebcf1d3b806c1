"""The outbox on a real broker, towards real servers that misbehave."""

import asyncio
import json
import time
from datetime import timedelta

import msgspec
import pytest
from pydantic import SecretStr
from structlog.testing import capture_logs

from alerts.channels.alertmanager import AlertmanagerChannel
from alerts.channels.settings import Alertmanager
from alerts.telling.settings import Retry
from streams.events import Alert, AlertState, Outcome, Silence
from streams.settings import Kafka
from streams.topics import ALERTS
from tests.alerts.posting import (
    announce,
    carrying,
    deliveries,
    hush,
    posting,
    rewind,
    slack,
)
from tests.alerts.samples import FIRING, MINUTE, RESOLVED, answer, http_server, in_words
from tests.brokers import Broker
from volcross.running.provisioning import provision

pytestmark = pytest.mark.kafka


@pytest.fixture
def kafka(kafka_settings: Kafka) -> Kafka:
    provision(kafka_settings)
    return kafka_settings


def another(alert: Alert, number: int) -> Alert:
    return msgspec.structs.replace(alert, id=f"{number:016x}")


async def test_each_alert_arrives_once_in_order_and_is_recorded(kafka: Kafka) -> None:
    async with (
        http_server() as server,
        posting(kafka) as post,
        carrying(post, slack(server.url)),
    ):
        await announce(post, FIRING, RESOLVED, FIRING)
        await announce(post, another(FIRING, 7))
        recorded = await deliveries(post, 3)
    headlines = [json.loads(body)["text"] for body in server.bodies]
    assert headlines == [
        f"*{in_words(alert).headline}*" for alert in (FIRING, RESOLVED, FIRING)
    ]
    assert [(d.alert_id, d.state, d.outcome, d.attempts) for d in recorded] == [
        (FIRING.id, AlertState.FIRING, Outcome.DELIVERED, 1),
        (FIRING.id, AlertState.RESOLVED, Outcome.DELIVERED, 1),
        (f"{7:016x}", AlertState.FIRING, Outcome.DELIVERED, 1),
    ]


async def test_a_restart_repeats_nothing(kafka: Kafka) -> None:
    async with http_server() as server, posting(kafka) as post:
        await announce(post, FIRING)
        async with carrying(post, slack(server.url)):
            await deliveries(post, 1)
        await announce(post, FIRING, RESOLVED)
        async with carrying(post, slack(server.url)):
            await deliveries(post, 2)
    assert len(server.bodies) == 2


async def test_what_is_recorded_is_not_sent_again_though_its_offset_is_lost(
    kafka: Kafka,
) -> None:
    # As when it died between recording and committing, or the broker let the
    # group's offsets expire.
    async with http_server() as server, posting(kafka) as post:
        await announce(post, FIRING)
        async with carrying(post, slack(server.url)):
            await deliveries(post, 1)
        await rewind(kafka, "slack")
        await announce(post, RESOLVED)
        async with carrying(post, slack(server.url)):
            recorded = await deliveries(post, 2)
    assert [d.state for d in recorded] == [AlertState.FIRING, AlertState.RESOLVED]
    assert len(server.bodies) == 2


async def test_a_dead_channel_holds_no_other_up(kafka: Kafka) -> None:
    async with (
        http_server(answer(503)) as dead,
        http_server() as alive,
        posting(kafka) as post,
    ):
        email = slack(alive.url)
        email.name = "email"
        async with carrying(post, slack(dead.url), email):
            await announce(post, FIRING, RESOLVED)
            async with asyncio.timeout(30):
                await dead.called.wait()
            recorded = await deliveries(post, 2)
    assert [d.channel for d in recorded] == ["email", "email"]
    assert len(alive.bodies) == 2


async def test_what_waits_at_a_stop_is_delivered_after_it(kafka: Kafka) -> None:
    hour = timedelta(hours=1)
    patient = Retry(first=hour, longest=hour)
    async with http_server(answer(503), answer(200)) as server:
        async with posting(kafka, patient) as post:
            await announce(post, FIRING)
            async with asyncio.timeout(30), carrying(post, slack(server.url)):
                await server.called.wait()
        async with posting(kafka) as post, carrying(post, slack(server.url)):
            (recorded,) = await deliveries(post, 1)
    assert recorded.outcome is Outcome.DELIVERED
    assert len(server.bodies) == 2


async def test_a_wrong_address_ends_in_the_dead_letters_with_its_reason(
    kafka: Kafka,
) -> None:
    async with (
        http_server(answer(404, "no_service: /services/T0/B0/hunter2")) as server,
        posting(kafka) as post,
    ):
        with capture_logs() as logs:
            async with carrying(post, slack(server.url)):
                await announce(post, FIRING, RESOLVED)
                recorded = await deliveries(post, 2)
    assert [(d.outcome, d.attempts) for d in recorded] == [(Outcome.FAILED, 1)] * 2
    assert {d.reason for d in recorded} == {"127.0.0.1 answered 404 no_service: ***"}
    failed = [line for line in logs if line["event"] == "delivery failed"]
    assert len(failed) == 2
    assert "hunter2" not in str(logs) + str(recorded)


async def test_what_is_routed_elsewhere_or_unreadable_is_passed_over(
    kafka: Kafka,
) -> None:
    async with http_server() as server, posting(kafka) as post:
        await post.producer.send_and_wait(
            kafka.topic_prefix + ALERTS.name, key=b"r", value=b'{"v":1,'
        )
        elsewhere = msgspec.structs.replace(FIRING, channels=["email"])
        with capture_logs() as logs:
            async with carrying(post, slack(server.url)):
                await announce(post, elsewhere, RESOLVED)
                (recorded,) = await deliveries(post, 1)
    assert recorded.state is AlertState.RESOLVED
    assert [line["event"] for line in logs if line["log_level"] == "error"] == [
        "alert unreadable"
    ]


async def test_what_waited_out_an_outage_comes_as_few_messages(kafka: Kafka) -> None:
    rules = [
        msgspec.structs.replace(another(FIRING, i), rule=f"rule-{i}") for i in range(3)
    ]
    async with http_server() as server, posting(kafka) as post:
        await announce(post, *rules, RESOLVED)
        async with carrying(post, slack(server.url)):
            recorded = await deliveries(post, 4)
    assert [json.loads(body)["text"] for body in server.bodies] == [
        "*NVDA/BTC: 3 rules firing*",
        f"*{in_words(RESOLVED).headline}*",
    ]
    assert len({(d.alert_id, d.state) for d in recorded}) == 4


def silence(rule: str, *, minutes: int) -> Silence:
    now = time.time_ns()
    return Silence(
        id="s1",
        rule=rule,
        author="ana",
        comment="earnings tonight",
        start=now - 1,
        end=now + minutes * MINUTE,
    )


async def test_a_silenced_rule_is_recorded_and_told_to_nobody(kafka: Kafka) -> None:
    other = msgspec.structs.replace(another(FIRING, 1), rule="other")
    async with (
        http_server() as server,
        posting(kafka) as post,
        carrying(post, slack(server.url)),
    ):
        await hush(post, silence("nvda-*", minutes=60))
        await announce(post, FIRING, other)
        first = await deliveries(post, 2)
        # Once it is over, the end of what was never told is not told either.
        await hush(post, silence("nvda-*", minutes=0))
        await announce(post, RESOLVED, another(FIRING, 2))
        recorded = await deliveries(post, 4)
    assert {d.rule: d.outcome for d in first} == {
        FIRING.rule: Outcome.SILENCED,
        "other": Outcome.DELIVERED,
    }
    reasons = {(d.alert_id, d.state): d.reason for d in recorded}
    assert "by ana: earnings tonight" in reasons[FIRING.id, AlertState.FIRING]
    assert reasons[FIRING.id, AlertState.RESOLVED] == "its firing was silenced"
    assert reasons[f"{2:016x}", AlertState.FIRING] == ""
    assert len(server.bodies) == 2


async def test_a_broker_that_stands_still_after_the_post_costs_no_second_one(
    kafka: Kafka, broker: Broker
) -> None:
    async with (
        http_server(0.3) as server,
        posting(kafka) as post,
        carrying(post, slack(server.url)),
    ):
        await announce(post, FIRING)
        async with asyncio.timeout(30):
            await server.called.wait()
        broker.freeze()
        await asyncio.sleep(4)
        broker.thaw()
        await announce(post, RESOLVED)
        recorded = await deliveries(post, 2)
    assert [d.outcome for d in recorded] == [Outcome.DELIVERED] * 2
    assert len(server.bodies) == 2


async def test_what_is_open_is_repeated_to_alertmanager_after_a_restart(
    kafka: Kafka,
) -> None:
    firing = msgspec.structs.replace(FIRING, channels=["alertmanager"])
    async with http_server(path="/api/v2/alerts") as server, posting(kafka) as post:
        url = SecretStr(server.url.removesuffix("/api/v2/alerts"))
        settings = Alertmanager(url=url, resend_every=timedelta(hours=1))
        await announce(post, firing)
        async with carrying(post, AlertmanagerChannel(settings)):
            await deliveries(post, 1)
        server.called.clear()
        async with (
            asyncio.timeout(30),
            carrying(post, AlertmanagerChannel(settings)),
        ):
            await server.called.wait()
    first, again = (json.loads(body) for body in server.bodies)
    assert [alert["labels"] for alert in first] == [alert["labels"] for alert in again]
