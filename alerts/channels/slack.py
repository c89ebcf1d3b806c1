"""Slack, by an incoming webhook.

Answers: https://api.slack.com/messaging/webhooks#handling_errors
"""

from typing import Any

import msgspec

from alerts.channels.endpoint import Endpoint
from alerts.channels.settings import Slack
from alerts.telling.message import Message
from streams.events import Alert

_LONGEST = 3000
"""Characters of a text block, of which Slack refuses one more."""
_JSON = {"Content-Type": "application/json; charset=utf-8"}


class SlackChannel:
    """Posts one message an alert, with a bar in the colour of its state."""

    name = "slack"
    bundles = True

    def __init__(self, settings: Slack) -> None:
        self.per_minute = settings.per_minute
        self._endpoint = Endpoint(
            settings.webhook_url.get_secret_value(), settings.timeout.total_seconds()
        )

    async def send(self, alert: Alert, message: Message) -> None:  # noqa: ARG002 - the words say all
        """Post it; see `alerts.telling.delivery.Channel`."""
        await self._endpoint.post(msgspec.json.encode(payload(message)), _JSON)

    async def close(self) -> None:
        """Let go of the connection."""
        await self._endpoint.close()


def payload(message: Message) -> dict[str, Any]:
    """Return the message in Block Kit, https://api.slack.com/block-kit."""
    fields = [
        f"*{_escaped(leg.name)}*\n{leg.value}\n_{_escaped(leg.standing)}_"
        for leg in message.legs
    ]
    facts = "\n".join(
        f"*{_escaped(name)}:* {_escaped(value)}" for name, value in message.facts
    )
    blocks: list[dict[str, Any]] = []
    if fields:
        blocks.append({"type": "section", "fields": [*map(_mrkdwn, fields)]})
    blocks.append({"type": "section", "text": _mrkdwn(facts)})
    small = [_escaped(note) for note in message.notes]
    small.append(
        "  ·  ".join(
            [
                _escaped(message.label),
                *(f"<{url}|{_escaped(name)}>" for name, url in message.links),
            ]
        )
    )
    blocks.append({"type": "context", "elements": [_mrkdwn("\n".join(small))]})
    return {
        "text": f"*{_escaped(message.headline)}*",
        "attachments": [{"color": message.colour, "blocks": blocks}],
    }


def _mrkdwn(text: str) -> dict[str, str]:
    if len(text) > _LONGEST:
        text = f"{text[: _LONGEST - 1]}…"
    return {"type": "mrkdwn", "text": text}


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
