"""What the alerts room is told: rules, channels, and how hard to try.

Each class is a table of ``volcross.toml``; see `streams.settings`.
"""

from datetime import timedelta
from typing import Annotated

from pydantic import Field, model_validator

from alerts.channels.settings import Channels
from alerts.fields import Length, SecretWebAddress
from alerts.judging.rule import DEFAULT_RULE, Rule
from alerts.judging.subjects import refuse_unknown
from alerts.telling.route import Route
from alerts.telling.settings import Retry
from alerts.words.settings import Links
from streams.settings import StreamSettings, Table


class Heartbeat(Table):
    """Who notices when we are dead: healthchecks.io and the like."""

    url: SecretWebAddress | None = None
    """Asked for every so often, as long as the whole line is alive."""
    every: Length = timedelta(minutes=1)
    within: Length = timedelta(minutes=2)
    """How lately the judge must have heard from the market, and every outbox
    have passed what was in its way, for us to live."""
    tick_every: Length = timedelta(hours=1)
    """How often an empty record is sent from the judge to every outbox; it stays
    in ``alerts`` for a year."""


class AlertSettings(Table):
    """All that the alerts room is told."""

    rules: Annotated[list[Rule], Field(default_factory=lambda: [DEFAULT_RULE])]
    routes: tuple[Route, ...] = ()
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
        self._routes_lead_somewhere()
        return self

    def _routes_lead_somewhere(self) -> None:
        on = self.channels.names
        for place, route in enumerate(self.routes):
            for channel in route.channels or ():
                if channel not in on:
                    raise ValueError(
                        f"routes: {place}: channels: no [channels.{channel}]"
                    )
        for rule in self.rules:
            channels = on if rule.channels is None else rule.channels
            decides = next(
                (r for r in self.routes if r.fits(rule.name, rule.severity)), None
            )
            if decides and channels and not decides.narrowed(channels):
                raise ValueError(
                    f"routes: {self.routes.index(decides)}: channels: none of them is"
                    f" among those of the rule {rule.name}: {', '.join(channels)}"
                )

    def against(self, streams: StreamSettings) -> None:
        """Check that what the rules watch is what the streams work out.

        Raises:
            ValueError: a rule watches what nobody computes.
        """
        refuse_unknown(self.rules, streams)
