"""The bot against a Web API that is as strict as Slack's."""

from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest
from pydantic import SecretStr, ValidationError
from structlog.testing import capture_logs

from alerts.channels.settings import Slack
from alerts.channels.slack_bot import SlackBot
from alerts.telling.delivery import DeliveryError
from alerts.telling.letter import Letter
from streams.events import Alert, AlertState
from tests.alerts.samples import (
    FIRING,
    RESOLVED,
    answer,
    http_server,
    in_words,
    letter,
)
from tests.alerts.slack_api import CHANNEL, TOKEN, SlackApi, slack_api

PNG = b"\x89PNG\r\n\x1a\n" + bytes(1000)
UPDATED = msgspec.structs.replace(FIRING, state=AlertState.UPDATED, id="update")
UNKNOWN = msgspec.structs.replace(FIRING, state=AlertState.UNKNOWN, id="silence")
OTHER = msgspec.structs.replace(FIRING, rule="other", id="other", began=1)


@pytest.fixture
async def api() -> AsyncIterator[SlackApi]:
    async with slack_api() as one:
        yield one


def bot(api: SlackApi, **given: object) -> SlackBot:
    table = {"token": TOKEN, "channel": CHANNEL, "api_url": api.url, "timeout": "5s"}
    return SlackBot(Slack.model_validate({**table, **given}))


async def refused(one: SlackBot, alert: Alert = FIRING) -> DeliveryError:
    with pytest.raises(DeliveryError) as error:
        await one.send(letter(alert))
    await one.close()
    assert "hunter2" not in f"{error.value!r} {error.value.__cause__!r}"
    return error.value


async def test_an_incident_is_a_thread_and_its_parent_shows_how_it_ended(
    api: SlackApi,
) -> None:
    one = bot(api)
    receipt = await one.send(letter(FIRING))
    (parent,) = api.parents
    assert receipt == f"{CHANNEL}/{parent}"
    assert api.posted[parent].colour == in_words(FIRING).colour
    await one.send(letter(UPDATED))
    await one.send(letter(UNKNOWN))
    await one.send(letter(RESOLVED))
    await one.close()
    assert api.parents == [parent]
    told = [in_words(alert) for alert in (UPDATED, UNKNOWN, RESOLVED)]
    assert [reply.text for reply in api.below(parent)] == [
        f"*{message.headline}*" for message in told
    ]
    assert [reply.broadcast for reply in api.below(parent)] == [False, True, True]
    assert api.posted[parent].colour == in_words(RESOLVED).colour
    assert api.posted[parent].text == f"*{in_words(RESOLVED).headline}*"


async def test_a_restart_keeps_the_thread(api: SlackApi) -> None:
    first = bot(api)
    receipt = await first.send(letter(FIRING))
    await first.close()
    again = bot(api)
    again.resume([(OTHER, "C1/1.0"), (FIRING, receipt)])
    await again.send(letter(RESOLVED))
    await again.close()
    (parent,) = api.parents
    assert len(api.below(parent)) == 1
    assert api.posted[parent].colour == in_words(RESOLVED).colour


async def test_what_resolved_before_is_not_the_thread_of_what_fires_next(
    api: SlackApi,
) -> None:
    one = bot(api)
    for alert in (FIRING, RESOLVED):
        await one.send(letter(alert))
    next_one = msgspec.structs.replace(FIRING, id="next", began=FIRING.since + 1)
    await one.send(letter(next_one))
    await one.close()
    assert len(api.parents) == 2


async def test_a_parent_that_tells_of_several_is_not_coloured_by_one(
    api: SlackApi,
) -> None:
    one = bot(api)
    both = Letter((FIRING, OTHER), in_words(FIRING))
    await one.send(both)
    (parent,) = api.parents
    await one.send(letter(RESOLVED))
    await one.close()
    assert api.posted[parent].colour == in_words(FIRING).colour
    assert len(api.below(parent)) == 1


async def test_the_picture_follows_into_the_thread(api: SlackApi) -> None:
    one = bot(api)
    await one.send(letter(FIRING, PNG))
    await one.send(letter(RESOLVED, PNG))
    await one.close()
    (parent,) = api.parents
    assert api.pictures == {parent: [PNG, PNG]}


async def test_a_picture_is_not_sent_where_it_is_not_wanted(api: SlackApi) -> None:
    one = bot(api, picture=False)
    await one.send(letter(FIRING, PNG))
    await one.close()
    assert api.called == ["chat.postMessage"]


@pytest.mark.parametrize(
    "method", ["files.getUploadURLExternal", "files.completeUploadExternal"]
)
async def test_a_picture_that_fails_takes_no_message_with_it(
    api: SlackApi, method: str
) -> None:
    api.refusals[method] = [{"error": "missing_scope", "needed": "files:write"}]
    one = bot(api)
    with capture_logs() as logs:
        await one.send(letter(FIRING, PNG))
        await one.close()
    assert len(api.parents) == 1
    assert [line["event"] for line in logs] == ["picture not sent"]
    assert "files:write" in logs[0]["reason"]
    assert "hunter2" not in str(logs)


@pytest.mark.parametrize(
    ("said", "permanent"),
    [
        ({"error": "ratelimited"}, False),
        ({"error": "internal_error"}, False),
        (500, False),
        (503, False),
        ({"error": "invalid_auth"}, True),
        ({"error": "token_revoked"}, True),
        ({"error": "channel_not_found"}, True),
        ({"error": "not_in_channel"}, True),
        ({"error": "is_archived"}, True),
    ],
)
async def test_only_an_error_that_passes_is_worth_another_try(
    api: SlackApi, said: dict[str, Any] | int, permanent: bool
) -> None:
    api.refusals["chat.postMessage"] = [said]
    error = await refused(bot(api))
    assert error.permanent is permanent
    if isinstance(said, dict):
        assert error.reason == f"chat.postMessage: {said['error']}"


async def test_it_waits_as_long_as_slack_asks(api: SlackApi) -> None:
    api.refusals["chat.postMessage"] = [429]
    error = await refused(bot(api))
    assert (error.permanent, error.retry_after) == (False, 1.0)


async def test_a_wrong_token_is_refused_and_not_repeated(api: SlackApi) -> None:
    error = await refused(bot(api, token="xoxb-wrong-hunter2"))
    assert (error.permanent, error.reason) == (True, "chat.postMessage: invalid_auth")


async def test_a_resolution_that_is_tried_again_is_posted_once(api: SlackApi) -> None:
    one = bot(api)
    await one.send(letter(FIRING))
    api.refusals["chat.postMessage"] = [503]
    with pytest.raises(DeliveryError):
        await one.send(letter(RESOLVED))
    await one.send(letter(RESOLVED))
    await one.close()
    (parent,) = api.parents
    assert len(api.below(parent)) == 1
    assert api.posted[parent].colour == in_words(RESOLVED).colour


async def test_a_parent_that_somebody_removed_keeps_no_news_back(
    api: SlackApi,
) -> None:
    one = bot(api)
    await one.send(letter(FIRING))
    api.refusals["chat.update"] = [{"error": "message_not_found"}]
    with capture_logs() as logs:
        await one.send(letter(RESOLVED))
    await one.close()
    assert [line["event"] for line in logs] == ["not recoloured"]
    assert len(api.posted) == 2


async def test_an_answer_that_is_no_json_is_tried_again(api: SlackApi) -> None:
    page = answer(200, "<html>Please log in to the hotel's network</html>")
    async with http_server(page, path="/api/chat.postMessage") as server:
        url = server.url.removesuffix("/chat.postMessage")
        error = await refused(bot(api, api_url=url))
    assert not error.permanent


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({}, "either webhook_url or token"),
        ({"webhook_url": "http://x/", "token": "t", "channel": "c"}, "either"),
        ({"token": "t"}, "go together"),
        ({"webhook_url": "http://x/", "channel": "c"}, "go together"),
    ],
)
def test_it_is_a_webhook_or_a_bot_and_not_both(given: dict[str, str], why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        Slack.model_validate(given)


def test_it_never_shows_its_token() -> None:
    slack = Slack(token=SecretStr(TOKEN), channel=CHANNEL)
    assert "hunter2" not in f"{slack!r} {slack} {slack.model_dump_json()}"
