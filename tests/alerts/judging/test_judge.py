"""What the judge says of a line, whatever the record; and what it remembers."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given

from alerts.words.message import compose
from alerts.words.settings import Links
from streams.agents.stage import Gap, Out
from streams.events import Alert, AlertState
from tests.alerts.judging.lines import US, Line, alerts, lines, make_judge, steady


@given(lines())
def test_below_is_above_upside_down(drawn: tuple[Line, int, int]) -> None:
    line, start, end = drawn
    above = alerts(make_judge(margin=0.005), line.cut(start, end, []))
    down = Line(
        line.at, [-(s or 0.0) for s in line.spread], line.left_at, line.right_at
    )
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
