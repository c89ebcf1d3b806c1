"""Rogers and Satchell's volatility, from each bar's four prices."""

from typing import ClassVar

from streams.volatility.bars import BarColumns, Column, log_return
from streams.volatility.exact_sum import LIMBS, Limbs, to_double, to_limbs
from streams.volatility.span import Steps
from streams.volatility.windowed import Sums, WindowedVolatility


def rogers_satchell_squares(bars: BarColumns) -> Column:
    """Return (H−C)(H−O) + (L−C)(L−O) of each bar, in logarithms."""
    up = log_return(bars.close, bars.high) * log_return(bars.open, bars.high)
    down = log_return(bars.close, bars.low) * log_return(bars.open, bars.low)
    return up + down


class RogersSatchell(WindowedVolatility):
    """A range estimator that a steady drift does not bias.

    σ² = A/T · Σ [(H−C)(H−O) + (L−C)(L−O)], logs of the bar's prices. A bar
    that only rises or only falls counts for nothing; blind between bars.

    Source: L. Rogers and S. Satchell, The Annals of Applied Probability 1
    (1991).
    """

    limbs: ClassVar[int] = LIMBS

    def _terms(self, steps: Steps) -> Limbs:
        return to_limbs(rogers_satchell_squares(steps.bars))

    def _variance(self, windows: Sums) -> Column:
        return to_double(windows(slice(0, LIMBS)))
