"""The variance of a whole strip of quotes, by the rules of the Cboe VIX.

Source: Cboe, "The CBOE Volatility Index" (2009), and "Volatility Index
Methodology: Cboe Volatility Index".
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from streams.volatility.implied.chain import Column, Strip
from streams.volatility.implied.forward import Forward, mids
from streams.volatility.implied.refusals import Refusal

DEAREST_END = 0.05
"""What the last option of a wing may be worth, against one at the money, where no
zero bid ends the wing: of a flat smile's variance 1.5% lie beyond such a strike."""


@dataclass(frozen=True, slots=True)
class ModelFree:
    """One expiry's model-free variance.

    Attributes:
        variance: σ², annualised.
        at_the_money_strike: K₀, the largest strike not above the forward.
        strikes: those that entered, rising.
    """

    variance: float
    at_the_money_strike: float
    strikes: tuple[float, ...]


def model_free(
    strip: Strip, forward: Forward, *, dearest_end: float = DEAREST_END
) -> ModelFree | Refusal:
    """Return σ² = (2/T)·Σ(ΔK/K²)·Q(K) − (1/T)·(F/K₀ − 1)².

    Raw quotes, no filter but Cboe's own: from K₀ puts downward and calls
    upward; a zero bid is skipped, two in a row end the wing, a bid in
    between starts the count anew. Q is the mid at expiry's money, of put and
    call together at K₀. ΔK is half the distance between the neighbours that
    entered, at either end the whole distance to the only one.

    A list that ends before its options are worth little, as that of a feed that
    tells only the strikes near the forward, is refused: its index would be low.
    """
    strike = strip.strike
    centre = int(np.searchsorted(strike, forward.price, side="right")) - 1
    if centre < 0:
        return Refusal.NOT_BRACKETED
    put = mids(strip.put_bid, strip.put_ask)
    call = mids(strip.call_bid, strip.call_ask)
    down = centre - 1 - _wing(strip.put_bid[:centre][::-1], put[:centre][::-1])
    up = centre + 1 + _wing(strip.call_bid[centre + 1 :], call[centre + 1 :])
    rows = np.concatenate((down[::-1], [centre], up))
    quote = np.concatenate(
        (put[down[::-1]], [(put[centre] + call[centre]) / 2], call[up])
    )
    if not down.size or not up.size:
        return Refusal.TOO_FEW_STRIKES
    if not np.isfinite(quote).all():
        # Only K₀ can lack a side; without it the two wings do not meet.
        return Refusal.NO_PARITY_STRIKE
    dearest = dearest_end * quote[down.size]
    for wing, end, bid in ((down, 0, strip.put_bid), (up, -1, strip.call_bid)):
        last_listed = np.flatnonzero(~np.isnan(bid))[end]
        if wing[-1] == last_listed and quote[end] > dearest:
            return Refusal.TRUNCATED
    k = strike[rows]
    widths = np.empty_like(k)
    widths[1:-1] = (k[2:] - k[:-2]) / 2
    widths[0], widths[-1] = k[1] - k[0], k[-1] - k[-2]
    with np.errstate(over="ignore"):  # of strikes that are none, refused below
        total = 2 * float(np.sum(widths / k / k * quote)) * forward.unit
    k0 = float(strike[centre])
    variance = (total - (forward.price / k0 - 1) ** 2) / strip.years
    if not 0 < variance < math.inf:
        return Refusal.TOO_FEW_STRIKES
    return ModelFree(variance, k0, tuple(k.tolist()))


def _wing(bid: Column, mid: Column) -> NDArray[np.intp]:
    """Return which quotes of a wing, from the centre outward, enter."""
    listed = np.flatnonzero(~np.isnan(bid))
    zero = bid[listed] == 0
    ends = np.flatnonzero(zero[1:] & zero[:-1])
    within = listed[: ends[0] + 1] if ends.size else listed
    return within[(bid[within] > 0) & (mid[within] < np.inf)]
