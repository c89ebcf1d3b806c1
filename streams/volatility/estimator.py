"""The contract of every realised-volatility estimator."""

from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from streams.volatility.bars import BarColumns, Column
from streams.volatility.market_time import MarketClock


class Estimates(NamedTuple):
    """One estimate a bar.

    Attributes:
        value: annualised volatility as a fraction; NaN where there is not
            yet enough to compute one.
        warm: whether the window behind it is full.
    """

    value: Column
    warm: NDArray[np.bool_]

    @classmethod
    def none(cls) -> "Estimates":
        """Return the estimates of no bars."""
        return cls(np.empty(0), np.empty(0, dtype=np.bool_))


class Estimator(Protocol):
    """Volatility of one symbol over one window, bar by bar.

    The estimates depend on the bars alone: not on how they were batched, nor
    on whether the estimator was put away and restored in between.

    Args:
        window_seconds: look-back; see `span` for what it means.
        clock: the market's time.
    """

    def __init__(self, window_seconds: float, clock: MarketClock) -> None: ...

    def update(self, bars: BarColumns) -> Estimates:
        """Take in further bars and return the estimate at the end of each.

        Raises:
            ValueError: bars not later than those seen, outside the market's
                calendar, or with a move beyond e^±4. Nothing is taken in,
                and every estimator refuses the same bars.
            OverflowError: 2²⁴ bars in one window. Nothing is taken in.
        """

    def needs_since(self, at: int) -> int:
        """Return the event time of the oldest bar that `restore` would need.

        Args:
            at: the present, in event time, not before the last bar.

        Returns:
            `at` + 1 where no bar is needed.
        """

    def state(self) -> dict[str, Any]:
        """Return what the bars of the window do not say themselves, JSON-able."""

    def restore(self, state: dict[str, Any], bars: BarColumns) -> None:
        """Become what the estimator was when it returned that state.

        Args:
            state: from `state`.
            bars: from `needs_since` or earlier, up to the state's last bar.

        Raises:
            ValueError: the state is of another window, or the bars do not
                end where it does.
        """
