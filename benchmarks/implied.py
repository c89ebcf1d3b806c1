"""Chains and implied vols of single prices, beside QuantLib and lets-be-rational."""

import numpy as np
import QuantLib as ql  # noqa: N813 - as its own examples call it
from lets_be_rational import implied_volatility_from_a_transformed_rational_guess

from benchmarks.race import Contender, race
from streams.volatility.implied.black import black_price
from streams.volatility.implied.chain import Chain
from streams.volatility.implied.measure import TENORS_DAYS, Method, measure_chain
from streams.volatility.implied.solver import implied_vols

DAY_NS = 86_400 * 10**9


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
