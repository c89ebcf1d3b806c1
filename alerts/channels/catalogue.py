"""Every channel there is: a new one is its file and a line here."""

from collections.abc import Callable
from typing import Any

from alerts.channels.alertmanager import AlertmanagerChannel
from alerts.channels.apprise import AppriseChannel
from alerts.channels.console import ConsoleChannel
from alerts.channels.email import EmailChannel
from alerts.channels.settings import Channels, Slack
from alerts.channels.slack import SlackChannel
from alerts.channels.slack_bot import SlackBot
from alerts.channels.webhook import WebhookChannel
from alerts.telling.delivery import Channel


def _slack(settings: Slack) -> Channel:
    return SlackChannel(settings) if settings.token is None else SlackBot(settings)


CHANNELS: dict[str, Callable[[Any], Channel]] = {
    "slack": _slack,
    "email": EmailChannel,
    "webhook": WebhookChannel,
    "alertmanager": AlertmanagerChannel,
    "apprise": AppriseChannel,
    "console": ConsoleChannel,
}
"""Each takes the table of its own name in ``[channels]``."""


def channels(settings: Channels) -> list[Channel]:
    """Return the channels that are on."""
    return [CHANNELS[name](getattr(settings, name)) for name in settings.names]
