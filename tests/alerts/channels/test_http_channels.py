"""Slack and webhook against a real HTTP server."""

import hashlib
import hmac
import json
import socket
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from aiohttp import web
from pydantic import SecretStr

from alerts.channels.settings import Slack, Webhook
from alerts.channels.slack import SlackChannel
from alerts.channels.slack_blocks import payload
from alerts.channels.webhook import WebhookChannel
from alerts.telling.delivery import DeliveryError
from streams.events import Alert
from tests.alerts.samples import FIRING, RESOLVED, answer, http_server, in_words, letter
from volcross.demo.block_kit import refusal


async def send_to_slack(url: str, patience: float = 5.0) -> None:
    settings = Slack.model_validate({"webhook_url": url, "timeout": patience})
    channel = SlackChannel(settings)
    try:
        await channel.send(letter(FIRING))
    finally:
        await channel.close()


async def refused(url: str, patience: float = 5.0) -> DeliveryError:
    with pytest.raises(DeliveryError) as error:
        await send_to_slack(url, patience)
    assert "hunter2" not in f"{error.value!r} {error.value.__cause__!r}"
    return error.value


@pytest.mark.parametrize("alert", [FIRING, RESOLVED])
def test_slack_would_take_the_payload(alert: Alert) -> None:
    blocks = payload(in_words(alert))
    assert refusal(blocks) is None
    assert in_words(alert).headline in blocks["text"]


async def test_slack_gets_the_payload_as_json() -> None:
    async with http_server(answer(200, "ok")) as server:
        await send_to_slack(server.url)
    assert json.loads(server.bodies[0]) == payload(in_words(FIRING))
    assert server.requests[0].content_type == "application/json"


@pytest.mark.parametrize(
    ("status", "text", "permanent"),
    [
        (400, "invalid_payload", True),
        (403, "action_prohibited", True),
        (404, "no_service", True),
        (410, "channel_is_archived", True),
        (302, "", True),
        (408, "", False),
        (429, "", False),
        (500, "rollup_error", False),
        (503, "", False),
    ],
)
async def test_only_an_answer_that_can_change_is_worth_another_try(
    status: int, text: str, permanent: bool
) -> None:
    async with http_server(answer(status, text)) as server:
        error = await refused(server.url)
    assert error.permanent is permanent
    assert error.reason == f"127.0.0.1 answered {status} {text}".rstrip()


async def test_it_follows_nobody_who_sends_it_elsewhere() -> None:
    # Who follows hands the news to a stranger, or turns it into a GET: lost.
    async with (
        http_server() as elsewhere,
        http_server(answer(307, Location=elsewhere.url)) as server,
    ):
        error = await refused(server.url)
    assert error.permanent
    assert elsewhere.bodies == []


async def test_a_server_that_repeats_the_password_is_not_quoted_on_it() -> None:
    def repeat(request: web.Request) -> web.StreamResponse:
        said = f"no hunter2, by {request.headers['Authorization']}"
        return web.Response(status=403, text=said)

    async with http_server(repeat, path="/hook") as server:
        error = await refused(server.url.replace("//", "//desk:hunter2@"))
    assert error.reason == "127.0.0.1 answered 403 no ***, by Basic ***"


async def asked_to_wait(header: str) -> float | None:
    async with http_server(answer(429, Retry_After=header)) as server:
        error = await refused(server.url)
    return error.retry_after


async def test_it_hears_for_how_long_it_is_asked_to_wait() -> None:
    assert await asked_to_wait("30") == 30


@pytest.mark.parametrize("zone", ["+0000", "-0000", "GMT"])
async def test_it_hears_until_when_it_is_asked_to_wait(zone: str) -> None:
    until = format_datetime(datetime.now(UTC) + timedelta(hours=1))
    told = await asked_to_wait(until.replace("+0000", zone))
    assert told is not None
    assert 1800 <= told <= 3600


async def test_a_server_that_does_not_answer_in_time_is_tried_again() -> None:
    async with http_server(5.0) as server:
        error = await refused(server.url, patience=0.2)
    assert (error.permanent, error.reason) == (
        False,
        "no answer from 127.0.0.1 in 0.2 s",
    )


async def test_a_refused_connection_is_tried_again() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        error = await refused(f"http://127.0.0.1:{port}/hunter2")
    assert not error.permanent
    assert error.reason == "no connection to 127.0.0.1: Connection refused"


async def test_a_host_that_does_not_exist_may_exist_tomorrow() -> None:
    error = await refused("http://slack.invalid/hunter2")
    assert not error.permanent
    assert error.reason.startswith("no connection to slack.invalid: ")


async def test_a_page_that_repeats_the_address_does_not_give_it_away() -> None:
    async with http_server(
        answer(404, "Cannot POST /services/T0/B0/hunter2")
    ) as server:
        error = await refused(server.url)
    assert error.reason == "127.0.0.1 answered 404 Cannot POST ***"


async def test_a_webhook_gets_a_signed_document() -> None:
    settings = Webhook(url=SecretStr("http://x"), secret=SecretStr("s3cret"))
    async with http_server(answer(204)) as server:
        settings = Webhook(url=SecretStr(server.url), secret=SecretStr("s3cret"))
        channel = WebhookChannel(settings, clock=lambda: 1000.9)
        await channel.send(letter(RESOLVED))
        await channel.close()
    (body,), (request,) = server.bodies, server.requests
    document = json.loads(body)
    assert document["event_time"] == "2024-07-26T19:07:00Z"
    assert document["left"]["value"] == 0.8201
    assert document["headline"] == in_words(RESOLVED).headline
    assert request.headers["Idempotency-Key"] == "713bd8fb08e4b0fd.resolved"
    expected = hmac.new(b"s3cret", b"1000." + body, hashlib.sha256).hexdigest()
    assert request.headers["Volcross-Signature"] == f"t=1000,v1={expected}"
    assert b"s3cret" not in body


async def test_a_webhook_without_a_secret_is_not_signed() -> None:
    async with http_server(answer(200)) as server:
        channel = WebhookChannel(Webhook(url=SecretStr(server.url)))
        await channel.send(letter(FIRING))
        await channel.close()
    assert "Volcross-Signature" not in server.requests[0].headers
