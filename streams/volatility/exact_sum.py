"""Sums of doubles that are exact, so that order, batches and restarts vanish.

A running float sum remembers every number that ever passed through it: after
one crash the small returns that follow lose their digits for good, and two
histories of the same window disagree. Here every addend becomes an integer,
a multiple of 2⁻¹⁰⁸ split into three limbs; integers add without rounding, in
any order. The sum of a window is then the difference of two running totals,
and no trace is left of what came before it.

Running totals may wrap around 2⁶⁴: their difference does not, as long as the
sum of the window itself fits.

Domain: addends of magnitude up to `LIMIT`, in windows of up to `MOST_ROWS`
rows. What an addend holds below 2⁻¹⁰⁸ is cut off: it is the square of a
return of 6e-17, a quarter of what rounding two prices to doubles may make.
"""

import numpy as np
from numpy.typing import NDArray

Column = NDArray[np.float64]
Integers = NDArray[np.int64]
Limbs = NDArray[np.int64]

LIMIT = 96.0
"""The largest addend; as the square of a log return, a price ×18,000."""
MOST_ROWS = 2**24
"""How many addends a window may sum: LIMIT × MOST_ROWS × 2³² < 2⁶³."""
LIMBS = 3

BITS = 38
"""Of every limb but the first: 2³⁸ × MOST_ROWS < 2⁶³."""
UNITS = (2.0**-32, 2.0**-70, 2.0**-108)
"""What 1 means in each limb."""

_RADIX = 2.0**BITS


def to_limbs(addends: Column) -> Limbs:
    """Split each addend into integers of 2⁻³², 2⁻⁷⁰ and 2⁻¹⁰⁸, of the same sign.

    Args:
        addends: n numbers.

    Returns:
        Shape (LIMBS, n), the coarsest first.

    Raises:
        ValueError: an addend is not finite, or larger than `LIMIT`.
    """
    # A NaN is its own extreme, and within nothing.
    if addends.size and not (addends.min() >= -LIMIT and addends.max() <= LIMIT):
        raise ValueError(f"an addend of the window is beyond ±{LIMIT} or not finite")
    split = np.empty((LIMBS, addends.size), dtype=np.int64)
    rest = addends / UNITS[0]
    for limb in split[:-1]:
        whole = np.trunc(rest)
        limb[:] = whole
        rest -= whole  # exact, as is the product with a power of two
        rest *= _RADIX
    split[-1] = rest
    return split


def to_double(sums: Limbs) -> Column:
    """Return sums of addends of one sign, right to two units in the last place.

    Args:
        sums: shape (LIMBS, n).
    """
    coarse, fine, finest = (limb * unit for limb, unit in zip(sums, UNITS, strict=True))
    fine += finest
    coarse += fine
    total: Column = coarse
    return total
