"""A judge whose rules Prometheus sees firing."""

from collections.abc import Iterable
from typing import Any

from alerts import metrics
from alerts.heartbeat import Pulse
from alerts.judging.judge import Judge
from streams.agents.stage import Out, Outcome
from streams.events import Alert, SpreadReadings


class Shown:
    """The stage that is wrapped: it judges, and shows what came of it."""

    def __init__(self, judge: Judge, pulse: Pulse) -> None:
        self._judge = judge
        self._pulse = pulse
        self.state = judge.state
        self.base = judge.base

    def apply(self, record: SpreadReadings, offset: int, now: int) -> list[Outcome]:
        """Judge, and show what came of it."""
        outcomes = self._judge.apply(record, offset, now)
        self._pulse.at = now
        for outcome in outcomes:
            if isinstance(outcome, Out) and isinstance(outcome.event, Alert):
                metrics.ALERTS.labels(
                    outcome.event.rule, outcome.event.state.value
                ).inc()
                late = (now - outcome.event.event_time) / 1e9
                metrics.ALERT_SECONDS.observe(max(0.0, late))
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
            metrics.FIRING.set((rule,), firing)
