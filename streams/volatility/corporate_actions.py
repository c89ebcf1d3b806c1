"""Splits and dividends, which move a price without anybody gaining or losing.

Prices from an action on are scaled up to the shares of before it, so nothing
already worked out has to be worked out again.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, order=True)
class CorporateAction:
    """One action of one stock.

    Attributes:
        at: the first instant at which it trades on new terms (ns UTC).
        factor: what one share of before is worth in shares after: 10 for a
            10:1 split, 0.5 for a 1:2 reverse split, close/(close − cash) for
            a dividend.
    """

    at: int
    factor: float

    def __post_init__(self) -> None:
        """Refuse a factor that is none.

        Raises:
            ValueError: it is not positive and finite.
        """
        if not 0 < self.factor < np.inf:
            raise ValueError(f"a corporate action's factor of {self.factor}")


def price_factors(
    actions: Iterable[CorporateAction], at: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return what to multiply prices of those instants by.

    >>> split = CorporateAction(at=1_000, factor=10.0)
    >>> price_factors([split], np.array([999, 1_000])).tolist()
    [1.0, 10.0]
    """
    ordered = sorted(actions)
    if not ordered:
        return np.ones(at.shape)
    since = np.array([action.at for action in ordered], dtype=np.int64)
    factors = np.cumprod(np.array([1.0, *(action.factor for action in ordered)]))
    return factors[np.searchsorted(since, at, side="right")]
