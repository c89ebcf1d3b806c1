import json
from email.message import EmailMessage
from pathlib import Path

import aiohttp
import aiosmtplib
import pytest

from volcross.demo.block_kit import refusal
from volcross.demo.receivers import Receivers

SECTION = {"type": "section", "text": {"type": "mrkdwn", "text": "*hello*"}}


@pytest.mark.parametrize(
    ("payload", "answer"),
    [
        ({"text": "hello"}, None),
        ({"blocks": [SECTION]}, None),
        ({"attachments": [{"color": "#fff", "blocks": [SECTION]}]}, None),
        ({}, "no_text"),
        ({"text": ""}, "no_text"),
        ("hello", "invalid_payload"),
        ({"blocks": [{"type": "sektion"}]}, "invalid_blocks"),
        ({"blocks": [{"type": "section"}]}, "invalid_blocks"),
        ({"blocks": [SECTION] * 51}, "invalid_blocks"),
        (
            {"blocks": [{**SECTION, "text": {"type": "mrkdwn", "text": "x" * 3001}}]},
            "invalid_blocks",
        ),
        ({"attachments": ["hello"]}, "invalid_attachments"),
    ],
)
def test_it_takes_and_refuses_what_slack_does(
    payload: object, answer: str | None
) -> None:
    assert refusal(payload) == answer


async def test_it_keeps_what_it_takes(tmp_path: Path) -> None:
    receivers = Receivers(tmp_path)
    await receivers.start()
    try:
        async with aiohttp.ClientSession() as session:
            async with session.post(receivers.slack_url, json={"text": "hé"}) as taken:
                assert (taken.status, await taken.text()) == (200, "ok")
            async with session.post(receivers.slack_url, data=b"{") as refused:
                assert (refused.status, await refused.text()) == (
                    400,
                    "invalid_payload",
                )
        mail = EmailMessage()
        mail["From"], mail["To"], mail["Subject"] = (
            "a@example.com",
            "b@example.com",
            "σ",
        )
        mail.set_content("hello")
        await aiosmtplib.send(mail, hostname="127.0.0.1", port=receivers.smtp_port)
    finally:
        await receivers.stop()
    assert receivers.slack == [{"text": "hé"}]
    assert json.loads((tmp_path / "slack/001.json").read_text()) == {"text": "hé"}
    assert receivers.mail[0]["Subject"] == "σ"
    assert b"hello" in (tmp_path / "mail/001.eml").read_bytes()
