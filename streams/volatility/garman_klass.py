"""Garman and Klass's volatility, from each bar's range and its own return."""

import math
from typing import ClassVar

from streams.volatility.bars import Column, log_return
from streams.volatility.exact_sum import LIMBS, Integers, to_double, to_limbs
from streams.volatility.span import Steps
from streams.volatility.windowed import Sums, WindowedVolatility


class GarmanKlass(WindowedVolatility):
    """Half the squared range, less a share of the squared open-to-close.

    σ² = A/T · Σ [½ ln(H/L)² − (2 ln 2 − 1) ln(C/O)²]. More efficient than
    `Parkinson`, and like it blind between bars; a drift biases it.

    Source: M. Garman and M. Klass, The Journal of Business 53 (1980).
    """

    columns: ClassVar[int] = LIMBS

    def _terms(self, steps: Steps) -> Integers:
        ranges = log_return(steps.bars.low, steps.bars.high)
        moves = log_return(steps.bars.open, steps.bars.close)
        return to_limbs(0.5 * ranges**2 - (2 * math.log(2) - 1) * moves**2)

    def _variance(self, windows: Sums) -> Column:
        return to_double(windows(slice(0, LIMBS)))
