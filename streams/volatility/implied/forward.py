"""The forward that put–call parity says the market trades on."""

import math
from dataclasses import dataclass

import numpy as np

from streams.volatility.implied.chain import Column, Settlement, Strip
from streams.volatility.implied.refusals import Refusal


@dataclass(frozen=True, slots=True)
class Forward:
    """One expiry's forward.

    Attributes:
        price: F.
        strike: the strike it was read from.
        unit: what one unit of quoted price is worth at expiry: e^(rT) where
            quotes are in dollars, F where they are in coin.
    """

    price: float
    strike: float
    unit: float


def parity_forward(
    strip: Strip, rate: float, settlement: Settlement
) -> Forward | Refusal:
    """Return the forward at the strike where call and put are worth most alike.

    F = K + e^(rT)·(C − P) of mid prices; in coin, F = K / (1 − (C − P)).

    Args:
        strip: quotes of one expiry.
        rate: r, continuously compounded; of no effect in coin.
        settlement: what the quotes are in.
    """
    call, put = mids(strip.call_bid, strip.call_ask), mids(strip.put_bid, strip.put_ask)
    with np.errstate(invalid="ignore"):  # neither offered: inf − inf, not quoted
        gap = call - put
    quoted = np.flatnonzero(
        np.isfinite(gap) & (strip.call_bid > 0) & (strip.put_bid > 0)
    )
    if not quoted.size:
        return Refusal.NO_PARITY_STRIKE
    best = quoted[np.argmin(np.abs(gap[quoted]))]
    strike, apart = float(strip.strike[best]), float(gap[best])
    if settlement is Settlement.COIN:
        price = strike / (1 - apart) if apart < 1 else math.inf
        unit = price
    else:
        unit = math.exp(rate * strip.years)
        price = strike + unit * apart
    if not 0 < price < math.inf:
        return Refusal.NO_PARITY_STRIKE
    return Forward(price, strike, unit)


def mids(bid: Column, ask: Column) -> Column:
    """Return the middles; NaN or infinite where a side is missing."""
    return (bid + ask) / 2
