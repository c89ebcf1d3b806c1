"""A symbol's vols by maturity, as its latest option chain has them; pure."""

from dataclasses import dataclass, field

from streams.settings import CHAIN_COMPARISONS
from volcross.watching.board import Board, Reading

CHAIN_MEASURES = frozenset(each.split("/")[0] for each in CHAIN_COMPARISONS)

NO_CHAIN = (
    "no option chain yet: deribit brings those of BTC and ETH, cboe those of US stocks"
)


@dataclass(slots=True)
class Structure:
    """One symbol's term structure.

    Attributes:
        symbol: of whom.
        at: instant of the chain (ns UTC), 0 before the first.
        source: who quoted it.
        tenors: by days: measure → annualised fraction, of a skew a difference.
            Only what that one chain gave: curves of two instants do not mix.
        published: the vols that somebody publishes, which it is held against.
        why_not: why there is no curve, None where there is one.
    """

    symbol: str
    at: int = 0
    source: str = ""
    tenors: dict[int, dict[str, float]] = field(default_factory=dict)
    published: list[Reading] = field(default_factory=list)
    why_not: str | None = NO_CHAIN


def structures(board: Board) -> list[Structure]:
    """Return the term structure of every symbol that anything is known of."""
    symbols = {feed.symbol for feed in board.feeds.values()}
    symbols |= {reading.symbol for reading in board.readings.values()}
    symbols |= {
        leg.symbol for line in board.spreads.values() for leg in (line.left, line.right)
    }
    found = {symbol: Structure(symbol) for symbol in sorted(symbols)}
    chained: dict[str, list[Reading]] = {}
    for reading in board.readings.values():
        if reading.measure in CHAIN_MEASURES:
            chained.setdefault(reading.symbol, []).append(reading)
        elif reading.implied:
            found[reading.symbol].published.append(reading)
    for symbol, told in chained.items():
        newest = max(told, key=lambda reading: reading.at)
        one = found[symbol]
        one.at, one.source, one.why_not = newest.at, newest.source, None
        for reading in told:
            if reading.at == newest.at:
                tenor = one.tenors.setdefault(_days(reading.window), {})
                tenor[reading.measure] = reading.value
        one.tenors = dict(sorted(one.tenors.items()))
    for symbol, (at, reason) in board.unread_chains.items():
        if (missed := found.get(symbol)) is not None and at > missed.at:
            missed.why_not = f"the latest chain could not be read: {reason}"
    return list(found.values())


def _days(window: str) -> int:
    return int(window.removesuffix("d"))
