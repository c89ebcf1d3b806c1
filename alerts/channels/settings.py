"""Where alerts can go: each class is one ``[channels.NAME]`` of the file."""

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import Field, SecretStr, model_validator

from alerts.fields import Length, Mailbox, Rate, SecretWebAddress
from streams.settings import Table


class Slack(Table):
    """An incoming webhook of Slack's."""

    webhook_url: SecretWebAddress
    timeout: Length = timedelta(seconds=10)
    per_minute: Rate = 60
    """Slack's own limit is one message a second."""


class Email(Table):
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
    timeout: Length = timedelta(seconds=20)
    per_minute: Rate = 30

    @model_validator(mode="after")
    def _credentials(self) -> "Email":
        if (self.username is None) != (self.password is None):
            raise ValueError("username and password go together")
        if self.username is not None and self.security == "none":
            raise ValueError("security = 'none' would send the password in the clear")
        return self


class Webhook(Table):
    """Any HTTP endpoint; the body is signed when a secret is given."""

    url: SecretWebAddress
    secret: SecretStr | None = None
    timeout: Length = timedelta(seconds=10)
    per_minute: Rate = 600


class Alertmanager(Table):
    """A Prometheus Alertmanager, which has routes and silences of its own."""

    url: SecretWebAddress
    """Of its root, as its own ``--web.external-url`` has it."""
    resend_every: Length = timedelta(minutes=1)
    timeout: Length = timedelta(seconds=10)
    per_minute: Rate = 600


class Channels(Table):
    """Where alerts can go; a table that is absent is a channel that is off."""

    slack: Slack | None = None
    email: Email | None = None
    webhook: Webhook | None = None
    alertmanager: Alertmanager | None = None

    @property
    def names(self) -> list[str]:
        """The channels that are on."""
        return [name for name in type(self).model_fields if getattr(self, name)]
