"""How right the volatility engine is, over more numbers than a test has time for.

A million options against lets-be-rational's own Black, and ten million prices
with jumps against `math.fsum` on the window's slice. Ends with 1 where a
promise is broken.
"""

import argparse
import math
import sys
from collections.abc import Callable

import numpy as np
import pandas as pd
from lets_be_rational import black

from streams.volatility.bars import BarColumns
from streams.volatility.estimators import ESTIMATORS
from streams.volatility.implied.solver import implied_vols
from streams.volatility.market_time import market_clock

EPSILON = float(np.finfo(float).eps)
TINY = float(np.finfo(float).tiny)
MOST_ERROR = 1e-9


def solver(n: int) -> bool:
    """Print the solver's largest errors, by moneyness and by vol."""
    random = np.random.default_rng(0)
    forward = np.exp(random.uniform(-5, 10, n))
    # Half over the whole range of strikes, half where options trade.
    moneyness = np.where(
        random.random(n) < 0.5,
        random.uniform(-1, 1, n) * math.log(1e3),
        random.normal(0, 0.2, n),
    )
    strike = forward * np.exp(moneyness)
    vol = np.exp(random.uniform(math.log(0.01), math.log(5), n))
    years = np.exp(random.uniform(math.log(1 / 8760), math.log(5), n))
    call = random.random(n) < 0.5
    price = np.array(
        [
            black(f, k, v, t, 1 if c else -1)
            for f, k, v, t, c in zip(
                *(column.tolist() for column in (forward, strike, vol, years, call)),
                strict=True,
            )
        ]
    )
    most = np.where(call, forward, strike)
    intrinsic = np.maximum(np.where(call, forward - strike, strike - forward), 0)
    subnormal = (price < TINY) & (price > 0)
    said = (price > intrinsic) & (price < most) & ~subnormal
    found = implied_vols(
        price[said], forward[said], strike[said], years[said], call[said]
    )
    total = vol[said] * np.sqrt(years[said])
    d1 = np.log(forward[said] / strike[said]) / total + total / 2
    vega = forward[said] * np.sqrt(years[said]) * np.exp(-d1 * d1 / 2)
    vega /= math.sqrt(2 * math.pi)
    rounding = np.full(vega.shape, np.inf)
    np.divide(8 * EPSILON * price[said], vega, out=rounding, where=vega > 0)
    error = np.abs(found.value - vol[said])
    share = error / np.maximum(1e-10, rounding)

    print(f"Implied vol of {n:,} prices of lets-be-rational's Black")
    print(
        f"  left out: {int(np.sum(price <= intrinsic)):,} without a time value a"
        f" double can say, {int(np.sum(price >= most)):,} at their maximum,"
        f" {int(subnormal.sum()):,} subnormal"
    )
    print(f"  {said.sum():,} solved, {int((~found.found).sum())} not found")
    print("  |ln F/K|      vol          options   largest error   of what is allowed")
    tight = rounding <= 1e-10
    depth = np.abs(moneyness[said])
    for low, high in ((0, 0.1), (0.1, 1), (1, 7)):
        for thin, fat in ((0.01, 0.1), (0.1, 1), (1, 5)):
            rows = (depth >= low) & (depth < high)
            rows &= (vol[said] >= thin) & (vol[said] < fat)
            print(
                f"  {low:>3g} – {high:<3g}   {thin:>4.0%} – {fat:<4.0%}"
                f"  {rows.sum():>9,}   {error[rows & tight].max(initial=0):13.1e}"
                f"   {share[rows].max(initial=0):8.3f}"
            )
    print("  (largest error: where rounding allows 1e-10 or less)")
    return bool(share.max() <= 1 and found.found.all())


Rows = slice
Slow = Callable[[Rows], float]
SECONDS_A_YEAR = 365 * 86_400.0


def prices(n: int) -> BarColumns:
    """Return n bars, one a second, with 50 jumps."""
    random = np.random.default_rng(1)
    moves = random.normal(0, 1e-5, n)
    moves[random.integers(0, n, 50)] = random.normal(0, 1.0, 50)
    moves -= moves.mean()
    close = 100 * np.exp(np.cumsum(moves))
    opened = close * np.exp(random.normal(0, 1e-5, n))
    high = np.maximum(opened, close) * np.exp(random.exponential(1e-5, n))
    low = np.minimum(opened, close) * np.exp(-random.exponential(1e-5, n))
    return BarColumns(np.arange(1, n + 1) * 10**9, opened, high, low, close)


def slow_ways(bars: BarColumns) -> dict[str, Slow]:
    """Return what each estimator is over some of the rows, by `math.fsum`."""
    before = np.concatenate((bars.close[:1], bars.close[:-1]))
    moves = log_ratio(before, bars.close)
    night, day = log_ratio(before, bars.open), log_ratio(bars.open, bars.close)
    squares, ranges = moves**2, log_ratio(bars.low, bars.high)
    bipowers = np.abs(moves) * np.abs(np.concatenate(([0.0], moves[:-1])))
    parkinson = ranges**2 / (4 * math.log(2))
    garman_klass = 0.5 * ranges**2 - (2 * math.log(2) - 1) * day**2
    rogers_satchell = log_ratio(bars.close, bars.high) * log_ratio(bars.open, bars.high)
    rogers_satchell += log_ratio(bars.close, bars.low) * log_ratio(bars.open, bars.low)

    def mean(terms: np.ndarray) -> Slow:
        return lambda rows: math.fsum(terms[rows].tolist()) / (rows.stop - rows.start)

    def sample_variance(terms: np.ndarray, rows: Rows) -> float:
        x = terms[rows].tolist()
        centre = math.fsum(x) / len(x)
        return math.fsum((y - centre) ** 2 for y in x) / (len(x) - 1)

    def yang_zhang(rows: Rows) -> float:
        n = rows.stop - rows.start
        k = 0.34 / (1.34 + (n + 1) / (n - 1))
        apart = sample_variance(night, rows) + k * sample_variance(day, rows)
        variance: float = apart + (1 - k) * mean(rogers_satchell)(rows)
        return variance

    def ewma(rows: Rows) -> float:
        # Forty memories back a weight is less than a double's last place.
        memory = (rows.stop - rows.start) / 2
        far = slice(max(1, rows.stop - int(40 * memory)), rows.stop)
        age = np.arange(far.stop - far.start - 1, -1, -1) / memory
        weights = np.exp(-age)
        weighted: list[float] = (weights * squares[far]).tolist()
        return math.fsum(weighted) / math.fsum(weights.tolist())

    return {
        "close-to-close": mean(squares),
        "close-to-close-demeaned": lambda rows: sample_variance(moves, rows),
        "ewma": ewma,
        "parkinson": mean(parkinson),
        "garman-klass": mean(garman_klass),
        "rogers-satchell": mean(rogers_satchell),
        "yang-zhang": yang_zhang,
        "bipower": lambda rows: (
            math.pi / 2 * mean(bipowers)(slice(rows.start + 1, rows.stop))
        ),
    }


def log_ratio(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """Return ln(after/before), the small ones with all their digits."""
    ratio: np.ndarray = np.log1p((after - before) / before)
    return ratio


def rolling(n: int, prefixes: int) -> bool:
    """Print the estimators' largest errors over a long series with jumps."""
    bars = prices(n)
    slow = slow_ways(bars)
    random = np.random.default_rng(2)
    last = np.sort(random.choice(n - 86_400, prefixes, replace=False)) + 86_400

    def largest_error(
        name: str, span: int, value: np.ndarray, rows: np.ndarray
    ) -> float:
        expected = [slow[name](slice(row - span + 1, row + 1)) for row in rows.tolist()]
        return float(np.max(np.abs(value[rows] / np.sqrt(expected) - 1)))

    print(f"Rolling over {n:,} prices, one a second, 50 jumps; {prefixes:,} prefixes")
    good = True
    for name, estimator in ESTIMATORS.items():
        for label, span in (("1h", 3600), ("1d", 86_400)):
            fed = estimator(float(span), market_clock("crypto"))
            value = np.concatenate(
                [fed.update(bars[i : i + 9973]).value for i in range(0, n, 9973)]
            )
            value /= math.sqrt(SECONDS_A_YEAR)
            # What EWMA remembers of a day is three weeks of seconds.
            rows = last[::50] if (name, label) == ("ewma", "1d") else last
            worst = largest_error(name, span, value, rows)
            good &= worst <= MOST_ERROR
            print(f"  {name:<26}{label:<4}{worst:10.1e}")
    before = np.concatenate((bars.close[:1], bars.close[:-1]))
    moves = log_ratio(before, bars.close)
    theirs = pd.Series(moves).rolling(3600).std().to_numpy()
    worst = largest_error("close-to-close-demeaned", 3600, theirs, last)
    print(f"  {'pandas rolling.std':<26}{'1h':<4}{worst:10.1e}")
    totals = np.cumsum(moves**2)
    plain = np.full(n, np.nan)
    plain[3600:] = np.sqrt((totals[3600:] - totals[:-3600]) / 3600)
    worst = largest_error("close-to-close", 3600, plain, last)
    print(f"  {'a plain running sum':<26}{'1h':<4}{worst:10.1e}")
    return good


def main() -> None:
    """Run both, and say by the exit code whether the promises hold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--options", type=int, default=2_000_000)
    parser.add_argument("--prices", type=int, default=10_000_000)
    arguments = parser.parse_args()
    good = solver(arguments.options)
    good &= rolling(arguments.prices, prefixes=1_000)
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
