"""Bipower volatility, which a jump does not move."""

import math
from typing import ClassVar

import numpy as np

from streams.volatility.bars import Column
from streams.volatility.exact_sum import LIMBS, Integers, to_double, to_limbs
from streams.volatility.span import Steps
from streams.volatility.windowed import Sums, WindowedVolatility


class Bipower(WindowedVolatility):
    """The mean product of neighbouring absolute returns, scaled.

    σ² = A · π/2 · Σ |rᵢ||rᵢ₋₁| / Σ √(Δᵢ Δᵢ₋₁) over the pairs within the
    window, Δ the market time each return took; on an even grid that is the
    field's A/n · π/2 · n/(n−1) · Σ |rᵢ||rᵢ₋₁|. A jump meets a small
    neighbour and counts for little, so close-to-close less bipower is what
    jumps contribute. Zero returns pull it down: a grid finer than its source
    makes it exactly 0. NaN before the third close.

    Source: O. Barndorff-Nielsen and N. Shephard, Journal of Financial
    Econometrics 2 (2004).
    """

    columns: ClassVar[int] = LIMBS + 1

    def _terms(self, steps: Steps) -> Integers:
        size = np.abs(steps.returns)
        before = np.concatenate(([abs(steps.earlier.last_return)], size[:-1]))
        root = np.sqrt(steps.elapsed)
        root_before = np.concatenate(
            ([math.sqrt(steps.earlier.last_elapsed)], root[:-1]),
        )
        times = np.rint(root * root_before).astype(np.int64)
        return np.vstack((to_limbs(size * before), times))

    def _variance(self, windows: Sums) -> Column:
        # The oldest return's other half lies outside the window.
        sums = windows(slice(0, LIMBS + 1), but_the_oldest=True)
        products, times = to_double(sums[:LIMBS]), sums[LIMBS]
        variance: Column = math.pi / 2 * products * (windows.elapsed / times)
        return variance
