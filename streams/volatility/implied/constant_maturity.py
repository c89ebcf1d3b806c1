"""A vol for a fixed number of days, between the expiries that happen to exist."""

import math
from collections.abc import Sequence
from typing import NamedTuple

from streams.volatility.implied.refusals import Refusal

DAYS_PER_YEAR = 365.0


class Maturity(NamedTuple):
    """One expiry's volatility."""

    years: float
    vol: float


class ConstantMaturity(NamedTuple):
    """The volatility of a tenor.

    Attributes:
        vol: annualised, as a fraction.
        near: which of the maturities is not after the tenor.
        far: which is not before it; `near` itself where they coincide.
    """

    vol: float
    near: int
    far: int


def constant_maturity(
    maturities: Sequence[Maturity], tenor_days: float
) -> ConstantMaturity | Refusal:
    """Return the vol of a tenor, total variance being linear in time.

    σ²t = σ₁²T₁·(T₂ − t)/(T₂ − T₁) + σ₂²T₂·(t − T₁)/(T₂ − T₁); never beyond
    the first or last maturity.

    Args:
        maturities: by rising time.
        tenor_days: days of 24 hours.
    """
    t = tenor_days / DAYS_PER_YEAR
    far = next((i for i, m in enumerate(maturities) if m.years >= t), None)
    if far is None:
        return Refusal.NOT_BRACKETED
    if maturities[far].years == t:
        return ConstantMaturity(maturities[far].vol, far, far)
    if far == 0:
        return Refusal.NOT_BRACKETED
    (t1, vol1), (t2, vol2) = maturities[far - 1], maturities[far]
    weight = (t - t1) / (t2 - t1)
    total = vol1 * vol1 * t1 * (1 - weight) + vol2 * vol2 * t2 * weight
    return ConstantMaturity(math.sqrt(total / t), far - 1, far)
