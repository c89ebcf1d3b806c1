"""The contract of every agent's work: records in, records out, nothing else.

A stage is one agent's work on one partition. It does no I/O and reads no
clock, so what it gives depends only on what it was given; `streams.agents.agent`
wraps it so that this holds through crashes, restarts and rebalances as well.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple, Protocol, TypeVar

from streams.events import Event
from streams.topics import Topic

T_contra = TypeVar("T_contra", bound=Event, contravariant=True)


class Out(NamedTuple):
    """A record to send."""

    topic: Topic
    key: str
    event: Event


class Refused(NamedTuple):
    """Input that was not used; it goes to ``rejected``, counted by reason."""

    reason: str
    detail: str
    symbol: str
    ticks: int
    original: bytes


class Gap(NamedTuple):
    """Event time that no record covered: the producer was away."""

    series: str
    start: int
    end: int


Outcome = Out | Refused | Gap


class Stage(Protocol[T_contra]):
    """One agent's work on one partition."""

    def apply(self, record: T_contra, offset: int, now: int) -> list[Outcome]:
        """Take one record in and return what follows from it.

        Args:
            record: the next record of the partition.
            offset: its place in the partition; strictly increasing.
            now: the wall clock (ns UTC), by which alone a future is far.
        """

    def state(self) -> dict[str, Any]:
        """Return what `restore` needs, as JSON-able values, and small."""

    def base(self) -> int | None:
        """Return the oldest offset `restore` must read again; None: none."""

    def restore(
        self, state: dict[str, Any], records: Iterable[tuple[int, T_contra]]
    ) -> None:
        """Become, from new, what the stage was when it gave `state`.

        Args:
            state: what `state` returned.
            records: the partition again, from `base` to the last one applied.
        """
