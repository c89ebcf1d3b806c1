"""Where the curve of prices against total vol turns, for each moneyness.

At y = |ln(F/K)| the normalised price b(s) has its inflection, the *knee*, at
s = √(2y); the tangent there meets zero at the *foot*. Both divide the
solver's work and anchor its first guesses, so they need be only nearly right:
they are looked up, which costs a tenth of working them out.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import special

from streams.volatility.implied.black import normalised

Column = NDArray[np.float64]

SLACK = 1e-4
"""How far, relatively, a landmark may lie from the truth; the tables' error is
a hundred times smaller."""

_WIDEST = 3.0  # √y of what the tables hold: strikes up to e⁹ times the forward
_CELLS = 2048


class Foot(NamedTuple):
    """Where the tangent at the knee meets zero.

    Attributes:
        at: total vol there.
        price: b there.
    """

    at: Column
    price: Column


def knee_price(moneyness: Column) -> Column:
    """Return b at the knee."""
    root = np.sqrt(moneyness)
    if root.max(initial=0.0) >= _WIDEST:
        return _exact_knee_price(moneyness)
    return root * _KNEE(root)


def foot(moneyness: Column) -> Foot:
    """Return the foot; of no meaning where moneyness is 0."""
    root = np.sqrt(moneyness)
    if root.max(initial=0.0) >= _WIDEST:
        return _exact_foot(moneyness)
    return Foot(moneyness * _FOOT(root), moneyness * _FOOT_PRICE(root))


def _exact_knee_price(y: Column) -> Column:
    price: Column = 0.5 * np.exp(-y / 2) * (1 - special.erfcx(np.sqrt(y)))
    return price


def _exact_foot(y: Column) -> Foot:
    # At y = 0 there is no foot, and nobody asks for it: the knee is at 0 too.
    with np.errstate(divide="ignore", invalid="ignore", under="ignore"):
        slope = np.exp(-y / 2) / np.sqrt(2 * np.pi)
        # y / 40 is past all doubles: no price is so small.
        at = np.fmax(np.sqrt(2 * y) - _exact_knee_price(y) / slope, y / 40)
        return Foot(at, normalised(y, at))


class _Table:
    """A function of √y, linear between points that lie even."""

    def __init__(self, values: Column) -> None:
        # What vanishes with y is divided by it; the limit continues the line.
        values = np.concatenate(([2 * values[0] - values[1]], values))
        self._values, self._slopes = values[:-1].copy(), np.diff(values)

    def __call__(self, root: Column) -> Column:
        place = root * (_CELLS / _WIDEST)
        cell = place.astype(np.intp)
        place -= cell
        place *= self._slopes.take(cell)
        place += self._values.take(cell)
        return place


_roots: Column = np.arange(1.0, _CELLS + 1.0) * (_WIDEST / _CELLS)
_feet = _exact_foot(_roots**2)
_KNEE = _Table(_exact_knee_price(_roots**2) / _roots)
_FOOT = _Table(_feet.at / _roots**2)
_FOOT_PRICE = _Table(_feet.price / _roots**2)
