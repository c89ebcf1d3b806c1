"""What is compared and shows nothing yet, and what it waits for; pure."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from streams.events import Quality
from streams.settings import Pair
from streams.stages.pairs import IMPLIED
from volcross.watching.board import Board, Reading
from volcross.watching.structure import CHAIN_MEASURES


class Missing(NamedTuple):
    """A comparison without a spread, and why.

    Attributes:
        pair: ``NVDA/BTC``.
        comparison: ``implied``, ``ewma/30d``, ``vix/30d``.
        reason: what each leg lacks.
    """

    pair: str
    comparison: str
    reason: str


def missing(board: Board, pairs: Iterable[Pair]) -> Iterator[Missing]:
    """Yield every configured comparison that no spread was ever seen of."""
    for pair in pairs:
        for comparison, readings in pair.readings.items():
            line = board.spreads.get((pair.name, comparison))
            if line is not None and line.at:
                continue
            lacking = [
                f"{symbol}: {why}"
                for symbol, reading in zip(
                    (pair.left, pair.right), readings, strict=True
                )
                if (why := _lacks(board, symbol, reading)) is not None
            ]
            reason = ", ".join(lacking) or "both legs speak, not yet of one instant"
            yield Missing(pair.name, comparison, reason)


def _lacks(board: Board, symbol: str, of: str) -> str | None:
    told = [reading for reading in board.readings.values() if reading.symbol == symbol]
    if of == IMPLIED:
        published = any(reading.implied for reading in told)
        return None if published else "no published vol yet"
    measure, window = of.split("/")
    found = [each for each in told if (each.measure, each.window) == (measure, window)]
    if any(reading.quality is Quality.OK for reading in found):
        return None
    if measure in CHAIN_MEASURES:
        return _of_a_chain(board, symbol, window, told)
    if found:
        return f"its {window} are still filling"
    heard = any(
        feed.last_at
        for feed in board.feeds.values()
        if feed.symbol == symbol and not feed.measure
    )
    return "no bar of its prices is closed yet" if heard else "no prices yet"


def _of_a_chain(board: Board, symbol: str, window: str, told: list[Reading]) -> str:
    if symbol in board.unread_chains:
        return f"no number in its chain ({board.unread_chains[symbol][1]})"
    chained = [reading for reading in told if reading.measure in CHAIN_MEASURES]
    if any(reading.window == window for reading in chained):
        return "its chain gives another method's number, not this one's"
    if chained:
        return "its chain does not reach that maturity"
    return "no option chain yet"
