"""The volatility at the forward, the plainest thing a chain says."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from streams.volatility.implied.chain import Strip
from streams.volatility.implied.forward import Forward, mids
from streams.volatility.implied.refusals import Refusal
from streams.volatility.implied.solver import implied_vols

WIDEST_SPREAD = 0.5
"""(ask − bid)/mid beyond which a quote says nothing about the vol."""
DEEPEST_AMERICAN = 0.5
"""How many σ√T from the forward an American strike is taken for a European."""


@dataclass(frozen=True, slots=True)
class AtTheMoney:
    """One expiry's volatility at the forward.

    Attributes:
        vol: annualised, as a fraction.
        strikes: what it was interpolated between; one where it is the forward.
    """

    vol: float
    strikes: tuple[float, ...]


def at_the_money(
    strips: Sequence[Strip],
    forwards: Sequence[Forward],
    *,
    american: bool,
    widest_spread: float = WIDEST_SPREAD,
) -> list[AtTheMoney | Refusal]:
    """Return each expiry's vol at the forward: call and put, linear in strike.

    At each of the two strikes that bracket the forward, the mean of the
    call's and the put's implied vol, so that an error of the forward cancels.
    A strike counts if both are bid and offered, within the spread cap, and
    not below their intrinsic value.

    American options are solved as if they were European: the right to
    exercise early makes the puts a little dear (docs/methods.md gives the
    size on a real chain). Beyond `DEEPEST_AMERICAN` it is refused.
    """
    brackets = [
        _bracket(strip, forward, widest_spread)
        for strip, forward in zip(strips, forwards, strict=True)
    ]
    prices, strikes, owners = [], [], []
    for i, rows in enumerate(brackets):
        if isinstance(rows, Refusal):
            continue
        strip, unit = strips[i], forwards[i].unit
        for row in rows:
            call = (strip.call_bid[row] + strip.call_ask[row]) / 2
            put = (strip.put_bid[row] + strip.put_ask[row]) / 2
            prices += [unit * call, unit * put]
            strikes += [strip.strike[row]] * 2
            owners += [i, i]
    if not owners:
        return [rows for rows in brackets if isinstance(rows, Refusal)]
    vols = implied_vols(
        prices,
        [forwards[i].price for i in owners],
        strikes,
        [strips[i].years for i in owners],
        [True, False] * (len(owners) // 2),
    )
    means = iter(((vols.value[::2] + vols.value[1::2]) / 2).tolist())
    found = iter((vols.found[::2] & vols.found[1::2]).tolist())
    answers: list[AtTheMoney | Refusal] = []
    for strip, forward, rows in zip(strips, forwards, brackets, strict=True):
        if isinstance(rows, Refusal):
            answers.append(rows)
            continue
        pairs = [(float(strip.strike[row]), next(means), next(found)) for row in rows]
        answers.append(_interpolated(pairs, forward.price, strip.years, american))
    return answers


def _bracket(
    strip: Strip, forward: Forward, widest_spread: float
) -> tuple[int, ...] | Refusal:
    """Return the usable rows next to the forward: one if it is a strike."""
    usable = np.ones(strip.strike.shape, dtype=np.bool_)
    for bid, ask, worth in (
        (strip.call_bid, strip.call_ask, forward.price - strip.strike),
        (strip.put_bid, strip.put_ask, strip.strike - forward.price),
    ):
        mid = mids(bid, ask)
        with np.errstate(invalid="ignore"):  # no ask: inf − inf, refused anyway
            usable &= (bid > 0) & (ask - bid <= widest_spread * mid)
        usable &= (mid * forward.unit >= worth) & (mid < np.inf)
    rows = np.flatnonzero(usable)
    if rows.size < 2:
        return Refusal.TOO_FEW_STRIKES
    above = int(np.searchsorted(strip.strike[rows], forward.price, side="right"))
    if above and strip.strike[rows[above - 1]] == forward.price:
        return (int(rows[above - 1]),)
    if not 0 < above < rows.size:
        return Refusal.NOT_BRACKETED
    return int(rows[above - 1]), int(rows[above])


def _interpolated(
    pairs: list[tuple[float, float, bool]], forward: float, years: float, american: bool
) -> AtTheMoney | Refusal:
    if not all(found for _, _, found in pairs):
        return Refusal.TOO_FEW_STRIKES
    (low, vol, _), (high, high_vol, _) = pairs[0], pairs[-1]
    if high > low:
        vol += (high_vol - vol) * (forward - low) / (high - low)
    if vol <= 0:
        return Refusal.TOO_FEW_STRIKES
    if american:
        deepest = max(abs(math.log(strike / forward)) for strike, _, _ in pairs)
        if deepest > DEEPEST_AMERICAN * vol * math.sqrt(years):
            return Refusal.EARLY_EXERCISE
    return AtTheMoney(vol, tuple(strike for strike, _, _ in pairs))
