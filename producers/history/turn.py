"""Whose turn it is to speak of one thing: its history, or its live word. Pure."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from producers.source import SECOND, Heard

NEWS_NS = 3600 * SECOND
"""What is younger than this when it is remembered is still news."""

GAP_NS = SECOND
"""A shorter gap is not worth a question."""


@dataclass(slots=True)
class Turn:
    """One thing, of which the past has to be told before the present.

    Whoever reads a topic knows one watermark for each thing: what comes after
    it cannot come before it any more. So the live word waits for the history,
    and goes on where that ends. It waits only where its own word does not join
    on to what was told last: at its beginning, and after a gap.

    Attributes:
        told: before when all is said (ns UTC); None where nothing is.
        past: whether the history has its turn.
    """

    told: int | None = None
    past: bool = True
    kept: deque[Heard] = field(default_factory=deque)
    """What was heard live meanwhile."""
    kept_ticks: int = 0
    exact: bool = True
    """Whether the shortest gap is worth a question: what was told last was told by
    a history, or before we began."""

    def hear(self, heard: Heard) -> Iterator[Heard]:
        """Yield what may be told at once of what a live source says."""
        if not self.past and self._breaks_off(heard):
            self.past = True
        if self.past:
            self.kept.append(heard)
            self.kept_ticks += len(heard.at)
            return
        self._tell(heard.end)
        self.exact = False
        yield heard

    def remember(self, heard: Heard, now: int) -> Iterator[Heard]:
        """Yield what a history says, as history and as news.

        Args:
            heard: with both its ends vouched for.
            now: the wall clock (ns UTC).
        """
        assert heard.since is not None  # noqa: S101 - a chapter has a beginning
        start, end, news = heard.since, heard.end, now - NEWS_NS
        past = replace(heard, series=replace(heard.series, history=True))
        if end <= news:
            yield past
        elif start >= news:
            yield heard
        else:
            yield past.within(start, news)
            yield heard.within(news, end)
        self._tell(end)
        self.exact = True

    def release(self) -> Iterator[Heard]:
        """Yield what was kept and is not told yet; then the present has its turn."""
        while self.kept:
            heard = self.kept.popleft()
            self.kept_ticks -= len(heard.at)
            fresh = heard.after(self.told)
            if fresh is not None:
                self._tell(fresh.end)
                yield fresh
        self.past = False

    @property
    def begins(self) -> int | None:
        """Where the live word that is kept begins; None where there is none."""
        return _begin(self.kept[0]) if self.kept else None

    @property
    def joined(self) -> bool:
        """Whether the live word, if there is any, joins on to what is told."""
        return self.begins is None or self._gap(self.begins) <= 0

    def _breaks_off(self, heard: Heard) -> bool:
        least = 0 if self.exact else GAP_NS
        return heard.since is not None and self._gap(heard.since) > least

    def _gap(self, begin: int) -> float:
        return float("inf") if self.told is None else begin - self.told

    def _tell(self, end: int) -> None:
        self.told = max(end, self.told or end)


def _begin(heard: Heard) -> int:
    if heard.since is not None:
        return heard.since
    return int(heard.at.min()) if len(heard.at) else heard.end
