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


IN_WORDS = {
    Refusal.EMPTY: "there is no quote in it",
    Refusal.TOO_MANY_ROWS: "it has more quotes than any underlying lists",
    Refusal.MIXED_UNDERLYINGS: "its options are on more than one underlying",
    Refusal.STALE: "its quotes are too old",
    Refusal.EXPIRED: "its options have expired",
    Refusal.NOT_FINITE: "a strike or a price is not a number",
    Refusal.NEGATIVE_PRICE: "a price is below zero, or a strike not above it",
    Refusal.CROSSED: "a bid is above its ask",
    Refusal.DUPLICATE_STRIKE: "one option is quoted twice",
    Refusal.NO_BIDS: "nobody bids for any of its options",
    Refusal.NO_PARITY_STRIKE: (
        "no strike has call and put quoted, so nothing says where the forward is"
    ),
    Refusal.TOO_FEW_STRIKES: "too few strikes have quotes that can be used",
    Refusal.TRUNCATED: (
        "the strikes end where options are still dear, so the index would be too low"
    ),
    Refusal.EARLY_EXERCISE: (
        "the strikes are so far from the forward that early exercise would show"
    ),
    Refusal.NOT_BRACKETED: (
        "the quotes lie on one side only of what is asked, and nothing is extrapolated"
    ),
}
"""What a person is told; programs are given the name."""
