"""How far behind its input each agent is."""

from streams.topics import (
    BARS,
    CHAINS,
    CONTEXT,
    LEGS,
    PRICE_TICKS,
    SPREADS,
    VOL_TICKS,
    Topic,
)
from volcross.watching.board import Board
from volcross.watching.observer import Observer

INPUTS: dict[str, Topic] = {
    "sample": PRICE_TICKS,
    "quote": VOL_TICKS,
    "imply": CHAINS,
    "measure": BARS,
    "join": LEGS,
    "place": SPREADS,
    "judge": SPREADS,
    "weigh": CONTEXT,
}
"""What each agent reads."""


async def lags(board: Board, observer: Observer) -> dict[str, int]:
    """Return the records of its input that each agent has not yet taken in.

    By its checkpoints, which follow the work by up to a second: what is only
    done and not yet written down counts as waiting.

    Args:
        board: has seen the checkpoints.
        observer: knows where the topics end.
    """
    waiting = {}
    for agent, topic in INPUTS.items():
        ends = await observer.ends(topic)
        waiting[agent] = sum(
            max(0, end - 1 - board.applied.get((agent, partition), -1))
            for partition, end in ends.items()
        )
    return waiting
