"""Squares about the mean, without the cancellation that usually eats them.

Σ(x − m)² = Σx² − (Σx)²/n is a difference of near-equal numbers wherever the
mean is large against the scatter. It is harmless here: x is a multiple of
2⁻⁵⁴, its square one of 2⁻¹⁰⁸, both sums are exact, and where the difference of
two doubles would lose digits it is taken in integers of any length.

Rounding x to a multiple of 2⁻⁵⁴ moves a standard deviation by 2⁻⁵⁵ at most,
a quarter of what rounding a price to a double may do to a return.
"""

import numpy as np

from streams.volatility.exact_sum import (
    BITS,
    LIMBS,
    Column,
    Integers,
    Limbs,
    to_double,
)

DISPERSION_LIMBS = 2 + LIMBS
"""Two limbs of x, those of its square."""
SQUARE_LIMBS = slice(2, DISPERSION_LIMBS)
"""Which of them are the square's."""
LARGEST = 8.0
"""The largest x, so that its square is within what can be summed."""

_GRAIN = 2.0**-54
_MASK = 2**BITS - 1

_DIGITS_LOST = 2.0**-10
"""What share of Σx² must be left of it, for a difference of doubles to do."""


def dispersion_terms(x: Column) -> Limbs:
    """Return what to sum for each x, shape (DISPERSION_LIMBS, n).

    Raises:
        ValueError: an x is not finite, or larger than `LARGEST`.
    """
    terms = np.empty((DISPERSION_LIMBS, x.size), dtype=np.int64)
    _split(x, terms[:2])
    high, low = terms[:2]
    # (high·2³⁸ + low)² = high²·2⁷⁶ + 2·high·low·2³⁸ + low², and low² has 76
    # bits: the lower 38 survive a product that wraps around, the upper 38 are
    # what a double still knows of the rest.
    np.multiply(low, low, out=terms[4])
    terms[4] &= _MASK
    square = low.astype(np.float64)
    square *= square
    square -= terms[4]
    square *= 2.0**-BITS
    middle, coarse = np.rint(square, out=square).astype(np.int64), terms[2]
    np.multiply(high, low, out=coarse)
    coarse += coarse
    middle += coarse
    np.bitwise_and(middle, _MASK, out=terms[3])
    middle >>= BITS
    np.multiply(high, high, out=coarse)
    coarse += middle
    return terms


def dispersion(sums: Limbs, count: Column) -> Column:
    """Return Σ(x − m)² about the mean m of `count` numbers."""
    about_mean = to_double(sums[2:])
    least = about_mean * _DIGITS_LOST
    total = _values(sums)
    total *= total
    total /= count
    about_mean -= total
    cancelled = np.flatnonzero(about_mean < least)
    for row in cancelled.tolist():
        about_mean[row] = _exactly(sums[:, row].tolist(), int(count[row]))
    return about_mean


def deviation(x: Column, sums: Limbs, count: Column) -> Column:
    """Return x − m, the mean of `count` numbers, with all its digits."""
    from_mean = np.empty((2, x.size), dtype=np.int64)
    _split(x, from_mean)
    from_mean *= count.astype(np.int64)
    from_mean -= sums[:2]
    return _values(from_mean) / count


def _split(x: Column, out: Limbs) -> None:
    """Write x, in grains, as high·2³⁸ + low with low in [0, 2³⁸)."""
    if x.size and not (x.min() >= -LARGEST and x.max() <= LARGEST):
        raise ValueError(f"an addend of the window is beyond ±{LARGEST} or not finite")
    whole = x / _GRAIN
    grains = np.rint(whole, out=whole).astype(np.int64)
    np.right_shift(grains, BITS, out=out[0])
    np.bitwise_and(grains, _MASK, out=out[1])


def _values(limbs: Limbs) -> Column:
    """Return high·2³⁸ + low grains as doubles."""
    low: Integers = limbs[1]
    # Of both signs: what low has too much of belongs to high, or would be lost.
    values: Column = (limbs[0] + (low >> BITS)) * (_GRAIN * 2.0**BITS)
    values += (low & _MASK) * _GRAIN
    return values


def _exactly(sums: list[int], n: int) -> float:
    """Return (n·Σx² − (Σx)²)/n, rounded once."""
    high, low, coarse, fine, finest = sums
    total = (high << BITS) + low
    squares = (coarse << 2 * BITS) + (fine << BITS) + finest
    return (n * squares - total * total) / (n << 108)
