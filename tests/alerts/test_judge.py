"""The lifecycle against a slow, plain simulation of the same words."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.judging.judge import Judge
from alerts.judging.rule import Rule
from alerts.settings import Links
from alerts.telling.message import compose
from streams.agents.stage import Gap, Out
from streams.events import Alert, AlertState, LegName, Origin, SpreadReadings
from streams.topics import ALERTS
from streams.volatility.market_time import market_clock
from streams.wire import encode

US = 1000
"""A microsecond in ns: the shortest ``for`` that can be configured."""


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
    """A spread over time, as rows, without saying how they are cut."""

    at: Sequence[int]
    spread: Sequence[float]
    left_at: Sequence[int]
    right_at: Sequence[int]

    def record(self, start: int, end: int, low: int, high: int) -> SpreadReadings:
        return SpreadReadings(
            pair="L/R",
            comparison="implied",
            left=leg("L"),
            right=leg("R"),
            start=start,
            end=end,
            at=list(self.at[low:high]),
            left_value=[0.5 + s for s in self.spread[low:high]],
            right_value=[0.5] * (high - low),
            spread=list(self.spread[low:high]),
            left_at=list(self.left_at[low:high]),
            right_at=list(self.right_at[low:high]),
        )

    def cut(self, start: int, end: int, cuts: Sequence[int]) -> list[SpreadReadings]:
        edges = [start, *sorted({c for c in cuts if start < c < end}), end]
        rows = np.searchsorted(self.at, edges)
        return [
            self.record(edges[i], edges[i + 1], int(rows[i]), int(rows[i + 1]))
            for i in range(len(edges) - 1)
        ]


def make_judge(**given: object) -> Judge:
    rule = {
        "name": "r",
        "pair": "L/R",
        "hysteresis": 0.01,
        "for": 3e-6,
        "stale_after": 8e-6,
        **given,
    }
    clocks = {"L": market_clock("crypto"), "R": market_clock("crypto")}
    return Judge([Rule.model_validate(rule)], ["slack"], clocks)


def alerts(judge: Judge, records: Sequence[SpreadReadings]) -> list[Alert]:
    out = []
    for offset, record in enumerate(records):
        for outcome in judge.apply(record, offset, 0):
            assert isinstance(outcome, Out)
            assert outcome.topic is ALERTS
            assert isinstance(outcome.event, Alert)
            assert outcome.key == outcome.event.rule
            out.append(outcome.event)
    return out


def simulated(
    line: Line, start: int, end: int, *, hold: int, limit: int, cooldown: int
) -> list[tuple[str, int, int]]:
    """Return (state, event_time, since), every nanosecond looked at by itself."""
    told: list[tuple[str, int, int]] = []
    firing = False
    standing, since, row, not_before = "", start, -1, start
    for t in range(start, end):
        while row + 1 < len(line.at) and line.at[row + 1] <= t:
            row += 1
        if row < 0:
            continue
        s = line.spread[row]
        if max(t - line.left_at[row], t - line.right_at[row]) > limit:
            now = "unknown"
        else:
            now = "breach" if s > 0 else "clear" if s < -0.01 else "between"
        if now != standing:
            if standing == "unknown":
                told.append(("known", t, since))
            standing, since = now, t
            if now == "unknown":
                told.append(("unknown", t, t))
        due = max(since + hold, not_before)
        if standing == "breach" and not firing and t == due:
            firing = True
            told.append(("firing", t, since))
        elif standing == "clear" and firing and t - since == hold:
            firing, not_before = False, t + cooldown
            told.append(("resolved", t, since))
    return told


@st.composite
def lines(draw: st.DrawFn) -> tuple[Line, int, int]:
    steps = draw(st.lists(st.integers(1, 4 * US), min_size=1, max_size=25))
    at = [int(a) for a in np.cumsum(steps)]
    spreads = st.sampled_from([-0.02, -0.01, -0.005, 0.0, 0.005, 0.02])
    spread = draw(st.lists(spreads, min_size=len(at), max_size=len(at)))
    who = draw(st.lists(st.sampled_from("LRB"), min_size=len(at), max_size=len(at)))
    left, right = [at[0]], [at[0]]
    for a, w in zip(at[1:], who[1:], strict=True):
        left.append(a if w in "LB" else left[-1])
        right.append(a if w in "RB" else right[-1])
    end = at[-1] + draw(st.integers(1, 20 * US))
    return Line(at, spread, left, right), 0, end


@given(
    lines(),
    st.sampled_from([0, 1, 3, 5]),
    st.sampled_from([0, 10]),
    st.lists(st.integers(0, 120 * US)),
)
def test_it_says_what_a_plain_simulation_says_however_the_rows_are_cut(
    drawn: tuple[Line, int, int], hold: int, cooldown: int, cuts: list[int]
) -> None:
    line, start, end = drawn
    expected = simulated(
        line, start, end, hold=hold * US, limit=8 * US, cooldown=cooldown * US
    )
    given = {"for": hold * 1e-6, "cooldown": cooldown * 1e-6}
    whole = alerts(make_judge(**given), line.cut(start, end, []))
    assert [(a.state, a.event_time, a.since) for a in whole] == expected
    pieces = alerts(make_judge(**given), line.cut(start, end, cuts))
    assert [*map(encode, pieces)] == [*map(encode, whole)]


@given(lines())
def test_below_is_above_upside_down(drawn: tuple[Line, int, int]) -> None:
    line, start, end = drawn
    above = alerts(make_judge(margin=0.005), line.cut(start, end, []))
    down = Line(line.at, [-s for s in line.spread], line.left_at, line.right_at)
    rule = make_judge(margin=-0.005, when="below")
    below = alerts(rule, down.cut(start, end, []))
    assert [(a.id, a.state, a.event_time, a.peak_at) for a in below] == [
        (a.id, a.state, a.event_time, a.peak_at) for a in above
    ]
    assert [a.peak and -a.peak for a in below] == [a.peak for a in above]


@pytest.mark.parametrize(
    ("watch", "margin", "headline"),
    [
        ("spread", 0.01, "L DVOL 52.0% is now above R DVOL 50.0% (+2.0 points)"),
        ("ratio", 1.03, "L DVOL 52.0% is now 1.04 times R DVOL 50.0% (above 1.03)"),
        ("left", 0.515, "L DVOL 52.0% is now above 51.5%"),
        ("right", 0.495, "R DVOL 50.0% is now above 49.5%"),
    ],
)
def test_it_watches_the_spread_the_ratio_or_a_leg(
    watch: str, margin: float, headline: str
) -> None:
    records = steady([0.02] * 9).cut(0, 10 * US, [])
    (fired,) = alerts(make_judge(watch=watch, margin=margin), records)
    assert compose(fired, Links()).headline == headline
    assert alerts(make_judge(watch=watch, margin=margin + 0.02), records) == []


@given(lines(), st.lists(st.integers(0, 120 * US)), st.data())
def test_it_forgets_nothing_in_a_restart_and_repeats_nothing_told_twice(
    drawn: tuple[Line, int, int], cuts: list[int], data: st.DataObject
) -> None:
    line, start, end = drawn
    records = line.cut(start, end, cuts)
    expected = alerts(make_judge(), records)
    told: list[Alert] = []
    judge = make_judge()
    for record in records:
        told += alerts(judge, [record])
        if data.draw(st.booleans()):
            remembered = json.loads(json.dumps(judge.state()))
            judge = make_judge()
            judge.restore(remembered, [])
            assert json.loads(json.dumps(judge.state())) == remembered
        if data.draw(st.booleans()):
            assert alerts(judge, [record]) == []
    assert told == expected


@given(lines())
def test_firing_and_resolved_alternate_and_share_their_incident(
    drawn: tuple[Line, int, int],
) -> None:
    line, start, end = drawn
    incident: Alert | None = None
    seen = set()
    for alert in alerts(make_judge(), line.cut(start, end, [])):
        assert (alert.id, alert.state) not in seen
        seen.add((alert.id, alert.state))
        if alert.state is AlertState.FIRING:
            assert incident is None
            incident = alert
        elif alert.state is AlertState.RESOLVED:
            assert incident is not None
            assert (alert.id, alert.began) == (incident.id, incident.since)
            during = [
                s
                for a, s in zip(line.at, line.spread, strict=True)
                if incident.since <= a <= alert.event_time
            ]
            assert alert.peak is not None
            assert alert.peak <= max(during)
            incident = None
        else:
            assert alert.began == (incident and incident.since)
            assert alert.id != (incident and incident.id)


def steady(spread: Sequence[float], step: int = US) -> Line:
    at = [step * (i + 1) for i in range(len(spread))]
    return Line(at, spread, at, at)


def test_the_event_time_is_when_the_for_completes_though_no_row_falls_there() -> None:
    line = Line([10, 20_000], [0.02, 0.03], [10, 20_000], [10, 20_000])
    judge = make_judge(stale_after=1)
    (fired,) = alerts(judge, line.cut(0, 30_000, []))
    assert (fired.since, fired.event_time) == (10, 10 + 3 * US)
    assert fired.spread == 0.02
    assert (fired.peak, fired.peak_at) == (0.02, 10)


def test_it_waits_for_the_watermark_to_pass_the_event_time() -> None:
    line = Line([10], [0.02], [10], [10])
    judge = make_judge()
    due = 10 + 3 * US
    assert alerts(judge, [line.record(0, due, 0, 1)]) == []
    (fired,) = alerts(judge, [line.record(due, due + 1, 1, 1)])
    assert fired.event_time == due


def test_a_gap_in_coverage_is_reported_and_voids_what_was_pending() -> None:
    judge = make_judge(stale_after=1)
    line = Line([10], [0.02], [10], [10])
    assert judge.apply(line.record(0, 2 * US, 0, 1), 0, 0) == []
    out = judge.apply(line.record(2 * US + 5, 9 * US, 1, 1), 1, 0)
    assert out[0] == Gap("L/R implied", 2 * US, 2 * US + 5)
    assert isinstance(out[1], Out)
    assert isinstance(out[1].event, Alert)
    assert out[1].event.since == 2 * US + 5


def test_rows_seen_before_are_not_judged_again() -> None:
    line = steady([0.02] * 10)
    once = alerts(make_judge(), line.cut(0, 11 * US, []))
    judge = make_judge()
    overlapping = [line.record(0, 6 * US, 0, 5), line.record(2 * US, 11 * US, 2, 10)]
    assert alerts(judge, overlapping) == once


def test_a_flapping_series_fires_once_and_resolves_once() -> None:
    rng = np.random.default_rng(5)
    flap = [0.02] * 10 + list(rng.choice([-1e-4, 1e-4], 20_000)) + [-0.02] * 10
    told = alerts(make_judge(), steady(flap).cut(0, (len(flap) + 1) * US, []))
    assert [a.state for a in told] == [AlertState.FIRING, AlertState.RESOLVED]


def test_each_silence_names_the_silent_leg_and_is_told_once_with_its_end() -> None:
    at = [US * (i + 1) for i in range(60)]
    heard = [i for i in range(60) if i < 10 or 30 <= i < 34]
    right = [at[max(j for j in heard if j <= i)] for i in range(60)]
    told = alerts(make_judge(), Line(at, [0.02] * 60, at, right).cut(0, 61 * US, []))
    fired, lost, back, lost_again = told
    assert [a.state for a in told] == ["firing", "unknown", "known", "unknown"]
    assert lost.id == back.id != fired.id != lost_again.id
    assert {a.began for a in told} == {fired.since}
    assert lost.event_time == at[9] + 8 * US + 1
    assert (back.since, back.event_time) == (lost.since, at[30])
    assert lost.reason.startswith("no word of R for")
    assert "stands until both are known" in compose(lost, Links()).text
    assert "can be compared with" in compose(back, Links()).headline


def test_rules_of_other_pairs_are_left_alone() -> None:
    assert alerts(make_judge(pair="A/B"), steady([0.02] * 9).cut(0, 9 * US, [])) == []


def test_a_rule_that_is_gone_is_forgotten_at_a_restart() -> None:
    judge = make_judge()
    alerts(judge, steady([0.02] * 9).cut(0, 10 * US, []))
    assert judge.firing == {"r": True}
    other = make_judge(name="other")
    other.restore(judge.state(), [])
    assert other.firing == {}


def test_it_judges_a_million_rows_a_second() -> None:
    import time

    n = 1_000_000
    at = np.arange(1, n + 1) * US
    spread = np.random.default_rng(1).normal(-0.1, 0.01, n)
    line = Line(at.tolist(), spread.tolist(), at.tolist(), at.tolist())
    record = line.record(0, (n + 1) * US, 0, n)
    judge = make_judge(stale_after="1h")
    began = time.process_time()
    assert judge.apply(record, 0, 0) == []
    assert time.process_time() - began < 1.0


@pytest.mark.parametrize("state", [{}, {"series": 3}])
def test_a_state_that_is_not_one_is_refused(state: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"missing required|Expected"):
        make_judge().restore(state, [])
