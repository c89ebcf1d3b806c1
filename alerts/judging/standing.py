"""A stretch of what is watched → beyond the margin, back again, or neither.

Pure and vectorised: columns in, one standing a row out. What follows from a
standing that lasts is for `alerts.judging.incidents`.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from alerts.judging.rule import Rule
from streams.volatility.market_time import Instants, MarketClock

Sides = NDArray[np.int8]
"""The side of the margin a row is on, 1 or -1; 0: on none that counts."""


class Standings(NamedTuple):
    """How a rule stands at each value of what it watches.

    Attributes:
        beyond: 1 where it is in breach. A rule that waits for a crossing is in
            breach on either side, 1 above and -1 below: which of them is the
            other one, history tells.
        back: 1 where it is short of the margin by more than the hysteresis; of
            a crossing, the side on which it is clear of the margin.
    """

    beyond: Sides
    back: Sides


def standings(rule: Rule, watched: NDArray[np.float64]) -> Standings:
    """Return how `rule` stands at each value; at NaN it stands nowhere."""
    far, margin = reach(rule, watched), rule.margin
    if rule.when == "crosses":
        side = np.nan_to_num(np.sign(watched - margin)).astype(np.int8)
        return Standings(side, np.where(far > rule.hysteresis, side, np.int8(0)))
    if rule.when == "below":
        margin = -margin
    back = far < margin - rule.hysteresis
    return Standings((far > margin).astype(np.int8), back.astype(np.int8))


def reach(rule: Rule, watched: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how far out each value is in the direction that `rule` minds."""
    match rule.when:
        case "above":
            return watched
        case "below":
            return -watched
        case "outside":
            return np.abs(watched)
        case "crosses":
            return np.abs(watched - rule.margin)


def stale_from(
    clock: MarketClock, limit_ns: int, leg_at: Instants, start: Instants, end: Instants
) -> Instants:
    """Return when, in each stretch ``[start, end)``, a leg's value goes stale.

    A value is stale once more than `limit_ns` of its own market's open time
    has passed since it was made public: nights and week-ends do not age it.

    Args:
        clock: the leg's own market time.
        limit_ns: how much of it a value may see.
        leg_at: when the value in force was made public (ns UTC).
        start: when each stretch begins.
        end: when it is over; later than `start`.

    Returns:
        The first stale instant, `start` if it was stale already, and `end`
        if it does not go stale within the stretch.
    """
    # Most often nothing is near it, and market time need not be worked out:
    # an early close's minute, the longest there is, weighs less than two.
    if (end - leg_at).max(initial=0) <= limit_ns // 2:
        return end
    limit = clock.position(leg_at) + limit_ns
    stale = np.where(clock.position(start) > limit, start, end)
    turning = np.flatnonzero((stale == end) & (clock.position(end - 1) > limit))
    if turning.size:
        fresh, late, limit = start[turning], end[turning] - 1, limit[turning]
        while (late - fresh > 1).any():
            middle = fresh + (late - fresh) // 2
            over = clock.position(middle) > limit
            late, fresh = np.where(over, middle, late), np.where(over, fresh, middle)
        stale[turning] = late
    return stale
