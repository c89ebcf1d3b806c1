"""Yang and Zhang's volatility: nights and days, each at its best."""

from collections.abc import Sequence
from typing import ClassVar

from streams.volatility.bars import Column, log_return
from streams.volatility.dispersion import (
    DISPERSION_LIMBS,
    dispersion,
    dispersion_terms,
)
from streams.volatility.exact_sum import LIMBS, Integers, to_double, to_limbs
from streams.volatility.rogers_satchell import rogers_satchell_squares
from streams.volatility.span import Steps
from streams.volatility.windowed import Sums, WindowedVolatility

_NIGHT = slice(0, DISPERSION_LIMBS)
_DAY = slice(DISPERSION_LIMBS, 2 * DISPERSION_LIMBS)
_RANGE = slice(2 * DISPERSION_LIMBS, 2 * DISPERSION_LIMBS + LIMBS)


class YangZhang(WindowedVolatility):
    """Overnight variance plus a blend of open-to-close and range variance.

    Per bar σ² = σ²ₙ + k·σ²ₒ + (1 − k)·σ²ᵣ: of the returns from the close
    before to the open, of those from open to close, both about their means,
    and of `RogersSatchell`; k = 0.34 / (1.34 + (n + 1)/(n − 1)). It sees the
    nights, ignores a drift and is several times as efficient as
    close-to-close, on bars that are whole sessions. NaN before the third
    close.

    Source: D. Yang and Q. Zhang, The Journal of Business 73 (2000).
    """

    columns: ClassVar[int] = 2 * DISPERSION_LIMBS + LIMBS

    def _terms(self, steps: Steps) -> Sequence[Integers]:
        bars = steps.bars
        moves = log_return(bars.open, bars.close)
        return (
            *dispersion_terms(log_return(steps.close_before, bars.open)),
            *dispersion_terms(moves),
            *to_limbs(rogers_satchell_squares(bars, moves)),
        )

    def _variance(self, windows: Sums) -> Column:
        n = windows.count
        night, day = dispersion(windows(_NIGHT), n), dispersion(windows(_DAY), n)
        ranges = to_double(windows(_RANGE))
        k = 0.34 / (1.34 + (n + 1) / (n - 1))
        variance: Column = (night + k * day) * (n / (n - 1)) + (1 - k) * ranges
        return variance
