"""A venue for which there is no key: its feeds say so, and nobody is asked."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field

import structlog

from producers.listening.standing import REPEAT_SECONDS, Standing
from producers.source import Said

log = structlog.get_logger(__name__)


def wanted(name: str, unset: Sequence[str]) -> str:
    """Return what a person has to set, by its names in the environment.

    Args:
        name: of the source; ``__`` leads on to one within it.
        unset: the settings it lacks.
    """
    variables = (f"VOLCROSS_SOURCES__{name}__{setting}".upper() for setting in unset)
    return f"set {' and '.join(variables)}"


@dataclass(slots=True)
class Locked:
    """A venue that would not know us.

    It is asked again when its producer is started again, with a key: to try
    without one would only teach the venue to refuse us.

    Attributes:
        feeds: what it would listen to.
        detail: what is missing.
        now: wall clock (ns UTC).
        sleep: how to wait.
    """

    feeds: Sequence[str]
    detail: str
    now: Callable[[], int] = time.time_ns
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    _standings: list[Standing] = field(init=False)

    def __post_init__(self) -> None:
        self._standings = [Standing(feed) for feed in self.feeds]
        # At once, and not only when a broker is there to be told.
        log.warning("no key, nobody is asked", feeds=self.feeds, detail=self.detail)

    async def __aiter__(self) -> AsyncIterator[Said]:
        """Say so for ever: whoever does not repeat himself passes for dead."""
        while True:
            for standing in self._standings:
                yield standing.locked(self.detail, self.now())
            await self.sleep(REPEAT_SECONDS)
