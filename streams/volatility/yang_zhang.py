"""Yang and Zhang's volatility: nights and days, each at its best."""

from typing import ClassVar

import numpy as np

from streams.volatility.bars import Column, log_return
from streams.volatility.dispersion import (
    DISPERSION_LIMBS,
    SQUARE_LIMBS,
    dispersion,
    dispersion_terms,
)
from streams.volatility.exact_sum import Integers, to_limbs
from streams.volatility.span import Steps
from streams.volatility.windowed import Sums, WindowedVolatility

_SHARE = 0.34
"""What k would be of two bars without end; Yang and Zhang's choice."""


class YangZhang(WindowedVolatility):
    """Overnight variance plus a blend of open-to-close and range variance.

    Per bar σ² = σ²ₙ + k·σ²ₒ + (1 − k)·σ²ᵣ: of the returns from the close
    before to the open, of those from open to close, both about their means,
    and of `RogersSatchell`; k = 0.34 / (1.34 + (n + 1)/(n − 1)). It sees the
    nights, ignores a drift and is several times as efficient as
    close-to-close, on bars that are whole sessions. NaN before the third
    close.

    k/(n − 1) and (1 − k)/n are in the same proportion, 0.34 to 2, whatever n:
    so the days' squares and ranges are one sum, and the window keeps two
    dispersions instead of two and a sum.

    Source: D. Yang and Q. Zhang, The Journal of Business 73 (2000).
    """

    columns: ClassVar[int] = 2 * DISPERSION_LIMBS

    def _terms(self, steps: Steps) -> Integers:
        bars, n = steps.bars, len(steps.bars)
        logs = log_return(
            np.concatenate((steps.close_before, bars.open, bars.open, bars.open)),
            np.concatenate((bars.open, bars.close, bars.high, bars.low)),
        )
        day, up, down = logs[n:].reshape(3, n)
        ranges = up * (up - day) + down * (down - day)
        # Nights and days side by side: the two rows of every limb.
        terms = dispersion_terms(logs[: 2 * n]).reshape(DISPERSION_LIMBS, 2, n)
        terms[SQUARE_LIMBS, 1] += to_limbs(ranges * (2 / _SHARE))
        return terms.reshape(self.columns, n)

    def _variance(self, windows: Sums) -> Column:
        n = windows.count
        sums = windows(slice(0, self.columns)).reshape(DISPERSION_LIMBS, -1)
        night, day = dispersion(sums, np.concatenate((n, n))).reshape(2, -1)
        k = _SHARE / (1 + _SHARE + (n + 1) / (n - 1))
        variance: Column = (night + k * day) * (n / (n - 1))
        return variance
