"""Close-to-close volatility about the window's own mean."""

from typing import ClassVar

from streams.volatility.bars import Column
from streams.volatility.dispersion import (
    DISPERSION_LIMBS,
    dispersion,
    dispersion_terms,
)
from streams.volatility.exact_sum import Integers
from streams.volatility.span import Steps
from streams.volatility.windowed import Sums, WindowedVolatility


class DemeanedCloseToClose(WindowedVolatility):
    """The sample standard deviation of a window's log returns, annualised.

    σ² = A/T · n/(n−1) · Σ(r − r̄)², with T the market time the n returns
    took. What most charts call historical volatility; it does not count a
    steady climb as volatility. NaN before the third close.
    """

    columns: ClassVar[int] = DISPERSION_LIMBS

    def _terms(self, steps: Steps) -> Integers:
        return dispersion_terms(steps.returns)

    def _variance(self, windows: Sums) -> Column:
        n = windows.count
        about_mean = dispersion(windows(slice(0, DISPERSION_LIMBS)), n)
        variance: Column = about_mean * (n / (n - 1))
        return variance
