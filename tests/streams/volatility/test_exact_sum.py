import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.volatility.exact_sum import (
    LIMIT,
    to_double,
    to_double_double,
    to_limbs,
)

ADDENDS = st.lists(
    st.floats(-LIMIT, LIMIT).filter(lambda x: x == 0 or abs(x) > 2.0**-107),
    min_size=1,
    max_size=50,
)


def exact(limbs: np.ndarray) -> Fraction:
    return sum(
        (
            Fraction(int(limb), 2 ** (32 * number))
            for number, limb in enumerate(limbs, start=1)
        ),
        Fraction(0),
    )


@given(ADDENDS)
def test_the_limbs_are_the_number_itself(addends: list[float]) -> None:
    limbs = to_limbs(np.array(addends))
    for column, addend in zip(limbs.T, addends, strict=True):
        assert exact(column) == Fraction(addend)


@given(ADDENDS)
def test_their_sum_is_the_sum(addends: list[float]) -> None:
    sums = to_limbs(np.array(addends)).sum(axis=1, keepdims=True)
    assert exact(sums[:, 0]) == sum(map(Fraction, addends))
    assert to_double(sums)[0] == pytest.approx(math.fsum(addends), rel=4e-16, abs=0)


@given(ADDENDS)
def test_the_pair_of_doubles_has_twice_the_digits(addends: list[float]) -> None:
    sums = to_limbs(np.array(addends)).sum(axis=1, keepdims=True)
    high, low = to_double_double(sums)
    got, want = Fraction(high[0]) + Fraction(low[0]), exact(sums[:, 0])
    assert abs(got - want) <= abs(want) / 2**100


@given(ADDENDS, st.integers(0, 2**64 - 1))
def test_a_running_total_may_wrap_around(addends: list[float], before: int) -> None:
    limbs = to_limbs(np.array(addends))
    start = np.uint64(before).astype(np.int64)
    totals = start + np.cumsum(limbs, axis=1)
    assert (totals[:, -1] - start == limbs.sum(axis=1)).all()


@pytest.mark.parametrize("bad", [LIMIT * 1.01, -65.0, np.inf, np.nan])
def test_what_it_cannot_hold_it_refuses(bad: float) -> None:
    with pytest.raises(ValueError, match="addend"):
        to_limbs(np.array([0.0, bad]))
