"""How the service itself stands: its feeds, what it refused, how far it has come."""

from typing import Any

from streams.events.event import Event


class FeedState(Event, frozen=True, kw_only=True):
    """How one feed stands, on ``feeds``, keyed by feed: its last word holds.

    Said when a feed comes up, every minute while it is, and at every attempt
    that fails; every minute, too, where there is no key to make one with. One of
    which no word comes, though one is due, has nobody who listens: its producer
    does not run.
    """

    feed: str
    """A connection, or an address that is asked: ``deribit``, ``cboe/NVDA``."""
    up: bool
    """Whether it gives data, or would if its market were open."""
    at: int
    """Wall clock (ns UTC) of this word."""
    since: int
    """Since when it is up, or since when it is not (ns UTC)."""
    reason: str = ""
    """Why it is down; one of few, safe as a metric label."""
    detail: str = ""
    """What exactly; it holds no key."""
    attempts: int = 0
    """How many attempts have failed since it was last well."""
    next_try: int | None = None
    """Wall clock (ns UTC) of the next attempt; None while it is up, and where
    none will help."""


class Rejected(Event, frozen=True, kw_only=True):
    """Input that could not be used, on ``rejected``, keyed by topic."""

    topic: str
    partition: int
    offset: int
    symbol: str = ""
    """Empty where the record could not even be read."""
    reason: str
    """One of a fixed set, safe as a metric label."""
    detail: str
    count: int = 1
    """Ticks refused; 1 for a record refused whole."""
    original: bytes
    """The record as it came, or one of the same type with the refused rows; of a
    venue's message that is too large for Kafka the beginning, and `detail` says so."""


class Checkpoint(Event, frozen=True, kw_only=True):
    """What an agent knew of one partition, on ``checkpoints``.

    The state is that after ``applied``. What the state leaves out on purpose
    (the rows inside a window, a leg that waits for the other) is read again
    from the input, ``base`` to ``applied``.
    """

    agent: str
    partition: int
    applied: int
    base: int
    state: dict[str, Any]
