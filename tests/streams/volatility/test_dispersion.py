import statistics
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.volatility.dispersion import (
    LARGEST,
    deviation,
    dispersion,
    dispersion_terms,
)

GRAIN = Fraction(1, 2**54)
NUMBERS = st.lists(st.floats(-LARGEST, LARGEST), min_size=2, max_size=50)


def grains(x: float) -> int:
    return round(Fraction(x) / GRAIN)


@given(NUMBERS)
def test_the_terms_are_the_number_and_its_square_in_grains(x: list[float]) -> None:
    for terms, number in zip(dispersion_terms(np.array(x)).T, x, strict=True):
        high, low, coarse, fine, finest = map(int, terms)
        assert (high << 38) + low == grains(number)
        assert (coarse << 76) + (fine << 38) + finest == grains(number) ** 2
        # What every row may add to a window of 2²⁴ of them.
        assert max(abs(high), low, coarse, fine, finest) <= 2**38


@given(NUMBERS, st.floats(-4, 4), st.integers(0, 50))
def test_it_is_the_exact_one_whatever_the_level(
    scatter: list[float], level: float, shrink: int
) -> None:
    x = np.array(scatter) / 2 * 2.0**-shrink + level
    terms = dispersion_terms(x).sum(axis=1, keepdims=True)
    n = np.array([float(x.size)])
    whole = [grains(number) * GRAIN for number in x.tolist()]
    mean = sum(whole) / len(whole)
    exact = float(sum((number - mean) ** 2 for number in whole))
    assert dispersion(terms, n)[0] == pytest.approx(exact, rel=1e-12, abs=0)
    from_mean = deviation(x[:1], terms, n)[0]
    assert from_mean == pytest.approx(float(whole[0] - mean), rel=1e-15, abs=0)


def test_a_window_of_equal_numbers_has_none() -> None:
    terms = dispersion_terms(np.full(1000, 0.1)).sum(axis=1, keepdims=True)
    assert dispersion(terms, np.array([1000.0]))[0] == 0


def test_millions_of_the_largest_numbers_fit() -> None:
    once = dispersion_terms(np.array([LARGEST, -LARGEST, np.pi, -0.1]))
    sums = once.sum(axis=1, keepdims=True) * 2**22
    expected = 2**24 * statistics.pvariance([LARGEST, -LARGEST, np.pi, -0.1])
    assert dispersion(sums, np.array([2.0**24]))[0] == pytest.approx(expected)


@pytest.mark.parametrize("bad", [LARGEST * 1.01, -9.0, np.inf, -np.inf, np.nan])
def test_what_it_cannot_hold_it_refuses(bad: float) -> None:
    with pytest.raises(ValueError, match="addend"):
        dispersion_terms(np.array([0.0, bad]))
