"""First guesses of a total vol, so near that one step makes a vol of them.

Below the knee the curve of prices is smooth once it is measured from foot to
knee, or from nothing to the foot: two numbers, moneyness and how far along a
price lies, say where its total vol is. So it is looked up.

Source: the stretches are P. Jäckel's, "Let's be rational", Wilmott (2015).
"""

import numpy as np
from numpy.typing import NDArray

from streams.volatility.implied.black import normalised
from streams.volatility.implied.landmarks import Foot, foot, knee_price

Column = NDArray[np.float64]

_WIDEST = 1.74  # y^¼ of the last row; further out the last row is guess enough
_ROWS, _CELLS = 96, 192
_SAMPLES = 1024


def guess_below(y: Column, b: Column, foot: Foot, at_knee: Column) -> Column:
    """Return s for prices between foot and knee, right to about 1e-4.

    Args:
        y: |ln(F/K)|.
        b: the normalised price.
        foot: of those y.
        at_knee: b at the knee.
    """
    along = (b - foot.price) / (at_knee - foot.price)
    s: Column = foot.at + (np.sqrt(2 * y) - foot.at) * _TO_KNEE(y, along)
    return s


def guess_far_below(y: Column, log_b: Column, foot: Foot) -> Column:
    """Return s for prices below the foot, right to about 1e-4.

    Args:
        y: |ln(F/K)|.
        log_b: logarithm of the normalised price.
        foot: of those y.
    """
    # 1/√(−ln b) is nearly a straight line in s.
    along = np.sqrt(np.log(foot.price) / log_b)
    s: Column = foot.at * along * _TO_FOOT(y, along)
    return s


class _Table:
    """A function of y^¼ and of a share of the way, linear between even points."""

    def __init__(self, values: Column) -> None:
        self._values = values.ravel()

    def __call__(self, y: Column, along: Column) -> Column:
        down = np.sqrt(np.sqrt(y))
        down *= _ROWS / _WIDEST
        along = along * _CELLS
        row = np.minimum(down, _ROWS - 1).astype(np.intp)
        cell = np.minimum(along, _CELLS - 1).astype(np.intp)
        down -= row
        along -= cell
        row *= _CELLS + 1
        cell += row
        near = self._values.take(cell)
        far = self._values.take(cell + 1)
        cell += _CELLS + 1
        under = self._values.take(cell)
        beyond = self._values.take(cell + 1)
        near += (far - near) * along
        under += (beyond - under) * along
        near += (under - near) * down
        return near


def _tabulated() -> tuple[_Table, _Table]:
    """Return the ways from foot to knee and from nothing to the foot."""
    to_knee, to_foot = np.empty((2, _ROWS + 1, _CELLS + 1))
    way = np.linspace(1 / _SAMPLES, 1.0, _SAMPLES)
    even = np.linspace(0.0, 1.0, _CELLS + 1)
    for row, root in enumerate(np.linspace(0.0, _WIDEST, _ROWS + 1).tolist()):
        y = np.full(_SAMPLES, max(root, 0.02) ** 4)
        at, knee = foot(y), np.sqrt(2 * y)
        b = normalised(y, at.at + (knee - at.at) * way)
        along = (b - at.price) / (knee_price(y) - at.price)
        to_knee[row] = np.interp(even, along, way)
        b = normalised(y, at.at * way)
        said = b > 0
        along = np.sqrt(np.log(at.price[said]) / np.log(b[said]))
        to_foot[row] = np.interp(even, along, way[said] / along)
    return _Table(to_knee), _Table(to_foot)


_TO_KNEE, _TO_FOOT = _tabulated()
