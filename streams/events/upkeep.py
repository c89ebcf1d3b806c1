"""What the agents keep: input they could not use, and how far they have come."""

from typing import Any

from streams.events.event import Event


class Rejected(Event, frozen=True, kw_only=True):
    """Input that could not be used, whole, on ``rejected``, keyed by topic."""

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
    """The record as it came, or one of the same type with the refused rows."""


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
