"""The same volatilities, worked out the slow way from a slice of the bars.

Logarithms from `decimal` with 50 digits, sums from `math.fsum`, no window,
no state: nothing is shared with the code under test.
"""

import math
from decimal import Decimal, localcontext
from functools import cache

import numpy as np

from streams.volatility.bars import BarColumns


@cache
def _ln(price: float) -> Decimal:
    with localcontext() as context:
        context.prec = 50
        return Decimal(price).ln()


def ln_ratio(after: float, before: float) -> float:
    with localcontext() as context:
        context.prec = 50
        return float(_ln(after) - _ln(before))


def returns(closes: np.ndarray) -> list[float]:
    pairs = zip(closes[1:].tolist(), closes[:-1].tolist(), strict=True)
    return [ln_ratio(after, before) for after, before in pairs]


def window(bars: BarColumns, last: int, span_ns: int) -> BarColumns:
    """Return the bars of (t − span, t] and the one before them."""
    inside = np.flatnonzero(bars.at[: last + 1] > bars.at[last] - span_ns)
    first = max(int(inside[0]) - 1, 0)
    return bars[first : last + 1]


def close_to_close(bars: BarColumns, units: float, per_year: float) -> float:
    squares = math.fsum(r * r for r in returns(bars.close))
    return math.sqrt(per_year * squares / units)


def ewma(bars: BarColumns, units: list[float], memory: float, per_year: float) -> float:
    """`units` is the market time of each return, `memory` 1/e's, in days."""
    now = math.fsum(units)
    weighted, given, passed = [], [], 0.0
    for r, unit in zip(returns(bars.close), units, strict=True):
        passed += unit
        share = math.exp(-(now - passed) / memory) * -math.expm1(-unit / memory)
        weighted.append(share * r * r / unit)
        given.append(share)
    return math.sqrt(per_year * math.fsum(weighted) / math.fsum(given))
