"""Gauges that vanish when nobody speaks of them any more.

An ordinary gauge keeps its last value for as long as the process lives: a feed
that died an hour ago looks like a calm market. Here a value that nothing has
confirmed for a while is no longer shown, and the line in the chart ends.
"""

import time
from collections.abc import Callable, Iterator, Sequence

from prometheus_client import REGISTRY
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector, CollectorRegistry

KEPT_SECONDS = 300.0
"""As long as Prometheus itself goes on drawing a series that is gone."""


class Latest(Collector):
    """The latest value of each series, as long as it is confirmed.

    Args:
        name: of the metric.
        documentation: its HELP.
        labels: the names of its labels.
        registry: where it is collected.
        clock: seconds, steadily increasing.
    """

    def __init__(
        self,
        name: str,
        documentation: str,
        labels: Sequence[str],
        *,
        registry: CollectorRegistry = REGISTRY,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._family = (name, documentation)
        self._labels = tuple(labels)
        self._clock = clock
        self._values: dict[tuple[str, ...], tuple[float, float]] = {}
        registry.register(self)

    def set(self, labels: tuple[str, ...], value: float) -> None:
        """Show a new value."""
        self._values[labels] = (value, self._clock())

    def confirm(self, labels: tuple[str, ...]) -> None:
        """Go on showing the value there is: its feed lives and said nothing new."""
        if (known := self._values.get(labels)) is not None:
            self._values[labels] = (known[0], self._clock())

    def describe(self) -> Iterator[GaugeMetricFamily]:
        """Say what is collected without collecting it."""
        yield GaugeMetricFamily(*self._family, labels=self._labels)

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Return what was confirmed lately, and forget the rest."""
        family = GaugeMetricFamily(*self._family, labels=self._labels)
        oldest = self._clock() - KEPT_SECONDS
        # A copy: scrapes come from another thread than values do.
        for labels, (value, confirmed) in list(self._values.items()):
            if confirmed >= oldest:
                family.add_metric(labels, value)
            elif self._values.get(labels) == (value, confirmed):
                del self._values[labels]
        yield family
