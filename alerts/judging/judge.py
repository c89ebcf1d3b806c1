"""The judge: rows in, alerts out. One stage a partition of what it reads."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

import msgspec
import numpy as np

from alerts.judging.held import Held, kept
from alerts.judging.incidents import Memory, Transition, follow, interrupted
from alerts.judging.rule import HISTORY, Rule
from alerts.judging.timeline import Before, Clocks, Judged, Row, Rows, Timeline
from alerts.judging.told import About, LastWords, reminded
from alerts.judging.wording import condition, crossing
from alerts.words.language import FIRST_HEARD
from alerts.words.wording import length
from streams.agents.stage import Gap, Out, Outcome
from streams.coverage import Coverage
from streams.events import Alert, AlertState, ContextReadings, LegName, LegValue
from streams.topics import ALERTS
from streams.volatility.market_time import MarketClock

Series = tuple[str, str, bool]
"""A pair, what is compared of it, and whether by its history."""


class Known(msgspec.Struct):
    """How far one series is known, and how it stood there."""

    watermark: int | None = None
    row: Row | None = None


class _State(msgspec.Struct):
    series: dict[str, Known]
    rules: dict[str, Memory]
    held: dict[str, Held] = {}
    """What each rule said when it was last judged."""


class Judge:
    """Holds every rule against the spreads, or the context, of one partition.

    Args:
        rules: the rules, in the order in which they are judged.
        channels: where a rule is told that does not say.
        clocks: the market time of each symbol, and of each pair that is a leg.
        words: what has been told of the rules; it may be more than a checkpoint
            knows. Of each it is reminded when there is something to judge by it:
            then it is here that the rule is judged.
    """

    def __init__(
        self,
        rules: Iterable[Rule],
        channels: list[str],
        clocks: Mapping[str, MarketClock],
        words: LastWords | None = None,
    ) -> None:
        self._channels = channels
        self._words = dict(words or {})
        self._state = _State(series={}, rules={})
        self.adopt(rules, clocks)

    @property
    def firing(self) -> dict[str, bool]:
        """Whether each rule that has been judged here is firing."""
        return {
            name: memory.incident is not None
            for name, memory in self._state.rules.items()
        }

    @property
    def known(self) -> list[tuple[str, str]]:
        """The pairs and comparisons of which there was something to judge."""
        parts = (name.partition(" ") for name in self._state.series)
        return [(pair, comparison) for pair, _, comparison in parts]

    def adopt(self, rules: Iterable[Rule], clocks: Mapping[str, MarketClock]) -> None:
        """Judge by these rules from now on.

        A rule that is about the same goes on: its incident stands, and what was
        pending does unless its numbers are others. Of a rule that is gone, or
        about something else, nothing is left; that its incident is over is told
        by `alerts.judging.withdrawal`.
        """
        self._rules: dict[Series, list[Rule]] = defaultdict(list)
        for rule in rules:
            series = (rule.pair, rule.comparison, rule.watch in HISTORY)
            self._rules[series].append(rule)
        self._clocks = clocks
        self._forget_what_is_gone()

    def hear_of(self, words: LastWords) -> None:
        """Take in what was told, meanwhile, of rules that were never judged here."""
        self._words |= {
            about: last
            for about, last in words.items()
            if about.rule not in self._state.rules
        }

    def apply(
        self,
        record: Rows,
        offset: int,  # noqa: ARG002 - the contract's
        now: int,  # noqa: ARG002 - the contract's
    ) -> list[Outcome]:
        """Take a stretch of one series in and return what it makes us announce."""
        by_history = isinstance(record, ContextReadings)
        rules = self._rules.get((record.pair, record.comparison, by_history))
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
        for rule in rules:
            memory = self._state.rules.get(rule.name, Memory())
            words = self._words.pop(About(rule.name, rule.subject), None)
            if words is not None:
                memory = reminded(memory, words, rule, before)
            if gap is not None:
                memory = interrupted(memory)
            clocks = Clocks(
                left=self._clocks[record.left.symbol],
                right=self._clocks[record.right.symbol],
                hours=self._clocks[rule.left_symbol],
            )
            earlier = Before(memory.known, memory.silence is not None)
            judged = timeline.judged(rule, clocks, earlier)
            memory, transitions = follow(rule, memory, judged)
            self._state.rules[rule.name] = memory
            self._state.held[rule.name] = Held.of(rule)
            outcomes += [
                Out(ALERTS, rule.name, self._alert(rule, timeline, judged, transition))
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
        records: Iterable[tuple[int, Rows]],  # noqa: ARG002 - none needed
    ) -> None:
        """Stand where the judge stood that gave `state`, for the rules we have."""
        self._state = msgspec.convert(state, _State)
        self._forget_what_is_gone()

    def _forget_what_is_gone(self) -> None:
        ours = {rule.name: rule for rules in self._rules.values() for rule in rules}
        watched = {f"{pair} {comparison}" for pair, comparison, _ in self._rules}
        about = {About(rule.name, rule.subject) for rule in ours.values()}
        self._words = {a: words for a, words in self._words.items() if a in about}
        state = self._state
        state.rules = {
            name: memory
            for name, known in state.rules.items()
            if name in ours
            and (memory := kept(known, state.held.get(name), ours[name])) is not None
        }
        state.held = {name: Held.of(ours[name]) for name in state.rules}
        state.series = {
            name: known for name, known in state.series.items() if name in watched
        }

    def _alert(
        self, rule: Rule, timeline: Timeline, judged: Judged, transition: Transition
    ) -> Alert:
        at = transition.event_time
        row = timeline.at(at)
        incident = transition.incident
        value = judged.value_at(at)
        return Alert(
            id=transition.id,
            rule=rule.name,
            severity=rule.severity,
            pair=rule.pair,
            comparison=rule.comparison,
            state=transition.state,
            event_time=at,
            since=transition.since,
            left=self._leg(row.left, row.left_value, row.left_at, at),
            right=self._leg(row.right, row.right_value, row.right_at, at),
            spread=row.spread,
            reason=self._reason(rule, row, transition, value),
            channels=self._channels if rule.channels is None else rule.channels,
            began=incident.began if incident else None,
            peak=incident.peak.value if incident else None,
            peak_at=incident.peak.at if incident else None,
            watch=rule.watch,
            when=rule.when,
            margin=rule.margin,
            value=value,
        )

    def _leg(self, name: LegName, value: float, since: int, at: int) -> LegValue:
        is_open = self._clocks[name.symbol].is_open(at)
        return LegValue(name=name, value=value, at=since, market_open=is_open)

    def _reason(
        self, rule: Rule, row: Row, transition: Transition, value: float | None
    ) -> str:
        match transition.state:
            case AlertState.KNOWN:
                return "both legs are known again" if transition.since else FIRST_HEARD
            case AlertState.UNKNOWN:
                return self._silence(rule, row, transition.event_time)
            case AlertState.FIRING if rule.when == "crosses" and value is not None:
                return crossing(rule, value)
            case state:
                return condition(rule, resolved=state is AlertState.RESOLVED)

    def _silence(self, rule: Rule, row: Row, at: int) -> str:
        """Return who has said nothing for too long."""
        silent = [
            name.symbol
            for name, since in ((row.left, row.left_at), (row.right, row.right_at))
            if self._market_time(name, since, at) > rule.stale_after
        ]
        if not silent:
            return f"no {rule.watch} can be made of what is known"
        return (
            f"no word of {' or '.join(dict.fromkeys(silent))}"
            f" for {length(rule.stale_after)} of market time"
        )

    def _market_time(self, name: LegName, start: int, end: int) -> timedelta:
        passed = self._clocks[name.symbol].elapsed(np.array([start]), np.array([end]))
        # Rounded up: what is past the limit by a nanosecond must read as past it.
        return timedelta(microseconds=-(-int(passed[0]) // 1000))
