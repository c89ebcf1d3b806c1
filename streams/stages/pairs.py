"""Which reading is a leg of which comparison.

Besides what the configuration compares, three comparisons are always worth
their while, and are made as every spread is: of a pair, how much of its
published spread is the publishers' methods; of a symbol, what its implied vol
asks above what its prices did, and how far its price has come today for what
it used to do in a day.
"""

from collections.abc import Iterator
from enum import StrEnum
from typing import NamedTuple

from streams.events import Side
from streams.settings import CHAIN_COMPARISONS, Pair, StreamSettings

IMPLIED = "implied"
"""The comparison of published vols; others are estimator/window, method/tenor."""

METHODOLOGY_BASIS = "methodology_basis"
"""Of a pair: its published spread less the spread of one method on both chains."""

RISK_PREMIUM = "risk_premium"
"""Of a symbol: its published implied vol less its realised one."""

DAILY_MOVE = "daily_move"
"""Of a symbol: its move since the last close, annualised, against its realised vol
as it stood then. Their ratio is the move in standard deviations."""

MOVE = "daily-move/1d"
"""The left leg of it."""

AT_CLOSE = "close-to-close/30d at the last close"
"""The right leg of it."""

LIKE_FOR_LIKE = "vix/30d"
"""The one method: variance-style, as DVOL is, and of its maturity."""

REALISED = "close-to-close/30d"

PLACED = (IMPLIED, LIKE_FOR_LIKE)
"""The comparisons whose legs have a year that means something."""


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


def source_of(reading: str) -> Source:
    """Return what ``implied``, estimator/window or method/tenor is made of."""
    if reading == IMPLIED:
        return Source.PUBLISHED
    return Source.CHAINS if reading in CHAIN_COMPARISONS else Source.BARS


def legs_of(settings: StreamSettings, source: Source) -> Iterator[tuple[str, Leg]]:
    """Yield (symbol, leg) for all legs that are made of one source."""
    for pair in settings.pairs:
        for name, (left, right) in pair.readings.items():
            if source_of(left) is source:
                yield pair.left, Leg(left, pair.name, name, Side.LEFT)
            if source_of(right) is source:
                yield pair.right, Leg(right, pair.name, name, Side.RIGHT)
    for name in settings.symbols:
        for comparison, (left, right) in _of_itself(settings, name).items():
            if source_of(left) is source:
                yield name, Leg(left, name, comparison, Side.LEFT)
            if source_of(right) is source:
                yield name, Leg(right, name, comparison, Side.RIGHT)


def compared(settings: StreamSettings) -> dict[str, list[str]]:
    """Return all that is compared, by pair; a symbol is one with itself."""
    found = {name: list(_of_itself(settings, name)) for name in settings.symbols}
    for pair in settings.pairs:
        found[pair.name] = list(pair.readings)
        if side_of_basis(pair, IMPLIED) is not None:
            found[pair.name].append(METHODOLOGY_BASIS)
    return found


def reading_of(
    settings: StreamSettings, pair: str, comparison: str, side: Side
) -> tuple[str, str]:
    """Return (symbol, reading) of one leg of a comparison.

    The legs of a methodology basis are spreads: the pair is their symbol.

    Raises:
        KeyError: it is not compared.
    """
    right = side is Side.RIGHT
    if comparison == METHODOLOGY_BASIS:
        return pair, (IMPLIED, LIKE_FOR_LIKE)[right]
    for known in settings.pairs:
        if known.name == pair:
            return (known.left, known.right)[right], known.readings[comparison][right]
    return pair, _of_itself(settings, pair)[comparison][right]


def _of_itself(settings: StreamSettings, name: str) -> dict[str, tuple[str, str]]:
    """Return what a symbol's readings are compared with: others of its own."""
    if REALISED not in settings.realised_of(name):
        return {}
    found = {DAILY_MOVE: (MOVE, AT_CLOSE)}
    if settings.symbols[name].implied is not None:
        found[RISK_PREMIUM] = (IMPLIED, REALISED)
    return found


def side_of_basis(pair: Pair, comparison: str) -> Side | None:
    """Return which leg of the pair's methodology basis this spread is, if any."""
    if not (pair.implied and LIKE_FOR_LIKE in pair.chains):
        return None
    return {IMPLIED: Side.LEFT, LIKE_FOR_LIKE: Side.RIGHT}.get(comparison)
