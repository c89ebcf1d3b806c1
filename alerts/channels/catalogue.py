"""Every channel there is: a new one is its file and a line here."""

from collections.abc import Callable
from typing import Any

from alerts.channels.alertmanager import AlertmanagerChannel
from alerts.channels.email import EmailChannel
from alerts.channels.settings import Channels
from alerts.channels.slack import SlackChannel
from alerts.channels.webhook import WebhookChannel
from alerts.telling.delivery import Channel

CHANNELS: dict[str, Callable[[Any], Channel]] = {
    "slack": SlackChannel,
    "email": EmailChannel,
    "webhook": WebhookChannel,
    "alertmanager": AlertmanagerChannel,
}
"""Each takes the table of its own name in ``[channels]``."""


def channels(settings: Channels) -> list[Channel]:
    """Return the channels that are on."""
    return [CHANNELS[name](getattr(settings, name)) for name in settings.names]
