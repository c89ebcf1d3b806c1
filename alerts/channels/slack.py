"""Slack, by an incoming webhook.

Answers: https://api.slack.com/messaging/webhooks#handling_errors
"""

import msgspec

from alerts.channels.endpoint import Endpoint
from alerts.channels.settings import Slack
from alerts.channels.slack_blocks import payload
from alerts.telling.letter import Letter

_JSON = {"Content-Type": "application/json; charset=utf-8"}


class SlackChannel:
    """Posts one message an alert, with a bar in the colour of its state."""

    name = "slack"
    bundles = True

    def __init__(self, settings: Slack) -> None:
        if settings.webhook_url is None:
            raise ValueError("no webhook_url is set")
        self.per_minute = settings.per_minute
        self._endpoint = Endpoint(
            settings.webhook_url.get_secret_value(), settings.timeout.total_seconds()
        )

    async def send(self, letter: Letter) -> str:
        """Post it; see `alerts.telling.delivery.Channel`."""
        await self._endpoint.post(msgspec.json.encode(payload(letter.message)), _JSON)
        return ""

    async def close(self) -> None:
        """Let go of the connection."""
        await self._endpoint.close()
