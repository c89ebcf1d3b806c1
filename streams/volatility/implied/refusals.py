"""Why a chain, an expiry or a tenor yields no number. Never a guess instead."""

from enum import StrEnum


class Refusal(StrEnum):
    """A reason, safe as a metric label."""

    # Of a chain.
    EMPTY = "empty"
    TOO_MANY_ROWS = "too_many_rows"
    MIXED_UNDERLYINGS = "mixed_underlyings"
    STALE = "stale"
    EXPIRED = "expired"
    """Nothing in it, or this expiry of it, is still alive."""

    # Of an expiry whose quotes cannot all be true.
    NOT_FINITE = "not_finite"
    NEGATIVE_PRICE = "negative_price"
    CROSSED = "crossed"
    """A bid above its ask."""
    DUPLICATE_STRIKE = "duplicate_strike"
    """Two quotes of one option."""

    # Of an expiry that says too little.
    NO_BIDS = "no_bids"
    NO_PARITY_STRIKE = "no_parity_strike"
    """No strike has a call and a put that both are bid and offered."""
    TOO_FEW_STRIKES = "too_few_strikes"
    TRUNCATED = "truncated"
    """The strikes end where options are still worth much of one at the money."""
    EARLY_EXERCISE = "early_exercise"
    """An American strike so deep that the right to exercise shows."""
    NOT_BRACKETED = "not_bracketed"
    """No strikes on both sides of the forward, or no expiries of the tenor."""
