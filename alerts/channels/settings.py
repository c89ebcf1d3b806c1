"""Where alerts can go: each class is one ``[channels.NAME]`` of the file."""

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import Field, SecretStr, model_validator

from alerts.fields import Length, Mailbox, Rate, SecretWebAddress, WebAddress
from alerts.words.settings import Speech
from streams.settings import Table


class Slack(Speech):
    """Slack, by an incoming webhook or as a bot; the bot keeps threads."""

    webhook_url: SecretWebAddress | None = None
    token: SecretStr | None = None
    """Of a bot with ``chat:write`` and, for pictures, ``files:write``: ``xoxb-…``."""
    channel: str | None = None
    """Where the bot writes: an id such as ``C0123456789``, or a name."""
    api_url: WebAddress = "https://slack.com/api"
    """GovSlack's is ``https://slack-gov.com/api``."""
    picture: bool = True
    """Whether the bot sends the lines behind an alert into its thread."""
    timeout: Length = timedelta(seconds=10)
    per_minute: Rate = 60
    """Slack's own limit is one message a second."""

    @model_validator(mode="after")
    def _one_way(self) -> "Slack":
        if (self.webhook_url is None) == (self.token is None):
            raise ValueError(
                "set either webhook_url or token: one of"
                " VOLCROSS_CHANNELS__SLACK__WEBHOOK_URL and"
                " VOLCROSS_CHANNELS__SLACK__TOKEN"
            )
        if (self.token is None) != (self.channel is None):
            raise ValueError("token and channel go together")
        return self


class Email(Speech):
    """A mail server that takes our mail."""

    host: str
    port: Annotated[int, Field(ge=1, le=65535)] = 587
    security: Literal["starttls", "tls", "none"] = "starttls"
    ca_file: str | None = None
    """Certificates to trust besides the system's."""
    username: str | None = None
    password: SecretStr | None = None
    sender: Annotated[Mailbox, Field(alias="from")]
    """Written ``from`` in the file."""
    to: Annotated[list[Mailbox], Field(min_length=1)]
    picture: bool = True
    """Whether the lines behind an alert are shown in it."""
    timeout: Length = timedelta(seconds=20)
    per_minute: Rate = 30

    @model_validator(mode="after")
    def _credentials(self) -> "Email":
        if (self.username is None) != (self.password is None):
            raise ValueError("username and password go together")
        if self.username is not None and self.security == "none":
            raise ValueError("security = 'none' would send the password in the clear")
        return self


class Webhook(Speech):
    """Any HTTP endpoint; the body is signed when a secret is given."""

    url: SecretWebAddress
    secret: SecretStr | None = None
    timeout: Length = timedelta(seconds=10)
    per_minute: Rate = 600


class Alertmanager(Speech):
    """A Prometheus Alertmanager, which has routes and silences of its own."""

    url: SecretWebAddress
    """Of its root, as its own ``--web.external-url`` has it."""
    resend_every: Length = timedelta(minutes=1)
    timeout: Length = timedelta(seconds=10)
    per_minute: Rate = 600


class Apprise(Speech):
    """The services that Apprise speaks to; needs ``volcross[apprise]``."""

    urls: Annotated[list[SecretStr], Field(min_length=1)]
    """As Apprise writes them, https://appriseit.com/services/."""
    timeout: Length = timedelta(seconds=30)
    per_minute: Rate = 60


class Console(Speech):
    """The standard output of `volcross alert`."""

    form: Literal["line", "json"] = "line"
    per_minute: Rate = 6000


class Channels(Table):
    """Where alerts can go; a table that is absent is a channel that is off."""

    slack: Slack | None = None
    email: Email | None = None
    webhook: Webhook | None = None
    alertmanager: Alertmanager | None = None
    apprise: Apprise | None = None
    console: Console | None = None

    @property
    def names(self) -> list[str]:
        """The channels that are on."""
        return [name for name in type(self).model_fields if getattr(self, name)]
