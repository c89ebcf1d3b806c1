"""What becomes of an incident when its rule is edited, renamed or removed."""

from msgspec.structs import replace

from alerts.fields import TEST_RULE
from alerts.judging.judge import Judge
from alerts.judging.rule import DEFAULT_RULE
from alerts.judging.withdrawal import CHANGED, REMOVED, withdrawals
from streams.events import Alert, AlertState
from tests.alerts.judging.lines import US, alerts, clocks, make_judge, make_rule, steady
from tests.alerts.samples import EVENT_TIME, FIRING, MINUTE, RESOLVED

NOW = EVENT_TIME + 500 * MINUTE
UNKNOWN = replace(
    FIRING, id="silent", state=AlertState.UNKNOWN, event_time=EVENT_TIME + MINUTE
)
KNOWN = replace(UNKNOWN, state=AlertState.KNOWN, event_time=EVENT_TIME + 2 * MINUTE)


def test_a_rule_that_is_removed_while_it_fires_is_resolved_for_that_reason() -> None:
    (end,) = withdrawals([FIRING], [], NOW)
    assert (end.id, end.state, end.reason) == (FIRING.id, "resolved", REMOVED)
    assert (end.event_time, end.since, end.began) == (NOW, NOW, FIRING.began)
    assert end.value is None
    assert end.channels == FIRING.channels


def test_it_is_told_once_whoever_looks_again() -> None:
    (end,) = withdrawals([FIRING], [], NOW)
    assert withdrawals([FIRING, end], [], NOW + 1) == []
    assert withdrawals([FIRING, FIRING], [], NOW) == [end]


def test_a_rule_that_is_there_or_was_over_is_left_alone() -> None:
    assert withdrawals([FIRING], [DEFAULT_RULE], NOW) == []
    assert withdrawals([FIRING, RESOLVED], [], NOW) == []
    assert withdrawals([UNKNOWN, KNOWN], [], NOW) == []


def test_a_margin_that_is_moved_withdraws_nothing_but_another_subject_does() -> None:
    def edited(**given: object) -> list[Alert]:
        rule = DEFAULT_RULE.model_copy(update=given)
        return withdrawals([FIRING], [rule], NOW)

    assert edited(margin=0.3, hysteresis=0.2, severity="critical") == []
    for given in (
        {"pair": "NVDA/ETH"},
        {"comparison": "ewma/30d"},
        {"watch": "ratio"},
        {"when": "below"},
    ):
        (end,) = edited(**given)
        assert end.reason == CHANGED


def test_what_began_at_one_instant_under_two_editions_of_a_rule_ends_twice() -> None:
    unknown = replace(UNKNOWN, id=FIRING.id)
    ends = withdrawals([unknown, FIRING], [], NOW)
    assert [end.state for end in ends] == ["known", "resolved"]
    assert withdrawals([unknown, FIRING, *ends], [], NOW) == []


def test_a_silence_ends_as_one_and_what_was_updated_is_still_one_incident() -> None:
    update = replace(FIRING, id="update", state=AlertState.UPDATED, peak=0.5)
    ends = withdrawals([FIRING, UNKNOWN, update], [], NOW)
    assert [(end.id, end.state) for end in ends] == [
        ("silent", "known"),
        (FIRING.id, "resolved"),
    ]
    assert ends[1].peak == 0.5
    assert ends[0].since == UNKNOWN.since


def test_a_test_of_the_channels_is_no_incident() -> None:
    assert withdrawals([replace(FIRING, rule=TEST_RULE)], [], NOW) == []


def fired() -> tuple[Judge, Alert]:
    judge = make_judge(stale_after="1h")
    (alert,) = alerts(judge, steady([0.02] * 9).cut(0, 10 * US, []))
    return judge, alert


def later(judge: Judge, spread: float) -> list[Alert]:
    """Go on with ten more rows."""
    line = steady([0.02] * 9 + [spread] * 10)
    return alerts(judge, [line.record(10 * US, 20 * US, 9, 19)])


def test_an_edited_rule_keeps_its_incident_and_the_id() -> None:
    judge, alert = fired()
    judge.adopt([make_rule(stale_after="1h", margin=0.05, hysteresis=0.02)], clocks())
    (resolved,) = later(judge, 0.02)  # clear of the new margin
    assert (resolved.id, resolved.state) == (alert.id, "resolved")
    # It counts from the edit: what it was by other numbers is nothing to go by.
    assert (resolved.since, resolved.event_time) == (10 * US, 13 * US)
    assert resolved.margin == 0.05


def test_so_it_does_across_a_restart() -> None:
    judge, alert = fired()
    again = make_judge(stale_after="1h", margin=0.05, hysteresis=0.02)
    again.restore(judge.state(), [])
    (resolved,) = later(again, 0.02)
    assert resolved.id == alert.id


def test_a_rule_left_as_it_is_does_not_notice_that_others_came_and_went() -> None:
    rule = make_rule(stale_after="1h", **{"for": 5e-6})
    line = steady([0.02] * 19)
    undisturbed = Judge([rule], [], clocks())
    expected = alerts(undisturbed, line.cut(0, 20 * US, []))
    judge = Judge([rule], [], clocks())
    other = make_rule(name="other", margin=0.01, stale_after="1h")
    told = alerts(judge, [line.record(0, 3 * US, 0, 2)])
    judge.adopt([rule, other], clocks())
    told += alerts(judge, [line.record(3 * US, 5 * US, 2, 4)])
    judge.adopt([rule], clocks())
    told += alerts(judge, [line.record(5 * US, 20 * US, 4, 19)])
    assert [a for a in told if a.rule == "r"] == expected
    assert len(expected) == 1
    assert judge.firing == {"r": True}


def test_a_rule_about_something_else_begins_anew() -> None:
    judge, alert = fired()
    judge.adopt([make_rule(stale_after="1h", watch="ratio", margin=1.0)], clocks())
    assert judge.firing == {}
    (again,) = later(judge, 0.02)
    assert again.state == "firing"
    assert again.id != alert.id
    assert again.since == 10 * US


def test_a_state_from_before_rules_were_written_down_is_taken_as_it_is() -> None:
    judge, alert = fired()
    state = judge.state()
    del state["held"]
    run = state["rules"]["r"].pop("beyond")
    state["rules"]["r"] = {"run": run, "incident": state["rules"]["r"]["incident"]}
    again = make_judge(stale_after="1h")
    again.restore(state, [])
    (resolved,) = later(again, -0.02)
    assert (resolved.id, resolved.state) == (alert.id, "resolved")


def test_a_rule_taken_out_and_put_back_finds_no_gap() -> None:
    judge, _ = fired()
    rule = make_rule(stale_after="1h")
    judge.adopt([], clocks())
    assert later(judge, 0.02) == []
    judge.adopt([rule], clocks())
    line = steady([0.02] * 40)
    (again,) = alerts(judge, [line.record(30 * US, 40 * US, 30, 39)])
    assert again.since == 31 * US
