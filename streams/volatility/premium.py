"""What two volatilities say together that neither says alone."""

from typing import NamedTuple


class VarianceRiskPremium(NamedTuple):
    """What option buyers pay above what happened.

    Attributes:
        vol: implied less realised volatility, a fraction.
        variance: implied less realised variance, annualised: what a variance
            swap would have earned its seller.
    """

    vol: float
    variance: float


def variance_risk_premium(implied: float, realised: float) -> VarianceRiskPremium:
    """Return the premium of an implied vol over a realised one of its length.

    The implied looks forward and the realised back: this is the premium as
    quoted today, not the one earned.

    >>> variance_risk_premium(0.5, 0.3).vol
    0.2
    """
    return VarianceRiskPremium(implied - realised, implied**2 - realised**2)


def methodology_basis(published: float, like_for_like: float) -> float:
    """Return how much of a published spread is the publishers' methods.

    Args:
        published: left's published vol less right's, iv30 − dvol.
        like_for_like: the same of one method on both chains.
    """
    return published - like_for_like
