"""Several sources of the same thing, of which the best that speaks is believed."""

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass, field

import structlog

from producers.chain_preference import ChainPreference
from producers.source import SECOND, Heard, Said, Series, Source
from streams.events import ChainSnapshot, FeedState

log = structlog.get_logger(__name__)

_PULSE_SECONDS = 0.5


@dataclass(slots=True)
class _Voice:
    """One source of one thing."""

    heard_at: int = 0
    """When it last said anything (ns UTC); its quiet, vouched for, counts."""
    steady_since: int = 0
    """Since when it has not been silent for longer than patience allows."""
    kept: deque[Heard] = field(default_factory=deque)
    """What it said lately while another was believed."""


@dataclass(slots=True)
class Preference:
    """Chooses, for one thing, whose word goes on: pure, the clock an argument.

    Attributes:
        name: of the thing, for the log.
        voices: how many sources there are; the first is the best.
        patience: ns the one believed may say nothing, not even that it is quiet.
        settle: ns a better one has to speak steadily before it is believed again.
    """

    name: str
    voices: int
    patience: int
    settle: int
    active: int | None = None
    _voices: list[_Voice] = field(init=False)
    _told: int | None = None
    """Until when the topic has been told (ns UTC)."""

    def __post_init__(self) -> None:
        self._voices = [_Voice() for _ in range(self.voices)]

    def hear(self, rank: int, heard: Heard, now: int) -> Iterator[Heard]:
        """Yield what goes on when the source of that rank says something."""
        voice = self._voices[rank]
        if now - voice.heard_at > self.patience:
            voice.steady_since = now
        voice.heard_at = now
        if self.active is None or rank == self.active:
            self.active = rank
            yield self._tell(heard)
            return
        voice.kept.append(heard)
        self._forget(voice)
        if rank < self.active and now - voice.steady_since >= self.settle:
            yield from self._believe(rank)

    def look(self, now: int) -> Iterator[Heard]:
        """Yield what goes on if the one believed has fallen silent."""
        if self.active is None or self._speaks(self.active, now):
            return
        for rank in range(self.voices):
            if self._speaks(rank, now):
                yield from self._believe(rank)
                return

    def _speaks(self, rank: int, now: int) -> bool:
        voice = self._voices[rank]
        return voice.heard_at > 0 and now - voice.heard_at <= self.patience

    def _believe(self, rank: int) -> Iterator[Heard]:
        log.warning("another source takes over", of=self.name, rank=rank)
        self.active = rank
        voice = self._voices[rank]
        for heard in voice.kept:
            # It has listened all along.
            fresh = heard.after(self._told)
            if fresh is not None:
                yield self._tell(fresh)
        voice.kept.clear()

    def _tell(self, heard: Heard) -> Heard:
        self._told = max(self._told or 0, heard.end)
        return heard

    def _forget(self, voice: _Voice) -> None:
        # What the topic has been told already is not needed at a takeover.
        while voice.kept and voice.kept[0].end <= (self._told or 0):
            voice.kept.popleft()


class Failover:
    """Sources in order of preference, as one source.

    All of them are listened to all the time, so that the next can take over
    from the very instant at which the one before fell silent. Each record says
    who spoke. What was unusable, and how feeds stand, passes whoever says it.

    Args:
        sources: the best first.
        patience: seconds of silence before the next takes over.
        settle: seconds a better one must speak before it is believed again.
        now: wall clock (ns UTC).
    """

    def __init__(
        self,
        sources: Sequence[Source],
        *,
        patience: float,
        settle: float,
        now: Callable[[], int] = time.time_ns,
    ) -> None:
        self.sources = sources
        self._patience = round(patience * SECOND)
        self._settle = round(settle * SECOND)
        self._now = now
        self._choices: dict[tuple[str, str | None], Preference] = {}
        self._chains = ChainPreference()

    async def __aiter__(self) -> AsyncIterator[Said]:
        """Listen to all, until all have ended."""
        queue: asyncio.Queue[tuple[int, Said]] = asyncio.Queue(64)

        async def pump(rank: int, source: Source) -> None:
            async for said in source:
                await queue.put((rank, said))

        tasks = [
            asyncio.create_task(pump(rank, source))
            for rank, source in enumerate(self.sources)
        ]
        try:
            while not (all(task.done() for task in tasks) and queue.empty()):
                with contextlib.suppress(TimeoutError):
                    rank, said = await asyncio.wait_for(queue.get(), _PULSE_SECONDS)
                    for each in self._chosen(rank, said):
                        yield each
                for choice in self._choices.values():
                    for each in choice.look(self._now()):
                        yield each
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def _chosen(self, rank: int, said: Said) -> Iterator[Said]:
        if isinstance(said, FeedState):
            self._chains.note(rank, said)
        if not isinstance(said, Heard):
            if not isinstance(said, ChainSnapshot) or self._chains.passes(rank, said):
                yield said
            return
        choice = self._choices.get(said.series.meaning)
        if choice is None:
            choice = self._choices[said.series.meaning] = Preference(
                _name(said.series), len(self.sources), self._patience, self._settle
            )
        yield from choice.hear(rank, said, self._now())


def _name(series: Series) -> str:
    return (
        series.symbol if series.measure is None else " ".join(map(str, series.meaning))
    )
