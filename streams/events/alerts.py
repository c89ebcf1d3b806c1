"""What people are told: alerts, what became of each, and who wants silence."""

from enum import StrEnum

import msgspec

from streams.events.event import Event
from streams.events.readings import LegName


class AlertState(StrEnum):
    """What an alert record announces about its rule."""

    FIRING = "firing"
    UPDATED = "updated"
    """It is still firing: what it has come to since, for who asked to be reminded."""
    RESOLVED = "resolved"
    UNKNOWN = "unknown"
    """A leg is missing or stale: neither breach nor all-clear can be said."""
    KNOWN = "known"
    """What was unknown is known again: the incident, if any, stands as it stood."""


class LegValue(msgspec.Struct, frozen=True, kw_only=True):
    """One leg as it stood at a transition."""

    name: LegName
    value: float
    at: int
    """When this value was made public (ns UTC); 0: the leg has never spoken, and the
    value is none."""
    market_open: bool
    """Whether the leg's own market was open at the transition."""


class Alert(Event, frozen=True, kw_only=True):
    """A rule changed state, on ``alerts``, keyed by rule.

    ``id`` names the incident: a digest of the rule and of the ``since`` with
    which it began, so that every retelling of one incident, by whichever
    process and after whichever crash, carries the same id. ``(id, state)``
    names the transition. A stretch in which nothing is known, and an update,
    has an id of its own, made the same way of its own instant, and tells by
    ``began`` in which incident it lies.
    """

    id: str
    rule: str
    severity: str
    pair: str
    comparison: str
    state: AlertState
    event_time: int
    """When the condition had held for the rule's ``for`` (ns UTC)."""
    since: int
    """When the condition began to hold (ns UTC); of an update, ``began``; 0 of an
    unknown that was never otherwise."""
    left: LegValue
    right: LegValue
    spread: float
    reason: str
    channels: list[str]
    """The channels this rule is routed to."""
    began: int | None = None
    """The ``since`` of the incident's firing; None for an unknown outside one."""
    peak: float | None = None
    """The furthest that what is watched has gone in the incident so far."""
    peak_at: int | None = None
    watch: str = "spread"
    """What the rule holds against its margin: spread, ratio, left, right; by their
    history z-score, left-rank, left-percentile, right-rank, right-percentile."""
    when: str = "above"
    """Where the breach is: above or below the margin, outside it (further from zero),
    or, of what crosses it, on the other side than before."""
    margin: float = 0.0
    value: float | None = None
    """What is watched, in its own unit, at ``event_time``; None where nothing can be
    said of it: a leg is unknown, or the rule was withdrawn while it fired."""


class Outcome(StrEnum):
    """How a delivery ended, or what it waits for."""

    DELIVERED = "delivered"
    FAILED = "failed"
    """Given up: the dead letter, with its reason."""
    SILENCED = "silenced"
    """Not sent, because somebody asked for silence."""
    HELD = "held"
    """Kept until the quiet hours of its route end, and told then."""
    DUE = "due"
    """A dead letter that somebody wants sent again."""


class Delivery(Event, frozen=True, kw_only=True):
    """What became of one transition on one channel, on ``deliveries``."""

    channel: str
    alert_id: str
    rule: str
    state: AlertState
    outcome: Outcome
    attempts: int
    reason: str = ""
    at: int
    """Wall clock (ns UTC) at the receiver's answer."""
    receipt: str = ""
    """What the receiver calls the message, where it says so: of Slack, channel/ts."""


class Silence(Event, frozen=True, kw_only=True):
    """Somebody does not want to be told for a while, on ``silences``, by id.

    The last record of an id is what holds; one that has ended stays known.
    """

    id: str
    rule: str
    """The rules it covers: a name, or a pattern such as ``nvda-*``."""
    author: str
    comment: str
    start: int
    """Wall clock (ns UTC), as is `end`: silence is for people, not for data."""
    end: int
