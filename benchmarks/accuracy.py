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


def rolling(n: int, prefixes: int) -> bool:
    """Print the estimators' largest errors over a long series with jumps."""
    random = np.random.default_rng(1)
    moves = random.normal(0, 1e-5, n)
    moves[random.integers(0, n, 50)] = random.normal(0, 1.0, 50)
    moves -= moves.mean()
    close = 100 * np.exp(np.cumsum(moves))
    at = np.arange(1, n + 1) * 10**9
    ratio = close[1:] / close[:-1] - 1
    returns = np.concatenate(([0.0], np.log1p(ratio)))
    rows = np.sort(random.choice(n - 86_400, prefixes, replace=False)) + 86_400
    per_year = 365 * 86_400.0

    def slices(span: int, formula: Callable[[list[float]], float]) -> np.ndarray:
        return np.array([formula(returns[i - span + 1 : i + 1].tolist()) for i in rows])

    def root(r: list[float]) -> float:
        return math.sqrt(per_year / len(r) * math.fsum(x * x for x in r))

    def deviation(r: list[float]) -> float:
        mean = math.fsum(r) / len(r)
        squares = math.fsum((x - mean) ** 2 for x in r)
        return math.sqrt(per_year / (len(r) - 1) * squares)

    def bipower(r: list[float]) -> float:
        pairs = math.fsum(abs(a * b) for a, b in zip(r[1:], r[:-1], strict=True))
        return math.sqrt(per_year / (len(r) - 1) * math.pi / 2 * pairs)

    formulas = {
        "close-to-close": root,
        "close-to-close-demeaned": deviation,
        "bipower": bipower,
    }
    print(f"Rolling over {n:,} prices, one a second, 50 jumps; {prefixes:,} prefixes")
    good = True
    for name, formula in formulas.items():
        for label, span in (("1h", 3600), ("1d", 86_400)):
            estimator = ESTIMATORS[name](float(span), market_clock("crypto"))
            value = np.concatenate(
                [
                    estimator.update(
                        BarColumns.of_closes(at[i : i + 9973], close[i : i + 9973])
                    ).value
                    for i in range(0, n, 9973)
                ]
            )
            expected = slices(span, formula)
            worst = float(np.max(np.abs(value[rows] / expected - 1)))
            good &= worst <= MOST_ERROR
            print(f"  {name:<26}{label:<4}{worst:10.1e}")
    expected = slices(3600, deviation)
    theirs = pd.Series(returns).rolling(3600).std().to_numpy()[rows]
    worst = float(np.max(np.abs(theirs * math.sqrt(per_year) / expected - 1)))
    print(f"  {'pandas rolling.std':<26}{'1h':<4}{worst:10.1e}")
    totals = np.cumsum(returns**2)
    plain = np.sqrt(per_year / 3600 * (totals[rows] - totals[rows - 3600]))
    worst = float(np.max(np.abs(plain / slices(3600, root) - 1)))
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
