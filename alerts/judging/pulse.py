"""When the judges last heard of each thing that a rule watches."""

from collections.abc import Callable, Collection
from typing import NamedTuple
from weakref import WeakKeyDictionary


class Series(NamedTuple):
    """What a rule watches: one comparison, or where that stands in its history."""

    pair: str
    comparison: str
    by_history: bool = False


class Pulse:
    """When the judges last took in a record of each series.

    A judge has one partition, and what it has heard goes with it: what another
    worker took over is for that one's pulse.

    Args:
        watched: returns what has to be heard of; what nobody watches may be
            silent, as long as something is heard.
    """

    def __init__(self, watched: Callable[[], Collection[Series]]) -> None:
        self._watched = watched
        self._heard: WeakKeyDictionary[object, dict[Series, int]] = WeakKeyDictionary()

    def hear(self, judge: object, series: Series, now: int) -> None:
        """Take down that a judge has a record of a series (ns, wall clock)."""
        self._heard.setdefault(judge, {})[series] = now

    def beats(self, now: int, within_ns: int) -> bool:
        """Return whether the last records are recent enough (ns, wall clock)."""
        lately, watched = False, self._watched()
        for heard in self._heard.values():
            for series, at in heard.items():
                recent = now - at <= within_ns
                if series in watched and not recent:
                    return False
                lately |= recent
        return lately
