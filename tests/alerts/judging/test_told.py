"""A judge killed after he told and before he wrote it down, and his rules edited."""

import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Protocol, TypeVar

from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.judging.incidents import incident_id
from alerts.judging.judge import Judge
from alerts.judging.rule import Rule
from alerts.judging.timeline import Rows
from alerts.judging.told import last_words
from alerts.judging.withdrawal import withdrawals
from streams.events import Alert, AlertState
from tests.alerts.judging.lines import US, Line, alerts, clocks, make_rule, steady
from tests.alerts.judging.test_lifecycle import HOURS, cases

T = TypeVar("T")


class Draw(Protocol):
    """Draws one of what a strategy describes."""

    def __call__(self, strategy: st.SearchStrategy[T]) -> T: ...


CUTS = st.lists(st.integers(0, 120 * US), max_size=12)


def lived(
    rules: Sequence[Rule], case: tuple[Line, int, int], cuts: list[int], draw: Draw
) -> tuple[list[Alert], dict[str, Any]]:
    """Return what is told in several lives, a rule's numbers each, and the last state.

    Each life ends in a kill: between two records, or two alerts of one.
    """
    line, start, end = case
    records = line.cut(start, end, cuts, rules[0].watch)
    told: list[Alert] = []
    taken, state = 0, None
    for life, rule in enumerate(rules):
        judge = Judge([rule], ["slack"], clocks(left=HOURS), last_words(told))
        if state is not None:
            judge.restore(json.loads(state), [])
        last = life == len(rules) - 1
        until = len(records) if last else draw(st.integers(taken, len(records)))
        for number in range(taken, until):
            said = alerts(judge, [records[number]])
            kept = len(said) if last else draw(st.integers(0, len(said)))
            told += said[:kept]
            if kept < len(said):
                break
            if draw(st.booleans()):
                taken, state = number + 1, json.dumps(judge.state())
    return told, judge.state()


@settings(max_examples=200)
@given(cases(), CUTS, st.integers(2, 4), st.data())
def test_by_the_same_rules_nobody_notices_that_he_was_killed(
    case: tuple[Rule, Line, int, int], cuts: list[int], lives: int, data: st.DataObject
) -> None:
    rule, line, start, end = case
    told, _ = lived([rule] * lives, (line, start, end), cuts, data.draw)
    once: dict[tuple[str, AlertState], Alert] = {}
    for alert in told:
        once.setdefault((alert.id, alert.state), alert)
    undisturbed, _ = lived([rule], (line, start, end), cuts, data.draw)
    assert [*once.values()] == undisturbed


def crossing(**given: object) -> tuple[Rule, list[Rows]]:
    """Return a rule that fires and resolves in the second of three records."""
    rule = make_rule(when="crosses", stale_after="1h", cooldown=10e-6, **given)
    line = steady([-0.02] * 5 + [0.02] * 8 + [-0.02] * 30)
    return rule, line.cut(0, 44 * US, [5 * US, 13 * US])


def test_what_is_over_is_not_told_again_not_even_by_other_numbers() -> None:
    rule, (first, second, third) = crossing()
    judge = Judge([rule], ["slack"], clocks())
    assert alerts(judge, [first]) == []
    state = judge.state()
    told = alerts(judge, [second])
    assert [alert.state for alert in told] == ["firing", "resolved"]
    other, _ = crossing(margin=0.001)
    reminded = Judge([other], ["slack"], clocks(), last_words(told))
    reminded.restore(state, [])
    # On which side of another level it settled is not known: it is seen first.
    assert alerts(reminded, [second, third]) == []
    reminded = Judge([rule], ["slack"], clocks(), last_words(told))
    reminded.restore(state, [])
    # On which side it settled is known of the same, and when it may fire again.
    back, resolved = alerts(judge, [third])
    assert alerts(reminded, [second, third]) == [back, resolved]
    assert back.event_time == told[1].event_time + 10 * US


def test_what_is_over_is_not_told_again_though_nothing_was_ever_written_down() -> None:
    rule = make_rule(stale_after="1h")
    line = steady([-0.02] * 5 + [0.02] * 8 + [-0.02] * 9 + [0.02] * 8)
    early, late = line.cut(0, 31 * US, [22 * US])
    told = alerts(Judge([rule], ["slack"], clocks()), [early])
    assert [alert.state for alert in told] == ["firing", "resolved"]
    other = make_rule(stale_after="1h", **{"for": 1e-6}, margin=0.001)
    reminded = Judge([other], ["slack"], clocks(), last_words(told))
    assert alerts(reminded, [early]) == []
    assert [alert.state for alert in alerts(reminded, [late])] == ["firing"]


def test_a_rule_put_back_before_its_removal_was_written_down_begins_anew() -> None:
    rule = make_rule(stale_after="1h")
    first, second = steady([0.02] * 19).cut(0, 20 * US, [10 * US])
    judge = Judge([rule], ["slack"], clocks())
    (fired,) = alerts(judge, [first])
    # By the wall clock, long after; of what the market did since it says nothing.
    told = [fired, *withdrawals([fired], [], 10**18)]
    reminded = Judge([rule], ["slack"], clocks(), last_words(told))
    reminded.restore(judge.state(), [])
    (again,) = alerts(reminded, [second])
    assert (again.state, again.since) == ("firing", 10 * US)
    assert again.id != fired.id


def test_how_far_an_earlier_incident_went_is_not_said_of_the_one_that_is_open() -> None:
    rule = make_rule(stale_after="1h")
    line = steady([0.03] * 5 + [-0.02] * 5 + [0.02] * 5 + [-0.02] * 9)
    early, late = line.cut(0, 25 * US, [15 * US])
    told = alerts(Judge([rule], ["slack"], clocks()), [early])
    assert [(alert.state, alert.peak) for alert in told] == [
        ("firing", 0.03),
        ("resolved", 0.03),
        ("firing", 0.02),
    ]
    reminded = Judge([rule], ["slack"], clocks(), last_words(told))
    (resolved,) = alerts(reminded, [early, late])
    assert (resolved.id, resolved.peak) == (told[-1].id, 0.02)


def test_of_a_rule_by_that_name_about_something_else_nobody_is_reminded() -> None:
    records = steady([0.02] * 19).cut(0, 20 * US, [10 * US])
    (fired,) = alerts(Judge([make_rule(stale_after="1h")], [], clocks()), records[:1])
    other = make_rule(stale_after="1h", watch="left", margin=0.9)
    reminded = Judge([other], [], clocks(), last_words([fired]))
    assert alerts(reminded, records) == []
    assert reminded.firing == {"r": False}


def edited(rule: Rule, draw: Draw) -> Rule:
    """Return a rule about the same, by other numbers."""
    length = st.sampled_from([0, 1, 3, 5])
    return rule.model_copy(
        update={
            "margin": rule.margin + draw(st.sampled_from([-0.012, 0.0, 0.012, 0.4])),
            "hysteresis": draw(st.sampled_from([0.0, 0.004])),
            "hold": timedelta(microseconds=draw(length)),
            "cooldown": timedelta(microseconds=draw(length)),
            "stale_after": timedelta(microseconds=draw(st.sampled_from([2, 8, 60]))),
            "repeat_every": draw(st.sampled_from([None, timedelta(microseconds=2)])),
            "only_when": draw(st.sampled_from([None, "open"])),
        }
    )


@settings(max_examples=400)
@given(cases(), CUTS, st.integers(1, 3), st.data())
def test_whatever_is_edited_what_was_told_to_be_open_is_what_he_holds_open(
    case: tuple[Rule, Line, int, int], cuts: list[int], edits: int, data: st.DataObject
) -> None:
    rule, line, start, end = case
    rules = [rule, *(edited(rule, data.draw) for _ in range(edits))]
    told, state = lived(rules, (line, start, end), cuts, data.draw)
    memory = state["rules"].get("r", {})
    held = set()
    if memory.get("incident") is not None:
        held.add((memory["incident"]["id"], "resolved"))
    if memory.get("silence") is not None:
        held.add((incident_id("r", memory["silence"]), "known"))
    assert {(e.id, e.state.value) for e in withdrawals(told, [], end)} == held
    began: dict[str, int] = {}
    incident: str | None = None
    for alert in told:
        match alert.state:
            case AlertState.FIRING:
                assert incident in (None, alert.id), "one at a time"
                incident, began[alert.id] = alert.id, alert.event_time
            case AlertState.UNKNOWN:
                began[alert.id] = alert.event_time
            case AlertState.RESOLVED:
                assert alert.event_time >= began[alert.id]
                incident = None
            case AlertState.KNOWN:
                assert alert.event_time >= began[alert.id]
