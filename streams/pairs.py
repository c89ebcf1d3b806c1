"""Which symbol is a leg of which comparison of which pair."""

from collections.abc import Iterator
from typing import NamedTuple

from streams.events import Side
from streams.settings import StreamSettings

IMPLIED = "implied"
"""The comparison of published implied vols; the others are estimator/window."""


class Leg(NamedTuple):
    """A symbol's place in one comparison of one pair."""

    pair: str
    comparison: str
    side: Side


def legs_of(settings: StreamSettings, *, realised: bool) -> Iterator[tuple[str, Leg]]:
    """Yield (symbol, leg) for all configured pairs, realised or implied."""
    for pair in settings.pairs:
        implied = [IMPLIED] if pair.implied else []
        for comparison in pair.realised if realised else implied:
            yield pair.left, Leg(pair.name, comparison, Side.LEFT)
            yield pair.right, Leg(pair.name, comparison, Side.RIGHT)
