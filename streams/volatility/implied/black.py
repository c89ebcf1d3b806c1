"""Black's formula, undiscounted: what a European option on a forward is worth."""

import numpy as np
from numpy.typing import NDArray
from scipy import special

Column = NDArray[np.float64]


def black_price(
    forward: Column, strike: Column, total_vol: Column, call: NDArray[np.bool_]
) -> Column:
    """Return the undiscounted price.

    Args:
        forward: F > 0.
        strike: K > 0.
        total_vol: σ√T ≥ 0.
        call: whether it is a call; else a put.
    """
    out_of_the_money = np.where(call, strike >= forward, strike <= forward)
    moneyness = np.abs(np.log(forward / strike))
    time_value = np.sqrt(forward) * np.sqrt(strike) * normalised(moneyness, total_vol)
    intrinsic = np.abs(forward - strike)
    price: Column = np.where(out_of_the_money, time_value, time_value + intrinsic)
    return price


def normalised(moneyness: Column, total_vol: Column) -> Column:
    """Return the out-of-the-money price over √(FK).

    b = e^(−y/2)·Φ(−y/s + s/2) − e^(y/2)·Φ(−y/s − s/2), written with the
    scaled complementary error function, so that a far strike keeps its
    digits instead of being the difference of two vanishing numbers.

    Args:
        moneyness: y = |ln(F/K)|.
        total_vol: s = σ√T ≥ 0.
    """
    with np.errstate(divide="ignore", invalid="ignore", over="ignore", under="ignore"):
        h = moneyness / total_vol
        t = total_vol / 2
        near, far = (h - t) / np.sqrt(2), (h + t) / np.sqrt(2)
        scale = 0.5 * np.exp(-0.5 * (h * h + t * t))
        inside = scale * (special.erfcx(near) - special.erfcx(far))
        # Past the inflection erfcx would overflow; the complement does not.
        outside = np.exp(-moneyness / 2) - scale * (
            special.erfcx(-near) + special.erfcx(far)
        )
        price = np.where(near > 0, inside, outside)
    positive: Column = np.where(total_vol > 0, np.maximum(price, 0.0), 0.0)
    return positive


def call_delta(forward: Column, strike: Column, total_vol: Column) -> Column:
    """Return Φ(d₁), the forward delta of a call; a put's is this less one."""
    d1 = np.log(forward / strike) / total_vol + total_vol / 2
    delta: Column = special.ndtr(d1)
    return delta
