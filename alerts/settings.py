"""What the alerts room is told: rules, channels, and how hard to try.

Each class is a table of ``volcross.toml``; see `streams.settings`.
"""

import re
from datetime import timedelta
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, SecretStr, model_validator
from yarl import URL

from streams.settings import Duration, StreamSettings, Table

_NAME = re.compile(r"[a-z0-9][a-z0-9_.-]{0,62}")


TEST_RULE = "test"
"""The rule that `volcross notify test` speaks for; no other may have its name."""


def _name(value: str) -> str:
    if value == TEST_RULE:
        raise ValueError(f"{TEST_RULE!r} is the name of what is only a test")
    if _NAME.fullmatch(value) is None:
        raise ValueError(
            "a name is 1 to 63 lower-case letters, digits, '-', '_' or '.'"
        )
    return value


def _web_address(value: str) -> str:
    # What is wrong is said without the value: a webhook's address is its password.
    try:
        url = URL(value)
    except ValueError:
        url = URL()
    if url.scheme not in ("http", "https") or not url.host:
        raise ValueError("not a web address that starts with http:// or https://")
    return value


def _secret_web_address(value: SecretStr) -> SecretStr:
    _web_address(value.get_secret_value())
    return value


def _mailbox(value: str) -> str:
    local, at, domain = value.rpartition("@")
    if not (local and at and domain) or re.search(r"[\s,;<>]", value):
        raise ValueError("not an address such as desk@example.com")
    return value


def _not_negative(value: timedelta) -> timedelta:
    if value < timedelta(0):
        raise ValueError("must not be negative")
    return value


def _longer_than_nothing(value: timedelta) -> timedelta:
    if value <= timedelta(0):
        raise ValueError("must be longer than nothing")
    return value


Name = Annotated[str, AfterValidator(_name)]
WebAddress = Annotated[str, AfterValidator(_web_address)]
SecretWebAddress = Annotated[SecretStr, AfterValidator(_secret_web_address)]
Mailbox = Annotated[str, AfterValidator(_mailbox)]
Rate = Annotated[float, Field(gt=0, le=60_000)]
Length = Annotated[Duration, AfterValidator(_longer_than_nothing)]


class Rule(Table):
    """When a pair deserves attention; one ``[[rules]]`` of the file.

    It fires when what it watches has been beyond ``margin`` for ``for``, and
    resolves when it has been back, by more than ``hysteresis``, as long. In
    between, and while either leg is stale, nothing changes.
    """

    name: Name
    pair: str
    """``LEFT/RIGHT``, one of ``[[pairs]]``."""
    comparison: str = "implied"
    """``implied``, or an estimator and its window: ``close-to-close/30d``."""
    watch: Literal["spread", "ratio", "left", "right"] = "spread"
    """Left minus right, left over right, or one leg by itself."""
    when: Literal["above", "below"] = "above"
    """Which side of the margin deserves attention."""
    margin: Annotated[float, Field(ge=-10, le=10, allow_inf_nan=False)] = 0.0
    """In fractions: 0.01 is one vol point; of a ratio, a plain number."""
    hysteresis: Annotated[float, Field(ge=0, le=10, allow_inf_nan=False)] = 0.0
    hold: Annotated[Duration, AfterValidator(_not_negative), Field(alias="for")] = (
        timedelta(0)
    )
    """Written ``for`` in the file."""
    cooldown: Annotated[Duration, AfterValidator(_not_negative)] = timedelta(0)
    """How long after it resolved it may not fire again."""
    stale_after: Length = timedelta(hours=1)
    """How old a leg may grow, in its own market's open hours."""
    severity: Literal["info", "warning", "critical"] = "warning"
    channels: list[str] | None = None
    """Where it is told; every configured channel unless given."""


DEFAULT_RULE = Rule.model_validate(
    {
        "name": "nvda-above-btc",
        "pair": "NVDA/BTC",
        "comparison": "implied",
        "margin": 0.0,
        "hysteresis": 0.01,
        "for": "15m",
    }
)
"""The founding question: is Nvidia now more volatile than Bitcoin?"""


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


class Retry(Table):
    """How hard a delivery is tried before it goes to the dead letters."""

    first: Length = timedelta(seconds=1)
    """The wait after the first failure; it doubles, jittered, with each."""
    longest: Length = timedelta(minutes=1)
    """No wait of ours is longer; one the receiver asks for may be."""
    give_up_after: Length = timedelta(days=1)


class Links(Table):
    """Where a message points its reader."""

    dashboard: WebAddress | None = None
    runbook: WebAddress | None = None


class Heartbeat(Table):
    """Who notices when we are dead: healthchecks.io and the like."""

    url: SecretWebAddress | None = None
    """Asked for every so often, as long as the whole line is alive."""
    every: Length = timedelta(minutes=1)
    within: Length = timedelta(minutes=2)
    """How lately the judge must have heard from the market for us to live."""


class AlertSettings(Table):
    """All that the alerts room is told."""

    rules: Annotated[list[Rule], Field(default_factory=lambda: [DEFAULT_RULE])]
    channels: Channels = Channels()
    retry: Retry = Retry()
    links: Links = Links()
    heartbeat: Heartbeat = Heartbeat()

    @model_validator(mode="after")
    def _consistent(self) -> "AlertSettings":
        seen: set[str] = set()
        for rule in self.rules:
            if rule.name in seen:
                raise ValueError(f"rules: {rule.name}: the same name twice")
            seen.add(rule.name)
            for channel in rule.channels or ():
                if channel not in self.channels.names:
                    raise ValueError(
                        f"rules: {rule.name}: channels: no [channels.{channel}]"
                    )
        return self

    def against(self, streams: StreamSettings) -> None:
        """Check that what the rules watch is what the streams work out.

        Raises:
            ValueError: a rule names a pair or a comparison nobody computes.
        """
        pairs = {pair.name: pair for pair in streams.pairs}
        for rule in self.rules:
            pair = pairs.get(rule.pair)
            if pair is None:
                raise ValueError(f"rules: {rule.name}: pair: no such pair {rule.pair}")
            if rule.comparison not in pair.comparisons:
                raise ValueError(
                    f"rules: {rule.name}: comparison: {rule.comparison!r} is not among"
                    f" those of {rule.pair}: {', '.join(pair.comparisons)}"
                )
