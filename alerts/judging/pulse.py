"""When the judges last took in each thing that a rule watches, and wrote so down."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import NamedTuple
from weakref import WeakKeyDictionary


class Series(NamedTuple):
    """What a rule watches: one comparison, or where that stands in its history."""

    pair: str
    comparison: str
    by_history: bool = False

    def __str__(self) -> str:
        """Return its name for people."""
        history = " by its history" if self.by_history else ""
        return f"{self.pair} {self.comparison}{history}"


@dataclass(slots=True)
class _Heard:
    """When a judge last took in a record of each series."""

    latest: dict[Series, int] = field(default_factory=dict)
    asked: dict[Series, int] = field(default_factory=dict)
    """The same, as of when his state was last asked for."""
    written: dict[Series, int] = field(default_factory=dict)
    """The same, as of when that was written down."""


class Pulse:
    """When the judges last took in a record of each series, and had it written down.

    A judge has one partition, and what it has heard goes with it: what another
    worker took over is for that one's pulse.

    Args:
        watched: returns what has to be heard of; what nobody watches may be
            silent, as long as something is heard.
    """

    def __init__(self, watched: Callable[[], Collection[Series]]) -> None:
        self._watched = watched
        self._heard: WeakKeyDictionary[object, _Heard] = WeakKeyDictionary()

    def expect(self, judge: object, series: Series) -> None:
        """Take down that a judge knows a series from before: it is to come again."""
        self._of(judge).written.setdefault(series, 0)

    def hear(self, judge: object, series: Series, now: int) -> None:
        """Take down that a judge has a record of a series (ns, wall clock)."""
        self._of(judge).latest[series] = now

    def ask(self, judge: object) -> None:
        """Take down that a judge is asked for his state, to be written down."""
        heard = self._of(judge)
        heard.asked = dict(heard.latest)

    def written(self, judge: object) -> None:
        """Take down that it is written, and before it all that he announced."""
        heard = self._of(judge)
        heard.written |= heard.asked

    def silent(self, now: int, within_ns: int) -> list[str]:
        """Return what has not been heard of lately (ns, wall clock); none: we live."""
        watched, lately, silent = self._watched(), False, list[str]()
        for heard in self._heard.values():
            for series, at in heard.written.items():
                recent = now - at <= within_ns
                lately |= recent
                if series in watched and not recent:
                    silent.append(str(series))
        return silent if lately or silent else ["all there is"]

    def _of(self, judge: object) -> _Heard:
        return self._heard.setdefault(judge, _Heard())
