"""The 25-delta skew: what the market pays more for a fall than for a rise."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from streams.volatility.implied.at_the_money import WIDEST_SPREAD
from streams.volatility.implied.black import call_delta
from streams.volatility.implied.chain import Column, Strip
from streams.volatility.implied.forward import Forward, mids
from streams.volatility.implied.refusals import Refusal
from streams.volatility.implied.solver import implied_vols

DELTA = 0.25


@dataclass(frozen=True, slots=True)
class Wings:
    """One expiry's volatilities at the two 25-delta strikes.

    Attributes:
        put: vol of the put whose forward delta is −0.25.
        call: vol of the call whose forward delta is 0.25.
    """

    put: float
    call: float


def wings(
    strips: Sequence[Strip],
    forwards: Sequence[Forward],
    *,
    widest_spread: float = WIDEST_SPREAD,
) -> list[Wings | Refusal]:
    """Return each expiry's 25-delta vols, linear in delta between two strikes.

    Out-of-the-money quotes only, bid and offered within the spread cap; the
    delta is the forward's, Φ(d₁), of each strike's own vol.
    """
    sides = []
    for strip, forward in zip(strips, forwards, strict=True):
        for call in (False, True):
            bid = strip.call_bid if call else strip.put_bid
            ask = strip.call_ask if call else strip.put_ask
            mid = mids(bid, ask)
            outside = (
                strip.strike >= forward.price if call else strip.strike <= forward.price
            )
            with np.errstate(invalid="ignore"):  # no ask: inf − inf, left out
                tight = (bid > 0) & (ask - bid <= widest_spread * mid)
            rows = np.flatnonzero(outside & tight & (mid < np.inf))
            sides.append((strip, forward, call, rows, mid[rows] * forward.unit))
    sizes = [rows.size for *_, rows, _ in sides]
    if not sum(sizes):
        return [Refusal.TOO_FEW_STRIKES] * len(strips)
    strike = np.concatenate([strip.strike[rows] for strip, _, _, rows, _ in sides])
    price = np.repeat([forward.price for _, forward, *_ in sides], sizes)
    years = np.repeat([strip.years for strip, *_ in sides], sizes)
    vols = implied_vols(
        np.concatenate([mid for *_, mid in sides]),
        price,
        strike,
        years,
        np.repeat([call for _, _, call, *_ in sides], sizes),
    )
    usable = vols.found & (vols.value > 0)
    total = np.where(usable, vols.value * np.sqrt(years), 1.0)
    delta = np.where(usable, call_delta(price, strike, total), math.nan)
    ends = np.cumsum(sizes)
    at = [
        _at_delta(
            delta[end - size : end],
            vols.value[end - size : end],
            DELTA if call else 1 - DELTA,
        )
        for end, size, (_, _, call, *_) in zip(ends, sizes, sides, strict=True)
    ]
    return [
        Refusal.NOT_BRACKETED if put is None or call is None else Wings(put, call)
        for put, call in zip(at[::2], at[1::2], strict=True)
    ]


def _at_delta(delta: Column, vol: Column, target: float) -> float | None:
    """Return the vol where the delta, falling with the strike, is the target."""
    known = np.flatnonzero(~np.isnan(delta))
    delta, vol = delta[known], vol[known]
    crossed = np.flatnonzero((delta[:-1] >= target) & (delta[1:] < target))
    if crossed.size != 1:  # none: beyond the quotes; several: no smile at all
        return None
    i = int(crossed[0])
    weight = (delta[i] - target) / (delta[i] - delta[i + 1])
    return float(vol[i] + weight * (vol[i + 1] - vol[i]))
