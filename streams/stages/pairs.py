"""Which reading is a leg of which comparison.

Besides what the configuration compares, two differences are always worth
their while, and are made as every spread is: of a pair, how much of its
published spread is the publishers' methods; of a symbol, what its implied vol
asks above what its prices did.
"""

from collections.abc import Iterator
from enum import StrEnum
from typing import NamedTuple

from streams.events import Side
from streams.settings import Pair, StreamSettings

IMPLIED = "implied"
"""The comparison of published vols; others are estimator/window, method/tenor."""

METHODOLOGY_BASIS = "methodology_basis"
"""Of a pair: its published spread less the spread of one method on both chains."""

RISK_PREMIUM = "risk_premium"
"""Of a symbol: its published implied vol less its realised one."""

LIKE_FOR_LIKE = "vix/30d"
"""The one method: variance-style, as DVOL is, and of its maturity."""

REALISED = "close-to-close/30d"


class Leg(NamedTuple):
    """A reading's place in one comparison.

    Attributes:
        of: the reading: ``implied``, estimator/window or method/tenor.
        pair: what is compared: a pair, or a symbol with itself.
        comparison: under which name.
        side: left or right.
    """

    of: str
    pair: str
    comparison: str
    side: Side


class Source(StrEnum):
    """What a leg is made of."""

    PUBLISHED = "published"
    """An implied vol somebody publishes."""
    BARS = "bars"
    """Prices: realised vol."""
    CHAINS = "chains"
    """Option quotes: implied vol of our own making."""


def legs_of(settings: StreamSettings, source: Source) -> Iterator[tuple[str, Leg]]:
    """Yield (symbol, leg) for all legs that are made of one source."""
    for pair in settings.pairs:
        comparisons = {
            Source.PUBLISHED: [IMPLIED] if pair.implied else [],
            Source.BARS: pair.realised,
            Source.CHAINS: pair.chains,
        }
        for name in comparisons[source]:
            yield pair.left, Leg(name, pair.name, name, Side.LEFT)
            yield pair.right, Leg(name, pair.name, name, Side.RIGHT)
    for name, symbol in settings.symbols.items():
        if symbol.implied is None or REALISED not in settings.realised_of(name):
            continue
        if source is Source.PUBLISHED:
            yield name, Leg(IMPLIED, name, RISK_PREMIUM, Side.LEFT)
        elif source is Source.BARS:
            yield name, Leg(REALISED, name, RISK_PREMIUM, Side.RIGHT)


def side_of_basis(pair: Pair, comparison: str) -> Side | None:
    """Return which leg of the pair's methodology basis this spread is, if any."""
    if not (pair.implied and LIKE_FOR_LIKE in pair.chains):
        return None
    return {IMPLIED: Side.LEFT, LIKE_FOR_LIKE: Side.RIGHT}.get(comparison)
