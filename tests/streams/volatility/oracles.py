"""The same volatilities, worked out the slow way from a slice of the bars.

Logarithms from `decimal` with 50 digits, sums from `math.fsum`, no window,
no state: nothing is shared with the code under test.
"""

import math
from collections.abc import Callable
from decimal import Decimal, localcontext
from itertools import pairwise

import numpy as np

from streams.volatility.bars import BarColumns


class Slow:
    """Bars with their logarithms, and every estimator over a stretch of them.

    A stretch is the rows first + 1 … last; row `first` is the close before.
    `units` is the market time from there, in days or sessions.

    Args:
        bars: in the order of their time.
        elapsed: the market time of each step, the first bar's included.
    """

    def __init__(self, bars: BarColumns, elapsed: list[float]) -> None:
        self.elapsed = elapsed
        with localcontext() as context:
            context.prec = 50
            o, h, l, c = (  # noqa: E741 - a bar's own letters
                [Decimal(price).ln() for price in column.tolist()]
                for column in (bars.open, bars.high, bars.low, bars.close)
            )
            rows = range(len(bars))
            before = [c[0], *c[:-1]]
            self.r = [float(c[i] - before[i]) for i in rows]
            self.night = [float(o[i] - before[i]) for i in rows]
            self.day = [float(c[i] - o[i]) for i in rows]
            self.range = [float(h[i] - l[i]) for i in rows]
            self.rs = [
                float((h[i] - c[i]) * (h[i] - o[i]) + (l[i] - c[i]) * (l[i] - o[i]))
                for i in rows
            ]

    def variance(self, name: str, first: int, last: int) -> float:
        """Return n bars' variance, summed over them."""
        inside = slice(first + 1, last + 1)
        formulas: dict[str, Callable[[slice], float]] = {
            "close-to-close": lambda i: math.fsum(r * r for r in self.r[i]),
            "close-to-close-demeaned": lambda i: (
                _sample_variance(self.r[i]) * len(self.r[i])
            ),
            "parkinson": lambda i: (
                math.fsum(x * x for x in self.range[i]) / (4 * math.log(2))
            ),
            "garman-klass": lambda i: math.fsum(
                0.5 * x * x - (2 * math.log(2) - 1) * y * y
                for x, y in zip(self.range[i], self.day[i], strict=True)
            ),
            "rogers-satchell": lambda i: math.fsum(self.rs[i]),
            "yang-zhang": self._yang_zhang,
            "bipower": self._bipower,
        }
        return formulas[name](inside)

    def _yang_zhang(self, i: slice) -> float:
        n = len(self.r[i])
        if n < 2:
            return math.nan
        k = 0.34 / (1.34 + (n + 1) / (n - 1))
        night, day = _sample_variance(self.night[i]), _sample_variance(self.day[i])
        return n * (night + k * day + (1 - k) * math.fsum(self.rs[i]) / n)

    def _bipower(self, i: slice) -> float:
        r, time = [abs(x) for x in self.r[i]], self.elapsed[i]
        if len(r) < 2:
            return math.nan
        pairs = math.fsum(a * b for a, b in pairwise(r))
        scale = math.fsum(time) / math.fsum(math.sqrt(a * b) for a, b in pairwise(time))
        return math.pi / 2 * scale * pairs

    def volatility(
        self, name: str, stretch: tuple[int, int], units: float, per_year: float
    ) -> float:
        """Return the annualised volatility of the stretch (first, last)."""
        return math.sqrt(per_year * self.variance(name, *stretch) / units)


def _sample_variance(x: list[float]) -> float:
    if len(x) < 2:
        return math.nan
    mean = math.fsum(x) / len(x)
    return math.fsum((y - mean) ** 2 for y in x) / (len(x) - 1)


def stretch(bars: BarColumns, last: int, span_ns: int) -> tuple[int, int]:
    """Return the rows whose bars make the window (t − span, t]."""
    inside = np.flatnonzero(bars.at[: last + 1] > bars.at[last] - span_ns)
    return max(int(inside[0]) - 1, 0), last


def ewma(
    returns: list[float], units: list[float], memory: float, per_year: float
) -> float:
    """`units` is the market time of each return, `memory` 1/e's, in days."""
    now = math.fsum(units)
    weighted, given, passed = [], [], 0.0
    for r, unit in zip(returns, units, strict=True):
        passed += unit
        share = math.exp(-(now - passed) / memory) * -math.expm1(-unit / memory)
        weighted.append(share * r * r / unit)
        given.append(share)
    return math.sqrt(per_year * math.fsum(weighted) / math.fsum(given))
