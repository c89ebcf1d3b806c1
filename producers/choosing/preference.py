"""Whose word on one series to believe, where several sources have one: pure."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

import structlog

from producers.source import Heard

log = structlog.get_logger(__name__)


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
