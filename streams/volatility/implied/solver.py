"""The implied volatility of one price, for a whole chain at once.

Every price becomes that of the out-of-the-money option at its strike, over
√(FK): b(y, s), y = |ln(F/K)|, s = σ√T. The curve b(s) has its inflection at
s = √(2y). Above it ln(b_max − b) is smooth; below it b itself, down to where
the tangent at the inflection meets zero; further down 1/√(−ln b) is nearly a
straight line. In each stretch a first guess is improved by Halley's or
Householder's steps, each of which makes the digits three or four times as
many: one does for nearly all below the inflection, where the guess is looked
up, two above it, and who needs more gets more.

Source: the stretches, and the guess above, follow P. Jäckel, "Let's be
rational", Wilmott (2015); the steps are partly on other functions, and
vectorised.
"""

from collections.abc import Callable
from enum import IntEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from streams.volatility.implied.guesses import guess_below, guess_far_below
from streams.volatility.implied.landmarks import SLACK, Foot, foot, knee_price

Column = NDArray[np.float64]
Rows = NDArray[np.intp] | slice
Step = Callable[[Rows, Column], Column]

_CHUNK = 4096
"""Options at a time: what a core's cache holds of all the columns."""
_STEPS = 60
"""Bound on the steps. One or two do wherever options trade; more, and then at most
these, only where a double cannot tell a strike from the forward."""
_SETTLED = 1e-4
"""A step this small, relative to s, leaves an error of its third power."""
_MOST = 0.8
_SQRT2 = np.sqrt(2.0)
_DENSITY = 1 / np.sqrt(2 * np.pi)
_TINY = float(np.finfo(np.float64).tiny)


class Answer(IntEnum):
    """Whether a price has an implied volatility."""

    FOUND = 0
    BELOW_INTRINSIC = 1
    """Cheaper than exercising it; the volatility is given as 0."""
    ABOVE_MAXIMUM = 2
    """As dear as what it delivers; the volatility is given as infinite."""


class ImpliedVols(NamedTuple):
    """One implied volatility a price.

    Attributes:
        value: annualised, as a fraction; never NaN.
        answer: `Answer` of each.
    """

    value: Column
    answer: NDArray[np.int8]

    @property
    def found(self) -> NDArray[np.bool_]:
        """Which prices have one."""
        found: NDArray[np.bool_] = self.answer == Answer.FOUND
        return found


def implied_vols(
    price: ArrayLike,
    forward: ArrayLike,
    strike: ArrayLike,
    years: ArrayLike,
    call: ArrayLike,
) -> ImpliedVols:
    """Return the volatilities at which Black's formula gives these prices.

    Right to max(1e-10, 8ε · price/vega): what a double's own rounding of
    the price leaves open. A price of exactly its intrinsic value has 0.

    Args:
        price: undiscounted (the market's price times e^(rT)).
        forward: > 0.
        strike: > 0.
        years: to expiry, > 0.
        call: whether it is a call; else a put.

    Raises:
        ValueError: an argument is not finite, or not positive where it must be.
    """
    columns = np.broadcast_arrays(
        *(np.asarray(x, dtype=np.float64) for x in (price, forward, strike, years)),
        np.asarray(call, dtype=np.bool_),
    )
    shape = columns[0].shape
    price, forward, strike, years, call = (np.ravel(x) for x in columns)
    _refuse_nonsense(price, forward, strike, years)
    value = np.empty(price.size)
    answer = np.empty(price.size, dtype=np.int8)
    for start in range(0, price.size, _CHUNK):
        rows = slice(start, start + _CHUNK)
        value[rows], answer[rows] = _solve(
            price[rows], forward[rows], strike[rows], call[rows]
        )
    value /= np.sqrt(years)
    return ImpliedVols(value.reshape(shape), answer.reshape(shape))


def _refuse_nonsense(price: Column, *positive: Column) -> None:
    if not np.isfinite(price).all():
        raise ValueError("a price is not finite")
    for name, column in zip(("forward", "strike", "years"), positive, strict=True):
        if not ((column > 0) & (column < np.inf)).all():
            raise ValueError(f"a {name} is not positive and finite")


def _solve(
    price: Column, forward: Column, strike: Column, call: NDArray[np.bool_]
) -> tuple[Column, NDArray[np.int8]]:
    """Return total volatilities s = σ√T, and the answers."""
    moneyness = np.abs(np.log(forward / strike))
    intrinsic = np.where(call, forward - strike, strike - forward)
    time_value = price - np.maximum(intrinsic, 0.0)
    scale = np.sqrt(forward) * np.sqrt(strike)
    b = time_value / scale
    with np.errstate(divide="ignore", invalid="ignore"):
        # Apart, for b may be too small for a double where the price is not.
        log_b = np.log(time_value) - np.log(scale)
    # The option out of the money can be worth no more than the lesser of the two.
    room = (np.minimum(forward, strike) - time_value) / scale

    answer = np.zeros(price.size, dtype=np.int8)
    answer[time_value < 0] = Answer.BELOW_INTRINSIC
    answer[room <= 0] = Answer.ABOVE_MAXIMUM
    s = np.where(room <= 0, np.inf, 0.0)

    at_knee = knee_price(moneyness)
    inside = (time_value > 0) & (room > 0)
    feet = foot(moneyness)
    below = inside & (b < at_knee)
    far = np.flatnonzero(below & (b < feet.price))
    if far.size:
        s[far] = _far_below(moneyness[far], log_b[far], Foot(*(x[far] for x in feet)))
    near = np.flatnonzero(below & (b >= feet.price))
    if near.size:
        at_foot = Foot(*(x[near] for x in feet))
        s[near] = _below(moneyness[near], b[near], at_foot, at_knee[near])
    high = np.flatnonzero(inside & ~below)
    if high.size:
        s[high] = _above(moneyness[high], room[high], at_knee[high])
    return s, answer


def _below(y: Column, b: Column, foot: Foot, at_knee: Column) -> Column:
    """Solve between foot and knee, where b itself is smooth."""
    start = guess_below(y, b, foot, at_knee)

    def step(rows: Rows, s: Column) -> Column:
        value, slope, bend, turn = _curve(y[rows], s, -1.0)
        return _householder((b[rows] - value) / slope, bend, bend * bend + turn)

    low, high = foot.at * (1 - SLACK), np.sqrt(2 * y) * (1 + SLACK)
    return _iterate(step, start, low, high)


def _far_below(y: Column, log_b: Column, foot: Foot) -> Column:
    """Solve on (0, foot), where 1/√(−ln b) is nearly straight."""
    start = guess_far_below(y, log_b, foot)
    target = 1 / np.sqrt(-log_b)

    def step(rows: Rows, s: Column) -> Column:
        # b = tail · e^(−(h² + t²)/2), kept in logarithms: no price underflows.
        h, t = y[rows] / s, s / 2
        square = h * h
        tail = special.erfcx((h - t) / _SQRT2) - special.erfcx((h + t) / _SQRT2)
        tail = np.maximum(0.5 * tail, _TINY)
        depth = 0.5 * (square + t * t) - np.log(tail)  # −ln b
        steep = _DENSITY / tail
        newton = (target[rows] * np.sqrt(depth) - 1) * 2 * depth / steep
        second = steep * (1.5 / depth - 1) + square / s - t / 2
        # So nearly straight that Halley's step, one order less, does as well.
        halley: Column = newton / (1 + 0.5 * second * newton)
        return halley

    return _iterate(step, start, np.zeros_like(y), foot.at * (1 + SLACK))


def _above(y: Column, room: Column, at_knee: Column) -> Column:
    """Solve on (knee, ∞), where the logarithm of the room left is smooth."""
    knee = np.sqrt(2 * y)
    share = room / (np.exp(-y / 2) - at_knee)
    s = np.maximum(-2 * special.ndtri(special.ndtr(-knee / 2) * share), knee)
    target = np.log(room)

    def step(rows: Rows, s: Column) -> Column:
        value, slope, bend, turn = _curve(y[rows], s, 1.0)
        steep = slope / value
        newton = (np.log(value) - target[rows]) / steep
        second = bend + steep
        change = turn + steep * second
        return _householder(newton, second, second * second + change)

    return _iterate(step, s, knee * (1 - SLACK), np.full_like(knee, np.inf))


def _curve(y: Column, s: Column, side: float) -> tuple[Column, ...]:
    """Return b (side −1) or b_max − b (side +1), b′, and of ln b′ two derivatives."""
    h, t = y / s, s / 2
    scale = np.exp(-0.5 * (h * h + t * t))
    near, far = side * (t - h) / _SQRT2, (h + t) / _SQRT2
    value = 0.5 * scale * (special.erfcx(near) + side * special.erfcx(far))
    slope = _DENSITY * scale
    square = (h / s) * h
    bend = square - s / 4
    turn = -3 * square / s - 0.25
    return np.maximum(value, _TINY), slope, bend, turn


def _householder(newton: Column, second: Column, third: Column) -> Column:
    """Return the third-order step from Newton's and f″/f′, f‴/f′."""
    numerator = 1 + 0.5 * second * newton
    denominator = 1 + newton * (second + third * newton / 6)
    return newton * numerator / denominator


def _iterate(step: Step, s: Column, low: Column, high: Column) -> Column:
    rows: Rows = slice(None)
    with np.errstate(all="ignore"):
        for _ in range(_STEPS):
            at = s[rows]
            move = step(rows, at)
            least = np.maximum(low[rows], at / 4)
            after = np.minimum(np.maximum(at + move, least), high[rows])
            rest = np.flatnonzero(~(np.abs(move) <= _SETTLED * at))
            lost = rest[np.isnan(after[rest])]
            after[lost] = at[lost]
            s[rows] = after
            if not rest.size:
                break
            if rest.size < _MOST * at.size:  # else picking them costs more
                rows = rest if isinstance(rows, slice) else rows[rest]
    return s
