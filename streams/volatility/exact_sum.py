"""Sums of doubles that are exact, so that order, batches and restarts vanish.

A running float sum remembers every number that ever passed through it: after
one crash the small returns that follow lose their digits for good, and two
histories of the same window disagree. Here every addend becomes an integer,
a fixed-point number split into limbs of 32 bits; integers add without
rounding, in any order. The sum of a window is then the difference of two
running totals, and no trace is left of what came before it.

Running totals may wrap around 2⁶⁴: their difference does not, as long as the
sum of the window itself fits.

Domain: addends of magnitude up to `LIMIT`, in windows of up to `MOST_ROWS`
rows. What an addend holds below 2^(-32·limbs) is cut off; with five limbs
(2⁻¹⁶⁰) that is nothing for any product of two log returns of doubles, which
is either 0 or above 2⁻¹⁰⁸, with its last bit above 2⁻¹⁶¹.
"""

import numpy as np
from numpy.typing import NDArray

Column = NDArray[np.float64]
Limbs = NDArray[np.int64]

LIMIT = 64.0
"""The largest addend; as the square of a log return, a price ×2980."""
MOST_ROWS = 2**24
"""How many addends a window may sum: LIMIT × MOST_ROWS × 2³² < 2⁶³."""
LIMBS = 5

_BITS = 32
_RADIX = 2.0**_BITS
_MASK = 2**_BITS - 1


def to_limbs(addends: Column, limbs: int = LIMBS) -> Limbs:
    """Split each addend into integers of 2⁻³², 2⁻⁶⁴, … of the same sign.

    Args:
        addends: n numbers.
        limbs: how many integers each.

    Returns:
        Shape (limbs, n), the coarsest first.

    Raises:
        ValueError: an addend is not finite, or larger than `LIMIT`.
    """
    if not (np.abs(addends) <= LIMIT).all():
        raise ValueError(f"an addend of the window is beyond ±{LIMIT} or not finite")
    split = np.empty((limbs, addends.size), dtype=np.int64)
    rest, whole = addends.copy(), np.empty_like(addends)
    for limb in split:
        rest *= _RADIX  # a power of two: exact, as is what is left after trunc
        np.trunc(rest, out=whole)
        limb[:] = whole
        rest -= whole
    return split


def to_double(sums: Limbs) -> Column:
    """Return the sums as doubles, right to two units in the last place.

    Args:
        sums: shape (limbs, n), any integers.
    """
    return _add_up(_carried(sums))


def to_double_double(sums: Limbs) -> tuple[Column, Column]:
    """Return the sums as unevaluated pairs of doubles, right to about 2⁻¹⁰⁴.

    For differences of near-equal sums, which need twice the digits.
    """
    carried = _carried(sums)
    high, low = np.zeros(sums.shape[1]), np.zeros(sums.shape[1])
    for number, limb in enumerate(carried, start=1):
        term = limb * _RADIX**-number
        # Knuth's two-sum: total + slip is exactly high + term.
        total = high + term
        back = total - high
        slip = (high - (total - back)) + (term - back)
        high, low = total, low + slip
    total = high + low
    return total, low - (total - high)


def _carried(sums: Limbs) -> Limbs:
    """Return the same numbers with every limb but the first in [0, 2³²)."""
    carried = sums.copy()
    for finer in range(len(carried) - 1, 0, -1):
        carried[finer - 1] += carried[finer] >> _BITS
        carried[finer] &= _MASK
    return carried


def _add_up(carried: Limbs) -> Column:
    # From the coarsest: where limbs cancel, the partial sums are exact.
    total = np.zeros(carried.shape[1])
    for number, limb in enumerate(carried, start=1):
        total += limb * _RADIX**-number
    return total
