"""The lifecycle against a slow, plain simulation of the same words.

Every rule there can be: each thing to watch, each way to be beyond the margin,
with and without hours, repetitions, a cooldown and a ``for``.
"""

import json
from collections import Counter
from datetime import timedelta
from random import Random
from typing import get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from alerts.judging.judge import Judge
from alerts.judging.rule import HISTORY, Rule, Watch
from alerts.judging.standing import reach
from streams.agents.stage import Gap, Out
from streams.events import Alert, AlertState
from streams.wire import encode
from tests.alerts.judging.lines import (
    US,
    Line,
    ShortSessions,
    alerts,
    clocks,
    lines,
    make_judge,
    make_rule,
    simulated,
    steady,
)

WATCHES: tuple[str, ...] = get_args(Watch)
WAYS = ("above", "below", "outside", "crosses")
MIDDLE = {"ratio": 1.0, "left": 0.5, "right": 0.5}
"""What is watched where the spread is nought; of all else it is nought too."""
HOURS = ShortSessions()


def rule_for(watch: str, when: str, **given: object) -> Rule:
    """Return a rule whose margin lies among the values that are drawn."""
    middle = MIDDLE.get(watch, 0.0)
    margin = middle + (0.0 if when in ("above", "crosses") else 0.005)
    scale = 2.0 if watch == "ratio" else 1.0
    hysteresis = 0.004 if when == "outside" else 0.01 * scale
    if when == "crosses":
        hysteresis /= 2
    return make_rule(
        watch=watch, when=when, margin=margin, hysteresis=hysteresis, **given
    )


def judge_of(rule: Rule) -> Judge:
    return Judge([rule], ["slack"], clocks(left=HOURS))


RULES = st.builds(
    rule_for,
    st.sampled_from(WATCHES),
    st.sampled_from(WAYS),
    **{"for": st.sampled_from([0, 1e-6, 3e-6, 5e-6])},
    cooldown=st.sampled_from([0, 10e-6]),
    repeat_every=st.sampled_from([None, 2e-6, 7e-6]),
    only_when=st.sampled_from([None, "open"]),
)


@st.composite
def cases(draw: st.DrawFn) -> tuple[Rule, Line, int, int]:
    rule = draw(RULES)
    return rule, *draw(lines(gaps=rule.watch in HISTORY))


@settings(max_examples=300)
@given(cases(), st.lists(st.integers(0, 120 * US)))
def test_it_says_what_a_plain_simulation_says_however_the_rows_are_cut(
    case: tuple[Rule, Line, int, int], cuts: list[int]
) -> None:
    rule, line, start, end = case
    whole = alerts(judge_of(rule), line.cut(start, end, [], rule.watch))
    expected = simulated(rule, line, start, end, HOURS)
    assert [(a.state, a.event_time, a.since) for a in whole] == expected
    pieces = alerts(judge_of(rule), line.cut(start, end, cuts, rule.watch))
    assert [*map(encode, pieces)] == [*map(encode, whole)]


@settings(max_examples=100)
@given(cases(), st.lists(st.integers(0, 120 * US)), st.data())
def test_it_forgets_nothing_in_a_restart_and_repeats_nothing_told_twice(
    case: tuple[Rule, Line, int, int], cuts: list[int], data: st.DataObject
) -> None:
    rule, line, start, end = case
    records = line.cut(start, end, cuts, rule.watch)
    expected = alerts(judge_of(rule), records)
    told: list[Alert] = []
    judge = judge_of(rule)
    for record in records:
        told += alerts(judge, [record])
        if data.draw(st.booleans()):
            remembered = json.loads(json.dumps(judge.state()))
            judge = judge_of(rule)
            judge.restore(remembered, [])
            assert json.loads(json.dumps(judge.state())) == remembered
        if data.draw(st.booleans()):
            assert alerts(judge, [record]) == []
    assert told == expected


@settings(max_examples=200)
@given(cases())
def test_firing_and_resolved_alternate_and_share_their_incident(
    case: tuple[Rule, Line, int, int],
) -> None:
    rule, line, start, end = case
    incident: Alert | None = None
    told = alerts(judge_of(rule), line.cut(start, end, [], rule.watch))
    names = Counter((alert.id, alert.state) for alert in told)
    assert set(names.values()) <= {1}
    for alert in told:
        assert (alert.value is None) <= (alert.state in ("unknown", "known"))
        match alert.state:
            case AlertState.FIRING:
                assert incident is None
                incident = alert
            case AlertState.RESOLVED:
                assert incident is not None
                assert (alert.id, alert.began) == (incident.id, incident.since)
                incident = None
            case AlertState.UPDATED:
                assert incident is not None
                assert (alert.began, alert.since) == (incident.since, incident.since)
                assert alert.id != incident.id
            case _:
                assert alert.began == (incident and incident.since)
                assert alert.id != (incident and incident.id)


@given(cases())
def test_the_peak_is_the_furthest_that_was_known_in_the_incident(
    case: tuple[Rule, Line, int, int],
) -> None:
    rule, line, start, end = case
    if rule.only_when or rule.watch in HISTORY:
        return
    never_stale = rule.model_copy(update={"stale_after": timedelta(hours=1)})
    watched = np.array(line.watched(rule.watch), dtype=np.float64)
    for alert in alerts(judge_of(never_stale), line.cut(start, end, [])):
        assert alert.began is not None
        assert alert.peak is not None
        during = (np.array(line.at) >= alert.began) & (
            np.array(line.at) <= alert.event_time
        )
        furthest = reach(rule, watched[during]).max()
        assert reach(rule, np.array([alert.peak]))[0] == furthest


@pytest.mark.parametrize("when", WAYS)
@pytest.mark.parametrize("watch", WATCHES)
def test_a_series_that_flaps_fires_as_often_as_the_cooldown_lets_it(
    watch: str, when: str
) -> None:
    crossings, far = 10_000, 0.02
    step = (far, 0.0) if when == "outside" else (far, -far)
    line = steady([*step] * (crossings // 2))
    # The right leg stands still in these lines.
    rule = rule_for(
        "left" if watch == "right" else watch, when, cooldown=100e-6, **{"for": 0}
    )
    told = alerts(judge_of(rule), line.cut(0, (crossings + 1) * US, [], rule.watch))
    states = Counter(alert.state for alert in told)
    # Each incident is over a row later at most, and then rests a hundred of them.
    assert 90 <= states[AlertState.FIRING] <= crossings // 100
    assert states[AlertState.FIRING] - states[AlertState.RESOLVED] in (0, 1)
    fired = [a.event_time for a in told if a.state is AlertState.FIRING]
    assert min(np.diff(fired)) >= 100 * US


@pytest.mark.parametrize("when", WAYS)
def test_the_level_itself_is_neither_beyond_nor_back(when: str) -> None:
    sign = -1 if when == "below" else 1
    rule = make_rule(when=when, margin=sign * 0.02, hysteresis=0.01, **{"for": 0})
    never = steady([0.0, sign * 0.02] * 5).cut(0, 11 * US, [])
    assert alerts(judge_of(rule), never) == []
    beyond, back = sign * 0.021, sign * 0.01
    told = alerts(judge_of(rule), steady([0.0, beyond, back]).cut(0, 5 * US, []))
    assert [alert.state for alert in told] == ["firing"]


def test_a_for_that_lacks_a_nanosecond_is_not_complete() -> None:
    for lasted, states in ((3 * US, []), (3 * US + 1, ["firing"])):
        at = [10, 10 + lasted]
        line = Line(at, [0.02, -0.005], at, at)
        told = alerts(make_judge(), line.cut(0, at[-1] + 1, []))
        assert [alert.state for alert in told] == states


def test_a_crossing_is_told_either_way_but_not_the_side_it_is_first_seen_on() -> None:
    rule = make_rule(when="crosses", hysteresis=0.01, **{"for": 2e-6})
    up, near, down = [0.02] * 4, [0.005] * 4, [-0.02] * 4
    told = alerts(
        judge_of(rule), steady([*down, *near, *up, *down]).cut(0, 20 * US, [])
    )
    assert [(a.state, a.event_time // US) for a in told] == [
        ("firing", 7),  # above since 5, though not yet clear of the level
        ("resolved", 11),  # clear of it since 9
        ("firing", 15),
        ("resolved", 17),
    ]
    assert [a.value for a in told] == [0.005, 0.02, -0.02, -0.02]
    assert told[0].reason == "spread crossed to above 0 points for 0 s"
    assert told[1].reason.startswith("spread on either side by more than 1 point")
    assert told[2].reason.startswith("spread crossed to below")
    assert len({a.id for a in told}) == 2


def test_lines_that_are_braided_are_one_crossing() -> None:
    rule = make_rule(when="crosses", hysteresis=0.01, **{"for": 2e-6})
    braid = [0.005, 0.005, 0.005, -0.005, -0.005, -0.005] * 50
    line = steady([*[-0.02] * 4, *braid, *[0.02] * 4])
    told = alerts(judge_of(rule), line.cut(0, 309 * US, []))
    assert [a.state for a in told] == ["firing", "resolved"]
    # It has settled above, where it was going when it fired.
    assert (told[0].value, told[1].value) == (0.005, 0.02)


def test_an_update_says_how_far_it_went_and_how_long_it_has_been() -> None:
    rule = make_rule(repeat_every=4e-6, stale_after="1h")
    spread = [0.01] * 5 + [0.03] + [0.02] * 6 + [-0.02] * 4
    told = alerts(judge_of(rule), steady(spread).cut(0, 17 * US, []))
    assert [(a.state, a.event_time // US) for a in told] == [
        ("firing", 4),
        ("updated", 8),
        ("updated", 12),
        ("resolved", 16),  # at the instant of the third, which is not told
    ]
    updates = told[1:3]
    assert {a.began for a in told} == {a.since for a in updates} == {US}
    assert [(a.value, a.peak, a.peak_at) for a in updates] == [(0.02, 0.03, 6 * US)] * 2
    assert len({a.id for a in told}) == 3


def test_a_rule_asleep_neither_fires_nor_resolves_nor_minds_a_silence() -> None:
    rule = make_rule(only_when="open", stale_after=5e-6)
    # Open from 0 to 12 and from 20 to 32. It is above from 11 on, says nothing for
    # more than five of the night, and is heard of again before the morning.
    at = [US * i for i in (1, 11, 19, 28)]
    line = Line(at, [-0.02, 0.02, 0.02, 0.02], at, at)
    told = alerts(judge_of(rule), line.cut(0, 29 * US, []))
    assert [(a.state, a.event_time, a.since) for a in told] == [
        ("unknown", 6 * US + 1, 6 * US + 1),
        ("known", 11 * US, 6 * US + 1),
        ("firing", 23 * US, 20 * US),  # three of the morning, none of the evening
        ("unknown", 24 * US + 1, 24 * US + 1),
        ("known", 28 * US, 24 * US + 1),
    ]


def test_a_history_that_is_too_short_is_no_silence_but_one_that_was_lost_is() -> None:
    rule = make_rule(watch="z-score", margin=0.015, stale_after="1h", **{"for": 0})
    at = [US * (i + 1) for i in range(5)]
    line = Line(at, [None, None, 0.02, None, 0.02], at, at)
    told = alerts(judge_of(rule), line.cut(0, 6 * US, [], "z-score"))
    assert [(a.state, a.event_time // US) for a in told] == [
        ("firing", 3),
        ("unknown", 4),
        ("known", 5),
    ]
    assert told[1].reason == "no z-score can be made of what is known"
    assert [a.value for a in told] == [0.02, None, 0.02]


@given(cases(), cases(), st.randoms(use_true_random=False))
def test_the_order_in_which_two_series_arrive_changes_nothing(
    one: tuple[Rule, Line, int, int], two: tuple[Rule, Line, int, int], chance: Random
) -> None:
    """Each in its own order, as a partition has them; interleaved in any way."""
    rules = [one[0].model_copy(update={"name": "one"})]
    rules.append(two[0].model_copy(update={"name": "two", "comparison": "other"}))
    waiting, expected = [], list[Alert]()
    for (_, line, start, end), rule in zip((one, two), rules, strict=True):
        cuts = [chance.randrange(end) for _ in range(3)]
        records = [
            replace(record, comparison=rule.comparison)
            for record in line.cut(start, end, cuts, rule.watch)
        ]
        expected += alerts(judge_of(rule), records)
        waiting.append(records)
    judge = Judge(rules, ["slack"], clocks(left=HOURS))
    told = list[Alert]()
    while any(waiting):
        series = chance.choice([records for records in waiting if records])
        told += alerts(judge, [series.pop(0)])
    assert sorted(map(encode, told)) == sorted(map(encode, expected))


def test_two_rules_that_fire_at_one_instant_are_two_incidents() -> None:
    rules = [make_rule(name=name, stale_after="1h") for name in ("a", "b")]
    told = alerts(Judge(rules, [], clocks()), steady([0.02] * 9).cut(0, 10 * US, []))
    assert len({alert.id for alert in told}) == len(told) == 2


def test_what_nothing_covers_does_not_count_towards_the_end_of_an_incident() -> None:
    judge = make_judge(stale_after="1h")
    line = steady([0.02] * 5 + [-0.02] * 20)
    before, after = line.record(0, 7 * US, 0, 6), line.record(12 * US, 20 * US, 11, 19)
    (fired,) = alerts(judge, [before])
    gap, resolved = judge.apply(after, 1, 0)
    assert isinstance(gap, Gap)
    assert isinstance(resolved, Out)
    assert isinstance(resolved.event, Alert)
    assert (resolved.event.id, resolved.event.since) == (fired.id, 12 * US)
