"""Gauges that vanish when nobody speaks of them any more.

An ordinary gauge keeps its last value for as long as the process lives: a feed
that died an hour ago looks like a calm market. Here a value that nothing has
confirmed for a while is no longer shown, and the line in the chart ends.

There are many of these series (symbols times estimators times windows), so
each keeps its own line of the page as far as the value: written at every
scrape by prometheus_client, 13,000 of them take 84 ms, and 10 ms so.
"""

import time
from collections.abc import Callable, Sequence

KEPT_SECONDS = 300.0
"""As long as Prometheus itself goes on drawing a series that is gone."""


class Latest:
    """The latest value of each series, as long as it is confirmed.

    Args:
        name: of the metric.
        documentation: its HELP, one line.
        labels: the names of its labels.
        kept_seconds: how long a value stands that nobody confirms.
        clock: seconds, steadily increasing.
    """

    def __init__(
        self,
        name: str,
        documentation: str,
        labels: Sequence[str],
        *,
        kept_seconds: float = KEPT_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = name
        self._head = f"# HELP {name} {documentation}\n# TYPE {name} gauge\n"
        self._labels = tuple(labels)
        self._kept = kept_seconds
        self._clock = clock
        self._values: dict[tuple[str, ...], tuple[str, float, float]] = {}

    def set(self, labels: tuple[str, ...], value: float) -> None:
        """Show a new value."""
        known = self._values.get(labels)
        begun = known[0] if known is not None else self._begin(labels)
        self._values[labels] = (begun, float(value), self._clock())

    def confirm(self, labels: tuple[str, ...]) -> None:
        """Go on showing the value there is: its feed lives and said nothing new."""
        if (known := self._values.get(labels)) is not None:
            self._values[labels] = (*known[:2], self._clock())

    def value(self, labels: tuple[str, ...]) -> float | None:
        """Return what is shown of a series, None when it is not."""
        known = self._values.get(labels)
        if known is None or known[2] < self._clock() - self._kept:
            return None
        return known[1]

    def text(self) -> str:
        """Return its part of the page, in Prometheus' text format; forget the rest."""
        oldest = self._clock() - self._kept
        lines = [self._head]
        # A copy: scrapes come from another thread than values do.
        for labels, known in list(self._values.items()):
            begun, value, confirmed = known
            if confirmed >= oldest:
                lines.append(f"{begun}{value!r}\n")
            elif self._values.get(labels) == known:
                del self._values[labels]
        return "".join(lines)

    def _begin(self, labels: tuple[str, ...]) -> str:
        """Return a series' line as far as its value."""
        named = zip(self._labels, map(_escaped, labels), strict=True)
        said = ",".join(f'{key}="{of}"' for key, of in named)
        return f"{self.name}{{{said}}} "


SHOWN: list[Latest] = []
"""All of them that this process shows."""


def shown(latest: Latest) -> Latest:
    """Put it on this process' page, and return it.

    Raises:
        ValueError: one of that name is there already.
    """
    if any(other.name == latest.name for other in SHOWN):
        raise ValueError(f"there is a metric {latest.name} already")
    SHOWN.append(latest)
    return latest


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")
