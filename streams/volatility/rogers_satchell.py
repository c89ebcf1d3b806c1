"""Rogers and Satchell's volatility, from each bar's four prices."""

from typing import ClassVar

from streams.volatility.bars import BarColumns, Column, log_return
from streams.volatility.exact_sum import LIMBS, Integers, to_double, to_limbs
from streams.volatility.span import Steps
from streams.volatility.windowed import Sums, WindowedVolatility


def rogers_satchell_squares(bars: BarColumns, moves: Column) -> Column:
    """Return (H−C)(H−O) + (L−C)(L−O) of each bar, in logarithms.

    Args:
        bars: n bars.
        moves: C − O of each, its log return.
    """
    up, down = log_return(bars.open, bars.high), log_return(bars.open, bars.low)
    squares: Column = up * (up - moves) + down * (down - moves)
    return squares


class RogersSatchell(WindowedVolatility):
    """A range estimator that a steady drift does not bias.

    σ² = A/T · Σ [(H−C)(H−O) + (L−C)(L−O)], logs of the bar's prices. A bar
    that only rises or only falls counts for nothing; blind between bars.

    Source: L. Rogers and S. Satchell, The Annals of Applied Probability 1
    (1991).
    """

    columns: ClassVar[int] = LIMBS

    def _terms(self, steps: Steps) -> Integers:
        bars = steps.bars
        moves = log_return(bars.open, bars.close)
        return to_limbs(rogers_satchell_squares(bars, moves))

    def _variance(self, windows: Sums) -> Column:
        return to_double(windows(slice(0, LIMBS)))
