"""A made-up line that a rule watches, a judge for it, and a plain second opinion."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import numpy as np
from hypothesis import strategies as st

from alerts.judging.judge import Judge
from alerts.judging.rule import HISTORY, Rule
from alerts.judging.timeline import Rows
from streams.agents.stage import Out
from streams.events import Alert, ContextReadings, LegName, Origin, SpreadReadings
from streams.topics import ALERTS
from streams.volatility.market_time import AlwaysOpen, MarketClock, market_clock

US = 1000
"""A microsecond in ns: the shortest ``for`` that can be configured."""

STEP = 250
"""Everything drawn happens at a multiple of it (ns); only silence a ns later."""


def leg(symbol: str) -> LegName:
    return LegName(
        symbol=symbol,
        measure="dvol",
        window="30d",
        origin=Origin.PUBLISHED,
        source="test",
    )


@dataclass(frozen=True)
class Line:
    """A spread over time, as rows, without saying how they are cut.

    Attributes:
        spread: None where a history would be too short.
    """

    at: Sequence[int]
    spread: Sequence[float | None]
    left_at: Sequence[int]
    right_at: Sequence[int]

    def record(self, start: int, end: int, low: int, high: int) -> SpreadReadings:
        spread = [s or 0.0 for s in self.spread[low:high]]
        return SpreadReadings(
            pair="L/R",
            comparison="implied",
            left=leg("L"),
            right=leg("R"),
            start=start,
            end=end,
            at=list(self.at[low:high]),
            left_value=[0.5 + s for s in spread],
            right_value=[0.5] * len(spread),
            spread=spread,
            left_at=list(self.left_at[low:high]),
            right_at=list(self.right_at[low:high]),
        )

    def placed(self, start: int, end: int, low: int, high: int) -> ContextReadings:
        """Return the same as a context whose every column is the spread."""
        plain = self.record(start, end, low, high)
        column = list(self.spread[low:high])
        return ContextReadings(
            pair=plain.pair,
            comparison=plain.comparison,
            left=plain.left,
            right=plain.right,
            start=start,
            end=end,
            at=plain.at,
            z_score=column,
            left_rank=column,
            left_percentile=column,
            right_rank=column,
            right_percentile=column,
            announcements=[],
            left_value=plain.left_value,
            right_value=plain.right_value,
            spread=plain.spread,
            left_at=plain.left_at,
            right_at=plain.right_at,
        )

    def cut(
        self, start: int, end: int, cuts: Sequence[int], watch: str = "spread"
    ) -> list[Rows]:
        edges = [start, *sorted({c for c in cuts if start < c < end}), end]
        rows = np.searchsorted(self.at, edges)
        make: Callable[[int, int, int, int], Rows] = (
            self.placed if watch in HISTORY else self.record
        )
        return [
            make(edges[i], edges[i + 1], int(rows[i]), int(rows[i + 1]))
            for i in range(len(edges) - 1)
        ]

    def watched(self, watch: str) -> list[float | None]:
        """Return what a rule sees of each row, worked out as the records have it."""
        if watch in HISTORY or watch == "spread":
            return list(self.spread)
        left = [0.5 + (s or 0.0) for s in self.spread]
        columns = {"left": left, "right": [0.5] * len(left)}
        columns["ratio"] = [value / 0.5 for value in left]
        return list(columns[watch])


def steady(spread: Sequence[float], step: int = US) -> Line:
    at = [step * (i + 1) for i in range(len(spread))]
    return Line(at, spread, at, at)


class ShortSessions(AlwaysOpen):
    """A market that is open for 12 of every 20 microseconds, and ages always."""

    def is_open(self, at: int) -> bool:
        return at % (20 * US) < 12 * US

    def sessions(self, start: int, end: int) -> list[tuple[int, int]]:
        days = range(start // (20 * US), end // (20 * US) + 1)
        cut = [
            (max(start, day * 20 * US), min(end, day * 20 * US + 12 * US))
            for day in days
        ]
        return [(opens, closes) for opens, closes in cut if opens < closes]


def make_rule(**given: object) -> Rule:
    """Return a rule; a repetition may be of any length here."""
    repeat = given.pop("repeat_every", None)
    rule = Rule.model_validate(
        {
            "name": "r",
            "pair": "L/R",
            "hysteresis": 0.01,
            "for": 3e-6,
            "stale_after": 8e-6,
            **given,
        }
    )
    if repeat is None:
        return rule
    assert isinstance(repeat, float)
    return rule.model_copy(update={"repeat_every": timedelta(seconds=repeat)})


def clocks(left: MarketClock | None = None) -> dict[str, MarketClock]:
    crypto = market_clock("crypto")
    return {"L": left or crypto, "R": crypto}


def make_judge(**given: object) -> Judge:
    return Judge([make_rule(**given)], ["slack"], clocks())


def alerts(judge: Judge, records: Sequence[Rows]) -> list[Alert]:
    out = []
    for offset, record in enumerate(records):
        for outcome in judge.apply(record, offset, 0):
            assert isinstance(outcome, Out)
            assert outcome.topic is ALERTS
            assert isinstance(outcome.event, Alert)
            assert outcome.key == outcome.event.rule
            out.append(outcome.event)
    return out


def _ns(length: timedelta | None) -> int:
    return round(length.total_seconds() * 1e9) if length else 0


def stands(rule: Rule, value: float) -> tuple[int, int]:
    """Return how a rule stands at a value, in the words of docs/alerts.md."""
    margin, hysteresis = rule.margin, rule.hysteresis
    match rule.when:
        case "above":
            return int(value > margin), int(value < margin - hysteresis)
        case "below":
            return int(value < margin), int(-value < -margin - hysteresis)
        case "outside":
            return int(abs(value) > margin), int(abs(value) < margin - hysteresis)
        case "crosses":
            side = (value > margin) - (value < margin)
            return side, side if abs(value - margin) > hysteresis else 0


class Simulation:
    """A rule followed from instant to instant, as slowly and plainly as can be."""

    def __init__(self, rule: Rule, hours: MarketClock) -> None:
        self.rule = rule
        self.hours = hours
        self.told: list[tuple[str, int, int]] = []
        """State, event time, since."""
        self.known = self.silent = self.firing = False
        self.beyond = self.back = (0, 0)
        """On which side, and since when."""
        self.silence = self.home = self.fired = self.began = self.not_before = 0

    def at(self, t: int, value: float | None, age: int) -> None:
        """Look at one instant."""
        rests = self.rule.only_when is not None and not self.hours.is_open(t)
        if not rests:
            stale = age > _ns(self.rule.stale_after)
            self._silence(t, silent=stale or (value is None and self.known))
        self.known |= value is not None
        side, back = (0, 0) if value is None else stands(self.rule, value)
        if rests or self.silent:
            side = back = 0
        if side != self.beyond[0]:
            self.beyond = side, t
        if back != self.back[0]:
            self.back = back, t
        self._fire(t)
        self._resolve(t)
        every = _ns(self.rule.repeat_every)
        passed = t - self.fired
        due = self.firing and passed and every and not passed % every
        if due and not (rests or self.silent):
            self.told.append(("updated", t, self.began))

    def _silence(self, t: int, *, silent: bool) -> None:
        if silent and not self.silent:
            self.silence = t
            self.told.append(("unknown", t, t))
        elif self.silent and not silent:
            self.told.append(("known", t, self.silence))
        self.silent = silent

    def _fire(self, t: int) -> None:
        side, since = self.beyond
        due = max(since + _ns(self.rule.hold), self.not_before)
        if self.firing or not side or t != due:
            return
        if self.rule.when == "crosses" and side != -self.home:
            self.home = self.home or side
            return
        self.firing, self.fired, self.began, self.home = True, t, since, side
        self.told.append(("firing", t, since))

    def _resolve(self, t: int) -> None:
        side, since = self.back
        since = max(since, self.fired)
        if not self.firing or not side or t != since + _ns(self.rule.hold):
            return
        self.firing, self.home = False, side
        if self.rule.cooldown:
            self.not_before = t + _ns(self.rule.cooldown)
        self.told.append(("resolved", t, since))


def simulated(
    rule: Rule, line: Line, start: int, end: int, hours: MarketClock
) -> list[tuple[str, int, int]]:
    """Return (state, event time, since) of all that a rule tells of a line."""
    simulation, watched, row = Simulation(rule, hours), line.watched(rule.watch), -1
    for step in range(start, end, STEP):
        for t in (step, step + 1):
            while row + 1 < len(line.at) and line.at[row + 1] <= t:
                row += 1
            if row >= 0 and t < end:
                age = t - min(line.left_at[row], line.right_at[row])
                simulation.at(t, watched[row], age)
    return simulation.told


@st.composite
def lines(draw: st.DrawFn, *, gaps: bool = False) -> tuple[Line, int, int]:
    """Draw a line, and the time it covers; with gaps, some of its values are none."""
    steps = draw(st.lists(st.integers(1, 16), min_size=1, max_size=25))
    at = [int(a) for a in np.cumsum(steps) * STEP]
    values: st.SearchStrategy[Any] = st.sampled_from(
        [-0.02, -0.01, -0.005, 0.0, 0.005, 0.02]
    )
    if gaps:
        values |= st.none()
    spread = draw(st.lists(values, min_size=len(at), max_size=len(at)))
    who = draw(st.lists(st.sampled_from("LRB"), min_size=len(at), max_size=len(at)))
    left, right = [at[0]], [at[0]]
    for a, w in zip(at[1:], who[1:], strict=True):
        left.append(a if w in "LB" else left[-1])
        right.append(a if w in "RB" else right[-1])
    end = at[-1] + draw(st.integers(1, 80)) * STEP
    return Line(at, spread, left, right), 0, end
