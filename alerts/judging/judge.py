"""The judge: spreads in, alerts out. One stage a partition of ``spreads``."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

import msgspec
import numpy as np

from alerts.judging.incidents import Memory, Transition, follow, interrupted
from alerts.judging.rule import Rule
from alerts.judging.standing import condition
from alerts.judging.timeline import Clocks, Row, Timeline
from alerts.telling.wording import length
from streams.agents.stage import Gap, Out, Outcome
from streams.coverage import Coverage
from streams.events import Alert, AlertState, LegName, LegValue, SpreadReadings
from streams.topics import ALERTS
from streams.volatility.market_time import MarketClock

Series = tuple[str, str]
"""A pair and what is compared of it."""


class Known(msgspec.Struct):
    """How far one series is known, and how it stood there."""

    watermark: int | None = None
    row: Row | None = None


class _State(msgspec.Struct):
    series: dict[str, Known]
    rules: dict[str, Memory]


class Judge:
    """Holds every rule against the spreads of one partition.

    Args:
        rules: the rules, in the order in which they are judged.
        channels: where a rule is told that does not say.
        clocks: the market time of each symbol.
    """

    def __init__(
        self,
        rules: Iterable[Rule],
        channels: list[str],
        clocks: Mapping[str, MarketClock],
    ) -> None:
        self._rules: dict[Series, list[Rule]] = defaultdict(list)
        for rule in rules:
            self._rules[rule.pair, rule.comparison].append(rule)
        self._channels = channels
        self._clocks = clocks
        self._state = _State(series={}, rules={})

    @property
    def firing(self) -> dict[str, bool]:
        """Whether each rule that has been judged here is firing."""
        return {
            name: memory.incident is not None
            for name, memory in self._state.rules.items()
        }

    def apply(
        self,
        record: SpreadReadings,
        offset: int,  # noqa: ARG002 - the contract's
        now: int,  # noqa: ARG002 - the contract's
    ) -> list[Outcome]:
        """Take a stretch of one spread in and return what it makes us announce."""
        rules = self._rules.get((record.pair, record.comparison))
        if not rules:
            return []
        name = f"{record.pair} {record.comparison}"
        known = self._state.series.setdefault(name, Known())
        before = known.watermark
        coverage = Coverage(before)
        fresh, gap = coverage.take(record.start, record.end)
        if not fresh:
            return []
        known.watermark = coverage.watermark
        outcomes: list[Outcome] = []
        if gap is not None:
            outcomes.append(Gap(name, *gap))
        start = record.start if before is None or gap is not None else before
        timeline = Timeline.of(record, known.row, start)
        if not timeline.start.size:
            return outcomes
        known.row = timeline.at(record.end)
        clocks = Clocks(
            self._clocks[record.left.symbol], self._clocks[record.right.symbol]
        )
        for rule in rules:
            memory = self._state.rules.get(rule.name, Memory())
            if gap is not None:
                memory = interrupted(memory)
            judged = timeline.judged(rule, clocks)
            memory, transitions = follow(rule, memory, timeline, judged)
            self._state.rules[rule.name] = memory
            outcomes += [
                Out(ALERTS, rule.name, self._alert(rule, record, timeline, transition))
                for transition in transitions
            ]
        return outcomes

    def state(self) -> dict[str, Any]:
        """Return how far each series is known and how each rule stands."""
        state: dict[str, Any] = msgspec.to_builtins(self._state)
        return state

    def base(self) -> int | None:
        """Return None: the state holds all there is to hold."""
        return None

    def restore(
        self,
        state: dict[str, Any],
        records: Iterable[tuple[int, SpreadReadings]],  # noqa: ARG002 - none needed
    ) -> None:
        """Stand where the judge stood that gave `state`, for the rules we have."""
        self._state = msgspec.convert(state, _State)
        ours = {rule.name for rules in self._rules.values() for rule in rules}
        for gone in self._state.rules.keys() - ours:
            del self._state.rules[gone]

    def _alert(
        self,
        rule: Rule,
        record: SpreadReadings,
        timeline: Timeline,
        transition: Transition,
    ) -> Alert:
        at = transition.event_time
        row = timeline.at(at)
        incident = transition.incident
        return Alert(
            id=transition.id,
            rule=rule.name,
            severity=rule.severity,
            pair=record.pair,
            comparison=record.comparison,
            state=transition.state,
            event_time=at,
            since=transition.since,
            left=self._leg(row.left, row.left_value, row.left_at, at),
            right=self._leg(row.right, row.right_value, row.right_at, at),
            spread=row.spread,
            reason=self._reason(rule, row, transition),
            channels=self._channels if rule.channels is None else rule.channels,
            began=incident.began if incident else None,
            peak=incident.peak.value if incident else None,
            peak_at=incident.peak.at if incident else None,
            watch=rule.watch,
            when=rule.when,
            margin=rule.margin,
        )

    def _leg(self, name: LegName, value: float, since: int, at: int) -> LegValue:
        is_open = self._clocks[name.symbol].is_open(at)
        return LegValue(name=name, value=value, at=since, market_open=is_open)

    def _reason(self, rule: Rule, row: Row, transition: Transition) -> str:
        if transition.state is AlertState.KNOWN:
            return "both legs are known again"
        if transition.state is not AlertState.UNKNOWN:
            return condition(rule, resolved=transition.state is AlertState.RESOLVED)
        silent = [
            name.symbol
            for name, since in ((row.left, row.left_at), (row.right, row.right_at))
            if self._market_time(name, since, transition.event_time) > rule.stale_after
        ]
        return (
            f"no word of {' or '.join(silent) or 'a value'}"
            f" for {length(rule.stale_after)} of market time"
        )

    def _market_time(self, name: LegName, start: int, end: int) -> timedelta:
        passed = self._clocks[name.symbol].elapsed(np.array([start]), np.array([end]))
        # Rounded up: what is past the limit by a nanosecond must read as past it.
        return timedelta(microseconds=-(-int(passed[0]) // 1000))
