"""A chain of option quotes, and its expiries, checked and sorted."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from streams.volatility.implied.refusals import Refusal

Column = NDArray[np.float64]

YEAR_NS = 365 * 86_400 * 10**9
"""525,600 minutes: the year of every implied volatility here."""
MOST_ROWS = 50_000
"""More quotes than any underlying lists: somebody joined several."""


class Settlement(StrEnum):
    """What an option's price is paid in."""

    LINEAR = "linear"
    """The currency of the strike."""
    COIN = "coin"
    """The underlying itself (Deribit): a price times the forward is in dollars."""


@dataclass(frozen=True, slots=True)
class Chain:
    """Quotes of the options on one underlying, in any order.

    Attributes:
        symbol: the underlying.
        at: when the quotes held (ns UTC).
        expiry: the instant each option expires (ns UTC).
        strike: in the currency of the underlying's price.
        call: whether each is a call; else a put.
        bid: best bid; 0 where there is none.
        ask: best ask; infinite where there is none.
        settlement: what bid and ask are paid in.
        american: whether the options may be exercised early.
        underlyings: what the rows themselves name; more than one is refused.
    """

    symbol: str
    at: int
    expiry: NDArray[np.int64]
    strike: Column
    call: NDArray[np.bool_]
    bid: Column
    ask: Column
    settlement: Settlement = Settlement.LINEAR
    american: bool = False
    underlyings: frozenset[str] = frozenset()

    def __len__(self) -> int:
        return int(self.strike.size)


@dataclass(frozen=True, slots=True)
class Strip:
    """The quotes of one expiry, by rising strike; NaN where none is listed.

    Attributes:
        expiry: ns UTC.
        years: from the chain's time to the expiry.
        refusal: why these quotes are not to be used; None if they are.
    """

    expiry: int
    years: float
    strike: Column
    call_bid: Column
    call_ask: Column
    put_bid: Column
    put_ask: Column
    refusal: Refusal | None


def split_by_expiry(chain: Chain) -> list[Strip] | Refusal:
    """Return the chain's expiries, the nearest first, or why it has none."""
    if not len(chain):
        return Refusal.EMPTY
    if len(chain) > MOST_ROWS:
        return Refusal.TOO_MANY_ROWS
    if len(chain.underlyings) > 1:
        return Refusal.MIXED_UNDERLYINGS
    if (chain.expiry <= chain.at).all():
        return Refusal.EXPIRED

    order = np.lexsort((chain.call, chain.strike, chain.expiry))
    expiry, strike, call = chain.expiry[order], chain.strike[order], chain.call[order]
    bid, ask = chain.bid[order], chain.ask[order]
    new_expiry = np.concatenate(([True], expiry[1:] != expiry[:-1]))
    new_strike = new_expiry | np.concatenate(([True], strike[1:] != strike[:-1]))
    again = ~new_strike & np.concatenate(([False], call[1:] == call[:-1]))

    starts = np.flatnonzero(new_expiry)
    # The first that applies is the reason.
    faults = {
        Refusal.EXPIRED: expiry <= chain.at,
        Refusal.NOT_FINITE: ~np.isfinite(strike) | ~np.isfinite(bid) | np.isnan(ask),
        Refusal.NEGATIVE_PRICE: (strike <= 0) | (bid < 0) | (ask < 0),
        Refusal.CROSSED: bid > ask,
        Refusal.DUPLICATE_STRIKE: again,
    }
    refusals: list[Refusal | None] = [None] * len(starts)
    for i in np.flatnonzero(~np.logical_or.reduceat(bid > 0, starts)):
        refusals[i] = Refusal.NO_BIDS
    for refusal, rows in reversed(faults.items()):
        for i in np.flatnonzero(np.logical_or.reduceat(rows, starts)):
            refusals[i] = refusal

    row = np.cumsum(new_strike) - 1  # of each quote in the table of strikes
    table = np.full((4, int(row[-1]) + 1), np.nan)
    side = np.where(call, 0, 2)
    table[side, row] = bid
    table[side + 1, row] = ask
    strikes = strike[new_strike]
    bounds = [*row[starts].tolist(), strikes.size]
    return [
        Strip(
            expiry=int(expiry[start]),
            years=int(expiry[start] - chain.at) / YEAR_NS,
            strike=strikes[low:high],
            call_bid=table[0, low:high],
            call_ask=table[1, low:high],
            put_bid=table[2, low:high],
            put_ask=table[3, low:high],
            refusal=refusal,
        )
        for start, low, high, refusal in zip(
            starts, bounds[:-1], bounds[1:], refusals, strict=True
        )
    ]
