"""Apprise's own JSON plug-in, towards a real HTTP server."""

import json
import logging

import pytest

from alerts.channels.apprise import AppriseChannel
from alerts.channels.settings import Apprise
from alerts.telling.delivery import DeliveryError
from tests.alerts.samples import (
    FIRING,
    RESOLVED,
    answer,
    http_server,
    in_words,
    letter,
)


def channel(*urls: str) -> AppriseChannel:
    given = [
        url.replace("http://", "json://desk:hunter2@").replace("/services", "", 1)
        for url in urls
    ]
    return AppriseChannel(Apprise.model_validate({"urls": given, "timeout": "10s"}))


async def test_it_hands_the_message_to_the_service() -> None:
    async with http_server(path="/x") as server:
        one = channel(server.url)
        for alert in (FIRING, RESOLVED):
            await one.send(letter(alert))
    bodies = [json.loads(body) for body in server.bodies]
    assert [body["title"] for body in bodies] == [
        in_words(alert).headline for alert in (FIRING, RESOLVED)
    ]
    assert bodies[0]["message"].strip() == in_words(FIRING).text.strip()
    assert [body["type"] for body in bodies] == ["warning", "success"]


async def test_what_one_service_took_it_is_not_sent_again_for_another(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    async with (
        http_server(path="/x") as good,
        http_server(answer(503), answer(200), path="/x") as bad,
    ):
        one = channel(good.url, bad.url)
        with pytest.raises(DeliveryError) as error:
            await one.send(letter(FIRING))
        await one.send(letter(FIRING))
    assert (len(good.bodies), len(bad.bodies)) == (1, 2)
    assert not error.value.permanent
    assert error.value.reason == "not taken by service 2 (JSON)"
    assert "hunter2" not in caplog.text


async def test_nobody_there_is_tried_again() -> None:
    async with http_server(path="/x") as gone:
        url = gone.url
    with pytest.raises(DeliveryError) as error:
        await channel(url).send(letter(FIRING))
    assert not error.value.permanent


def test_an_url_it_does_not_know_is_refused_by_number_and_not_repeated() -> None:
    with pytest.raises(RuntimeError, match="number 2 is no Apprise URL") as error:
        channel("http://127.0.0.1:9/x", "nothing://hunter2")
    assert "hunter2" not in f"{error.value!r}"
