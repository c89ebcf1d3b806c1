"""What early exercise is worth on a real chain, and so how far off European vols are.

The sizes that docs/methods.md states: binomial trees on a recorded chain of MSTR
at 4.3%, a stock without dividends.
"""

import math
from pathlib import Path

import numpy as np
import pytest

from streams.volatility.implied.at_the_money import DEEPEST_AMERICAN, AtTheMoney
from streams.volatility.implied.forward import Forward
from streams.volatility.implied.measure import Expiry, Method, Terms, measure_chain
from streams.volatility.implied.solver import implied_vols
from volcross.commands.chain_files import read_chain

RATE, STEPS = 0.043, 801


def american_price(
    spot: float, strike: float, vol: float, years: float, *, call: bool
) -> float:
    """Return the price by a Cox–Ross–Rubinstein tree, the European error taken off.

    Without a dividend a call is worth as much as a European one: both trees, of
    which one exercises early, share their discretisation error.
    """
    step = years / STEPS
    up = math.exp(vol * math.sqrt(step))
    growth = math.exp(RATE * step)
    odds = (growth - 1 / up) / (up - 1 / up)
    sign = 1.0 if call else -1.0
    ends = spot * up ** (2.0 * np.arange(STEPS + 1) - STEPS)
    early = late = np.maximum(sign * (ends - strike), 0.0)
    for level in range(STEPS - 1, -1, -1):
        early, late = (
            (odds * worth[1:] + (1 - odds) * worth[:-1]) / growth
            for worth in (early, late)
        )
        there = spot * up ** (2.0 * np.arange(level + 1) - level)
        early = np.maximum(early, sign * (there - strike))
    return float(early[0] - late[0]) + _european(spot, strike, vol, years, call=call)


def _european(
    spot: float, strike: float, vol: float, years: float, *, call: bool
) -> float:
    total = vol * math.sqrt(years)
    d1 = (math.log(spot / strike) + RATE * years) / total + total / 2
    paid = strike * math.exp(-RATE * years)
    if call:
        return spot * _normal(d1) - paid * _normal(d1 - total)
    return paid * _normal(total - d1) - spot * _normal(-d1)


def _normal(x: float) -> float:
    return 0.5 * math.erfc(-x / math.sqrt(2))


def vol_points_high(
    spot: float, strike: float, vol: float, years: float, *, call: bool
) -> float:
    """Return how much too high the vol of an American price reads as European."""
    price = american_price(spot, strike, vol, years, call=call)
    grown = math.exp(RATE * years)
    read = implied_vols(grown * price, grown * spot, strike, years, call).value
    return 100 * (float(read) - vol)


@pytest.fixture(scope="module")
def expiries(data_dir: Path) -> list[Expiry]:
    saved = (data_dir / "cboe/delayed_quotes_options_mstr.json").read_text()
    chain = read_chain(saved, "mstr", None, coin=False, american=True)
    return measure_chain(chain, chain.at, terms=Terms(rate=lambda _: RATE)).expiries


@pytest.mark.parametrize(
    ("which", "depth", "points"),
    [(0, 1.0, 0.07), (1, 1.0, 0.11), (2, 1.0, 0.15), (2, 1.03, 0.19)],
)
def test_a_put_of_a_recorded_chain_reads_as_high_as_the_docs_say(
    which: int, depth: float, points: float, expiries: list[Expiry]
) -> None:
    expiry = expiries[which]
    at_the_money, forward = expiry.answers[Method.ATM], expiry.forward
    assert isinstance(at_the_money, AtTheMoney)
    assert isinstance(forward, Forward)
    spot = forward.price * math.exp(-RATE * expiry.years)
    option = (spot, depth * forward.price, at_the_money.vol, expiry.years)
    assert vol_points_high(*option, call=False) == pytest.approx(points, abs=0.006)
    assert vol_points_high(*option, call=True) == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize(
    ("days", "at_the_forward", "furthest"), [(7, 0.04, 0.09), (30, 0.10, 0.25)]
)
@pytest.mark.parametrize("vol", [0.5, 0.85])
def test_what_is_let_in_is_as_high_as_the_docs_say(
    days: int, vol: float, at_the_forward: float, furthest: float
) -> None:
    years = days / 365
    for deviations, points in ((0.0, at_the_forward), (DEEPEST_AMERICAN, furthest)):
        strike = 100 * math.exp(deviations * vol * math.sqrt(years))
        spot = 100 * math.exp(-RATE * years)
        # What is used is the mean of the put's vol and the call's.
        high = vol_points_high(spot, strike, vol, years, call=False) / 2
        assert high == pytest.approx(points, abs=0.01)
