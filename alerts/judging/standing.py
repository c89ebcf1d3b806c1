"""A stretch of the spread → breach, clear, or a reason why neither.

Pure and vectorised: columns in, one standing a row out. What follows from a
standing that lasts is for `alerts.judging.incidents`.
"""

from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from alerts.judging.rule import Rule
from alerts.telling.wording import length
from streams.volatility.market_time import Instants, MarketClock

Standings = NDArray[np.int8]


class Standing(IntEnum):
    """How a rule stands while nothing changes."""

    CLEAR = -1
    """Short of the margin by more than the hysteresis."""
    BETWEEN = 0
    """Neither: what was so before stays so."""
    BREACH = 1
    """Beyond the margin."""
    UNKNOWN = 2
    """A leg is stale or has no value: nothing can be said."""


def outward(rule: Rule) -> float:
    """Return 1 where above the margin is the breach, -1 where below it is."""
    return 1.0 if rule.when == "above" else -1.0


def condition(rule: Rule, *, resolved: bool = False) -> str:
    """Return in words what makes `rule` fire, or what resolves it.

    >>> from alerts.judging.rule import DEFAULT_RULE
    >>> condition(DEFAULT_RULE)
    'spread above 0 points for 15 min'
    >>> condition(DEFAULT_RULE, resolved=True)
    'spread below -1 points for 15 min'
    """
    left, right = rule.pair.split("/")
    subject = {"left": left, "right": right}.get(rule.watch, rule.watch)
    side, level = rule.when, rule.margin
    if resolved:
        side = "below" if rule.when == "above" else "above"
        level -= outward(rule) * rule.hysteresis
    unit = {"ratio": "", "spread": " points"}.get(rule.watch, "%")
    amount = f"{level if rule.watch == 'ratio' else level * 100:g}{unit}"
    return f"{subject} {side} {amount} for {length(rule.hold)}"


def standings(rule: Rule, watched: NDArray[np.float64]) -> Standings:
    """Return how `rule` stands at each value of what it watches (NaN: unknown)."""
    beyond = outward(rule) * watched
    margin = outward(rule) * rule.margin
    breach = beyond > margin
    clear = beyond < margin - rule.hysteresis
    standing = breach.astype(np.int8) - clear.astype(np.int8)
    standing[~np.isfinite(watched)] = Standing.UNKNOWN
    return standing


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
