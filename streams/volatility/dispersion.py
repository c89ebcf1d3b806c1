"""Squares about the mean, without the cancellation that usually eats them.

Σ(x − m)² = Σx² − (Σx)²/n is a difference of near-equal numbers wherever the
mean is large against the scatter. It is harmless here: the squares enter with
their rounding errors, the sums are exact, and the difference is taken in
pairs of doubles: right to 1e-9 down to a scatter of 1e-9 of the mean.
"""

import numpy as np

from streams.volatility.exact_sum import (
    LIMBS,
    Column,
    Limbs,
    to_double_double,
    to_limbs,
)

_FINE = 7
"""Limbs of a square with its rounding error: down to 2⁻²²⁴."""

DISPERSION_LIMBS = LIMBS + _FINE

_SPLITTER = 2.0**27 + 1


def dispersion_terms(x: Column) -> Limbs:
    """Return what to sum for each x, shape (DISPERSION_LIMBS, n)."""
    values = to_limbs(x)  # refuses what is not finite
    square, slip = _product(x, x)
    squares = to_limbs(square, _FINE)
    squares += to_limbs(slip, _FINE)
    return np.concatenate((values, squares))


def dispersion(sums: Limbs, count: Column) -> Column:
    """Return Σ(x − m)² about the mean m of `count` numbers."""
    sum_high, sum_low = to_double_double(sums[:LIMBS])
    square_high, square_low = to_double_double(sums[LIMBS:])
    mean_square, mean_slip = _product(sum_high, sum_high)
    scaled, slip = _product(count, square_high)
    low = slip - mean_slip + count * square_low - 2 * sum_high * sum_low
    difference = scaled - mean_square
    back = difference - scaled
    low += (scaled - (difference - back)) - (mean_square + back)
    # Rounding may leave a hair below zero where all x are equal.
    about_mean: Column = np.maximum(difference + low, 0.0) / count
    return about_mean


def deviation(x: Column, sums: Limbs, count: Column) -> Column:
    """Return x − m, the mean of `count` numbers, with all its digits."""
    sum_high, sum_low = to_double_double(sums[:LIMBS])
    scaled, slip = _product(count, x)
    difference = scaled - sum_high
    back = difference - scaled
    lost = (scaled - (difference - back)) - (sum_high + back)
    from_mean: Column = (difference + (lost + slip - sum_low)) / count
    return from_mean


def _product(a: Column, b: Column) -> tuple[Column, Column]:
    """Return a·b and its rounding error, exactly (Dekker, Veltkamp)."""
    product = a * b
    a_high, b_high = _high(a), _high(b)
    a_low, b_low = a - a_high, b - b_high
    slip = (
        (a_high * b_high - product) + a_high * b_low + a_low * b_high
    ) + a_low * b_low
    return product, slip


def _high(a: Column) -> Column:
    far = _SPLITTER * a
    high: Column = far - (far - a)
    return high
