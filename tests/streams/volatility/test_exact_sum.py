import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.volatility.exact_sum import LIMIT, UNITS, to_double, to_limbs

GRAIN = Fraction(UNITS[-1])
ADDENDS = st.lists(st.floats(-LIMIT, LIMIT), min_size=1, max_size=50)
SQUARES = st.lists(st.floats(0, LIMIT), min_size=1, max_size=50)


def exact(limbs: np.ndarray) -> Fraction:
    return sum(
        (
            int(limb) * Fraction(unit)
            for limb, unit in zip(limbs.tolist(), UNITS, strict=True)
        ),
        Fraction(0),
    )


def cut_off(addend: float) -> Fraction:
    """Return the addend without what is below the grain."""
    return math.trunc(Fraction(addend) / GRAIN) * GRAIN


@given(ADDENDS)
def test_the_limbs_are_the_number_down_to_the_grain(addends: list[float]) -> None:
    limbs = to_limbs(np.array(addends))
    for column, addend in zip(limbs.T, addends, strict=True):
        assert exact(column) == cut_off(addend)


@given(ADDENDS)
def test_their_sum_is_the_sum(addends: list[float]) -> None:
    sums = to_limbs(np.array(addends)).sum(axis=1)
    assert exact(sums) == sum(map(cut_off, addends))


@given(SQUARES)
def test_a_sum_of_squares_is_right_to_two_units_in_the_last_place(
    addends: list[float],
) -> None:
    sums = to_limbs(np.array(addends)).sum(axis=1, keepdims=True)
    total = float(sum(map(cut_off, addends)))
    assert to_double(sums)[0] == pytest.approx(total, rel=4e-16, abs=0)


@given(ADDENDS, st.integers(0, 2**64 - 1))
def test_a_running_total_may_wrap_around(addends: list[float], before: int) -> None:
    limbs = to_limbs(np.array(addends))
    start = np.uint64(before).astype(np.int64)
    totals = start + np.cumsum(limbs, axis=1)
    assert (totals[:, -1] - start == limbs.sum(axis=1)).all()


@pytest.mark.parametrize("bad", [LIMIT * 1.01, -LIMIT * 1.01, np.inf, -np.inf, np.nan])
def test_what_it_cannot_hold_it_refuses(bad: float) -> None:
    with pytest.raises(ValueError, match="addend"):
        to_limbs(np.array([0.0, bad]))
