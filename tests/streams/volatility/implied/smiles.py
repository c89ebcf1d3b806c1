"""Chains made from Black's formula, so that every answer is known."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from streams.volatility.implied.black import black_price
from streams.volatility.implied.chain import YEAR_NS, Chain, Settlement

DAY_NS = 86_400 * 10**9
AT = 1_722_456_000 * 10**9
Smile = Callable[[np.ndarray, float], np.ndarray]


def flat(vol: float) -> Smile:
    return lambda strike, _: np.full(strike.shape, vol)


def rows_of(quotes: Chain, rows: np.ndarray) -> Chain:
    """Return those rows, by index or by mask, in that order."""
    return replace(
        quotes,
        expiry=quotes.expiry[rows],
        strike=quotes.strike[rows],
        call=quotes.call[rows],
        bid=quotes.bid[rows],
        ask=quotes.ask[rows],
    )


def chain(
    smile: Smile,
    *,
    forward: float = 100.0,
    days: tuple[float, ...] = (9, 37),
    strikes: np.ndarray | None = None,
    rate: float = 0.0,
    coin: bool = False,
    half_spread: float = 0.0,
) -> Chain:
    """Return a chain without noise; half_spread is a share of the price."""
    strike = np.arange(20.0, 400.0, 1.0) if strikes is None else strikes
    expiry, price, call = [], [], []
    for day in days:
        length = round(day * DAY_NS)
        years = length / YEAR_NS
        for right in (True, False):
            total = smile(strike, years) * np.sqrt(years)
            value = black_price(
                np.full(strike.shape, forward),
                strike,
                total,
                np.full(strike.shape, right),
            )
            price.append(value / forward if coin else value * np.exp(-rate * years))
            expiry.append(np.full(strike.shape, AT + length))
            call.append(np.full(strike.shape, right))
    mid = np.concatenate(price)
    return Chain(
        symbol="X",
        at=AT,
        expiry=np.concatenate(expiry),
        strike=np.tile(strike, 2 * len(days)),
        call=np.concatenate(call),
        bid=mid * (1 - half_spread),
        ask=mid * (1 + half_spread),
        settlement=Settlement.COIN if coin else Settlement.LINEAR,
    )
