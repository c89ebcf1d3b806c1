"""What the alerts room shows Prometheus."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from prometheus_client import Counter, Gauge, Histogram

from alerts.judge import Judge
from streams.events import Alert, SpreadReadings
from streams.stage import Out, Outcome

FIRING = Gauge("volcross_alert_firing", "1 while the rule is firing.", ["rule"])
ALERTS = Counter(
    "volcross_alerts_total", "Transitions announced, by rule.", ["rule", "state"]
)
DELIVERIES = Counter(
    "volcross_deliveries_total",
    "Transitions delivered to a channel, or given up.",
    ["channel", "outcome"],
)
RETRYING = Gauge(
    "volcross_delivery_retrying",
    "1 while the channel does not take the alert that is next.",
    ["channel"],
)
LAST_DELIVERY = Gauge(
    "volcross_delivery_last_success_timestamp_seconds",
    "When the channel last took an alert.",
    ["channel"],
)
_ATTEMPT = Histogram(
    "volcross_delivery_attempt_seconds",
    "How long the channel took to answer, whatever it answered.",
    ["channel"],
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20),
)
_FAILED = Counter(
    "volcross_delivery_attempts_failed_total",
    "Attempts the channel did not take.",
    ["channel"],
)
UNREADABLE = Counter(
    "volcross_alerts_unreadable_total",
    "Records on the alerts topic that a channel could not read.",
    ["channel"],
)


@contextmanager
def attempt(channel: str) -> Iterator[None]:
    """Time one attempt, and count it if it fails."""
    with _ATTEMPT.labels(channel).time(), _FAILED.labels(channel).count_exceptions():
        yield


def begin(channels: list[str]) -> None:
    """Show every channel from the start: what is absent cannot be alerted on."""
    for channel in channels:
        for outcome in ("delivered", "failed"):
            DELIVERIES.labels(channel, outcome)
        RETRYING.labels(channel).set(0)
        _FAILED.labels(channel)


class Shown:
    """A judge whose rules Prometheus sees firing."""

    def __init__(self, judge: Judge) -> None:
        self._judge = judge
        self.state = judge.state
        self.base = judge.base

    def apply(self, record: SpreadReadings, offset: int, now: int) -> list[Outcome]:
        """Judge, and show what came of it."""
        outcomes = self._judge.apply(record, offset, now)
        for outcome in outcomes:
            if isinstance(outcome, Out) and isinstance(outcome.event, Alert):
                ALERTS.labels(outcome.event.rule, outcome.event.state.value).inc()
        self._show()
        return outcomes

    def restore(
        self,
        state: dict[str, Any],
        records: Iterable[tuple[int, SpreadReadings]],
    ) -> None:
        """Restore the judge, and show how it stands."""
        self._judge.restore(state, records)
        self._show()

    def _show(self) -> None:
        for rule, firing in self._judge.firing.items():
            FIRING.labels(rule).set(firing)
