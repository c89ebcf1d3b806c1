"""A judge who goes by the rulebook, and whose rules Prometheus sees firing."""

from collections.abc import Callable, Iterable
from typing import Any

from alerts import metrics
from alerts.judging.pulse import Pulse, Series
from alerts.judging.rulebook import Rulebook
from alerts.judging.timeline import Rows
from alerts.judging.told import LastWords
from streams.agents.stage import Out, Outcome
from streams.events import Alert


class Shown:
    """The stage that is wrapped: it judges, and shows what came of it.

    Args:
        book: the rules.
        pulse: told of every record.
        words: returns what has been told of the rules.
        by_history: whether it judges by context, not by spreads.
    """

    def __init__(
        self,
        book: Rulebook,
        pulse: Pulse | None = None,
        words: Callable[[], LastWords] = dict,
        *,
        by_history: bool = False,
    ) -> None:
        self._book = book
        self._edition = book.edition
        self._words = words
        self._known_words = words()
        self._judge = book.judge(self._known_words)
        self._pulse = pulse or Pulse(book.watched)
        self._by_history = by_history
        self._shown = dict[tuple[str, str], bool]()
        """What Prometheus was last shown, by rule and pair."""
        self.base = self._judge.base

    def apply(self, record: Rows, offset: int, now: int) -> list[Outcome]:
        """Judge by the rules that are in force now, and show what came of it."""
        if self._edition != self._book.edition:
            self._edition = self._book.edition
            self._book.instruct(self._judge)
        if (words := self._words()) is not self._known_words:
            self._known_words = words
            self._judge.hear_of(words)
        outcomes = self._judge.apply(record, offset, now)
        series = Series(record.pair, record.comparison, self._by_history)
        self._pulse.hear(self, series, now)
        for outcome in outcomes:
            if isinstance(outcome, Out) and isinstance(outcome.event, Alert):
                metrics.ALERTS.labels(
                    outcome.event.rule, outcome.event.state.value
                ).inc()
                late = (now - outcome.event.event_time) / 1e9
                metrics.ALERT_SECONDS.observe(max(0.0, late))
        self._show()
        return outcomes

    def state(self) -> dict[str, Any]:
        """Return the judge's, to be written down."""
        self._pulse.ask(self)
        return self._judge.state()

    def restore(
        self, state: dict[str, Any], records: Iterable[tuple[int, Rows]]
    ) -> None:
        """Restore the judge, and show how it stands."""
        self._judge.restore(state, records)
        for pair, comparison in self._judge.known:
            self._pulse.expect(self, Series(pair, comparison, self._by_history))
        self._show()

    def _show(self) -> None:
        standing = self._judge.firing
        firing = {
            (rule.name, rule.pair): standing[rule.name]
            for rule in self._book.rules
            if rule.name in standing
        }
        for labels in self._shown | firing:
            metrics.FIRING.set(labels, firing.get(labels, 0))
        self._shown = firing
        self._book.judged(standing)
