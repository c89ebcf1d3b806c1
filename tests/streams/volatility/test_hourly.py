import json
import statistics
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.volatility.hourly import HourlyScore
from tests.streams.volatility.conftest import HOUR_NS

RNG = np.random.default_rng(4)
AT = np.unique(RNG.integers(0, 1000 * HOUR_NS, 6000))
VALUE = 0.05 + np.cumsum(RNG.normal(0, 0.002, AT.size))


def test_a_value_is_scored_among_the_closes_of_the_hours_before() -> None:
    scores = HourlyScore().update(AT, VALUE)
    hours = AT // HOUR_NS
    for row in range(0, AT.size, 7):
        inside = (hours < hours[row]) & (hours > hours[row] - 720)
        closing = np.append(np.diff(hours) > 0, True) & inside
        history = np.append(VALUE[closing], VALUE[row])
        if history.size <= 24:
            assert np.isnan(scores[row])
            continue
        exact = (VALUE[row] - history.mean()) / history.std(ddof=1)
        assert scores[row] == pytest.approx(exact, rel=1e-9, abs=1e-12)


def test_scores_are_exact_where_doubles_cancel() -> None:
    # A tiny scatter on a level: squares of doubles would leave no digits.
    value = 5.0 + 1e-8 * RNG.random(100)
    scores = HourlyScore().update(np.arange(100) * HOUR_NS, value)
    for row in range(24, 100):
        exact = [Fraction(x) for x in value[: row + 1].tolist()]
        from_mean = exact[-1] - sum(exact) / len(exact)
        expected = float(from_mean) / statistics.stdev(exact)
        assert scores[row] == pytest.approx(expected, rel=1e-9)


@settings(max_examples=10, deadline=None)
@given(st.lists(st.integers(0, AT.size), max_size=5))
def test_scores_survive_batches_and_restarts(cuts: list[int]) -> None:
    whole = HourlyScore().update(AT, VALUE)
    parts, score = [], HourlyScore()
    edges = [0, *sorted(cuts), AT.size]
    for a, b in pairwise(edges):
        parts.append(score.update(AT[a:b], VALUE[a:b]))
        state = json.loads(json.dumps(score.state()))
        assert len(state["closes"]) <= 720
        score = HourlyScore()
        score.restore(state)
    assert np.concatenate(parts).tobytes() == whole.tobytes()


def test_what_the_sums_cannot_hold_has_no_score_and_is_no_history() -> None:
    wild = VALUE.copy()
    wild[5000] = 9.5
    scores = HourlyScore().update(AT, wild)
    assert np.isnan(scores[5000])
    others = np.arange(AT.size) != 5000
    without = HourlyScore().update(AT[others], VALUE[others])
    assert scores[others].tobytes() == without.tobytes()


def test_hours_that_are_all_equal_have_no_score() -> None:
    at = np.arange(100) * HOUR_NS
    assert np.isnan(HourlyScore().update(at, np.full(100, 0.25))).all()
