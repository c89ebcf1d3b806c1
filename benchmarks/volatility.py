"""The volatility engine beside its peers, in one run: chain, solver, rolling.

Each contender is given the same numbers; the best of some rounds counts, the
rounds of all contenders being interleaved, so that a busy machine is unfair
to none.
"""

import argparse
import time
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import QuantLib as ql  # noqa: N813 - as its own examples call it
from arch.univariate import EWMAVariance
from lets_be_rational import implied_volatility_from_a_transformed_rational_guess
from river import stats, utils

from streams.volatility.bars import BarColumns
from streams.volatility.estimator import Estimator
from streams.volatility.estimators import ESTIMATORS
from streams.volatility.implied.black import black_price
from streams.volatility.implied.chain import Chain
from streams.volatility.implied.measure import TENORS_DAYS, Method, measure_chain
from streams.volatility.implied.solver import implied_vols
from streams.volatility.market_time import market_clock

DAY_NS = 86_400 * 10**9
CRYPTO = market_clock("crypto")


class Contender(NamedTuple):
    """One way to do the work.

    Attributes:
        name: as shown.
        run: does it, on `n` items.
        n: how many items a run works through.
    """

    name: str
    run: Callable[[], object]
    n: int


def race(contenders: Iterable[Contender], rounds: int) -> dict[str, float]:
    """Return each contender's best seconds an item."""
    runners = list(contenders)
    best = {runner.name: float("inf") for runner in runners}
    for _ in range(rounds):
        for runner in runners:
            started = time.perf_counter()
            runner.run()
            spent = (time.perf_counter() - started) / runner.n
            best[runner.name] = min(best[runner.name], spent)
    return best


def chain_of(expiries: int = 10, strikes: int = 200) -> Chain:
    """Return a chain with a smile: expiries × strikes × 2 quotes."""
    days = np.linspace(3, 120, expiries)
    expiry, strike, call = (
        axis.ravel()
        for axis in np.meshgrid(
            np.rint(days * DAY_NS).astype(np.int64),
            np.linspace(40.0, 220.0, strikes),
            np.array([True, False]),
            indexing="ij",
        )
    )
    years = expiry / (365 * DAY_NS)
    vol = 0.6 - 0.2 * np.log(strike / 100)
    mid = black_price(np.full(strike.shape, 100.0), strike, vol * np.sqrt(years), call)
    order = np.random.default_rng(0).permutation(mid.size)
    return Chain(
        symbol="X",
        at=0,
        expiry=expiry[order],
        strike=strike[order],
        call=call[order],
        bid=0.99 * mid[order],
        ask=1.01 * mid[order],
    )


def chains(rounds: int) -> None:
    """Print how long a chain takes."""
    quotes = chain_of()
    both = (Method.ATM, Method.MODEL_FREE)
    contenders = [
        Contender(
            "ATM and model-free", lambda: measure_chain(quotes, 0, methods=both), 1
        ),
        Contender("and 25-delta skew", lambda: measure_chain(quotes, 0), 1),
    ]
    print(f"Chain of {len(quotes)} quotes, {len(TENORS_DAYS)} tenors")
    for name, seconds in race(contenders, rounds).items():
        print(f"  {name:<24}{1e3 * seconds:8.2f} ms")


def solver(rounds: int) -> None:
    """Print what an implied vol costs, beside QuantLib and lets-be-rational."""
    random, n, few = np.random.default_rng(0), 4_000, 500
    forward = np.full(n, 100.0)
    # As in a chain: by expiry, then by strike.
    years = np.repeat(np.array([7, 14, 30, 60, 90]) / 365, n // 5)
    strike = 100 * np.exp(random.normal(0, 0.3, n))
    strike = np.sort(strike.reshape(5, -1)).ravel()
    vol = random.uniform(0.2, 1.2, n)
    call = strike >= forward
    price = black_price(forward, strike, vol * np.sqrt(years), call)
    seen = price > 1e-12
    forward, strike, years = forward[seen], strike[seen], years[seen]
    vol, call, price = vol[seen], call[seen], price[seen]
    rows = [
        (ql.Option.Call if c else ql.Option.Put, k, f, p, t)
        for c, k, f, p, t in zip(
            *(x[:: n // few].tolist() for x in (call, strike, forward, price, years)),
            strict=True,
        )
    ]
    slow = [
        (p, f, k, t, 1.0 if kind == ql.Option.Call else -1.0)
        for kind, k, f, p, t in rows
    ]

    # Its default is 1e-6; Li and RS's iteration does not reach much less.
    def quantlib_newton() -> None:
        for kind, k, f, p, _ in rows:
            ql.blackFormulaImpliedStdDev(
                kind, k, f, p, 1.0, 0.0, ql.nullDouble(), 1e-12
            )

    def quantlib_li() -> None:
        for kind, k, f, p, _ in rows:
            ql.blackFormulaImpliedStdDevLiRS(kind, k, f, p)

    def quantlib_default() -> None:
        for kind, k, f, p, _ in rows:
            ql.blackFormulaImpliedStdDev(kind, k, f, p)

    def rational() -> None:
        for option in slow:
            implied_volatility_from_a_transformed_rational_guess(*option)

    best = race(
        [
            Contender(
                "volcross",
                lambda: implied_vols(price, forward, strike, years, call),
                price.size,
            ),
            Contender("QuantLib to 1e-12", quantlib_newton, len(rows)),
            Contender("QuantLib, Li–RS to 1e-6", quantlib_li, len(rows)),
            Contender("QuantLib to 1e-6", quantlib_default, len(rows)),
            Contender("lets-be-rational", rational, len(rows)),
        ],
        rounds,
    )
    error = np.abs(implied_vols(price, forward, strike, years, call).value - vol).max()
    print(f"Implied vol of a price, {price.size:,} at once (largest error {error:.1e})")
    for name, seconds in best.items():
        ratio = seconds / best["volcross"]
        print(f"  {name:<24}{1e9 * seconds:8.0f} ns {ratio:8.1f}×")


class Rolling:
    """An estimator with its window full, fed batch by batch.

    Args:
        name: which estimator.
        window_seconds: its look-back.
        past: bars that fill the window before the clock starts.
        batches: what is timed.
    """

    def __init__(
        self,
        name: str,
        window_seconds: float,
        past: BarColumns,
        batches: list[BarColumns],
    ) -> None:
        self._make: Callable[[], Estimator] = lambda: ESTIMATORS[name](
            window_seconds, CRYPTO
        )
        self._past = past
        self._batches = batches
        self.fill()

    def fill(self) -> None:
        """Begin anew, with a full window."""
        self._estimator = self._make()
        self._estimator.update(self._past)

    def __call__(self) -> None:
        """Feed it all batches."""
        for bars in self._batches:
            self._estimator.update(bars)


def river_std(returns: list[float], rows: int) -> Callable[[], None]:
    """Return river's rolling standard deviation over those returns."""
    rolling_of: Any = utils.Rolling  # untyped in river, as is Var
    variance_of: Any = stats.Var

    def run() -> None:
        variance = rolling_of(variance_of(), window_size=rows)
        for x in returns:
            variance.update(x)
            _ = variance.get() ** 0.5

    return run


def rolling(rounds: int) -> None:
    """Print what a price costs in a rolling volatility, beside its peers."""
    n, few, batch, spacing = 40_000, 4_000, 4_000, 60
    history = 90 * 86_400 // spacing
    total = history + n
    at = np.arange(1, total + 1) * spacing * 10**9
    random = np.random.default_rng(0)
    moves = random.normal(0, 1e-3, total)
    close = 100 * np.exp(np.cumsum(moves))
    opened = close * np.exp(random.normal(0, 3e-4, total))
    high = np.maximum(opened, close) * np.exp(random.exponential(3e-4, total))
    low = np.minimum(opened, close) * np.exp(-random.exponential(3e-4, total))
    bars = BarColumns(at, opened, high, low, close)
    past = bars[:history]
    batches = [bars[i : i + batch] for i in range(history, total, batch)]
    ours = {
        f"volcross {name}, {label}": Rolling(name, seconds, past, batches)
        for name in ESTIMATORS
        for label, seconds in (("1h", 3600.0), ("90d", 90 * 86_400.0))
    }
    returns = moves[-n:]
    series = pd.Series(returns, index=pd.to_datetime(at[-n:]))
    riskmetrics: Any = EWMAVariance(0.999)
    variance = np.empty(n)
    bounds = np.tile([0.0, 1e9], (n, 1))
    contenders = [
        *(Contender(name, run, n) for name, run in ours.items()),
        Contender("pandas rolling.std, 1h", lambda: series.rolling("1h").std(), n),
        Contender("pandas rolling.std, 90d", lambda: series.rolling("90D").std(), n),
        Contender("river Rolling(Var), 1h", river_std(returns[:few].tolist(), 60), few),
        Contender(
            "arch EWMAVariance, whole series",
            lambda: riskmetrics.compute_variance(
                np.empty(0), returns, variance, 1e-6, bounds
            ),
            n,
        ),
    ]
    best = {contender.name: float("inf") for contender in contenders}
    for _ in range(rounds):
        for run in ours.values():
            run.fill()
        for name, seconds in race(contenders, 1).items():
            best[name] = min(best[name], seconds)
    print(f"A price in a rolling volatility, batches of {batch:,}, a price a minute")
    for name, seconds in best.items():
        print(f"  {name:<36}{1e9 * seconds:8.0f} ns")


def main() -> None:
    """Run the races."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=40)
    rounds = parser.parse_args().rounds
    chains(rounds)
    solver(2 * rounds)
    rolling(rounds)


if __name__ == "__main__":
    main()
