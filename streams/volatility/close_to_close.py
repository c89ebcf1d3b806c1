"""Close-to-close volatility, the plainest and the one that misses nothing."""

from typing import ClassVar

from streams.volatility.bars import Column
from streams.volatility.exact_sum import LIMBS, Integers, to_double, to_limbs
from streams.volatility.span import Steps
from streams.volatility.windowed import Sums, WindowedVolatility


class CloseToClose(WindowedVolatility):
    """The root mean square of a window's log returns, annualised.

    σ² = A · Σr² / T, with T the market time (days, sessions) between the
    first close and the last, and A such units a year. n daily returns give
    the field's A/n · Σr².

    No mean is subtracted: over a month it is noise, and at tick spacing
    nothing else. It sees gaps and nights; it takes a jump for volatility,
    which it is.

    >>> from streams.volatility.bars import BarColumns
    >>> from streams.volatility.market_time import DAY_NS, market_clock
    >>> bars = BarColumns.of_closes([0, DAY_NS, 2 * DAY_NS], [100.0, 101.0, 100.0])
    >>> daily = CloseToClose(2 * 86_400, market_clock("crypto")).update(bars)
    >>> [round(float(value), 4) for value in daily.value]
    [nan, 0.1901, 0.1901]
    >>> daily.warm.tolist()
    [False, False, True]
    """

    columns: ClassVar[int] = LIMBS

    def _terms(self, steps: Steps) -> Integers:
        return to_limbs(steps.returns**2)

    def _variance(self, windows: Sums) -> Column:
        return to_double(windows(slice(0, LIMBS)))
