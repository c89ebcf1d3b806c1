"""Several sources of the same thing, of which the best that speaks is believed."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence

from producers.choosing.chain_preference import ChainPreference
from producers.choosing.preference import Preference
from producers.source import SECOND, Heard, Said, Series, Source
from streams.events import ChainSnapshot, FeedState

_PULSE_SECONDS = 0.5


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
                for task in tasks:
                    if task.done():
                        task.result()  # a bug in one is nobody else's silence
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
