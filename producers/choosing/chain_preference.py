"""Whose option chains to believe, where several venues give one symbol's: pure."""

from collections import defaultdict
from dataclasses import dataclass, field

import structlog

from streams.events import ChainSnapshot, FeedState

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class ChainPreference:
    """Lets the chains of the best venue that gives them go on, symbol by symbol.

    A chain stands for itself: unlike ticks it covers no stretch of time that a
    takeover would have to join on to. So the word of a feed on itself is enough,
    and a better venue that is back is believed at once.
    """

    _giving: defaultdict[str, set[int]] = field(
        default_factory=lambda: defaultdict(set)
    )
    """By symbol, the ranks that have given a chain since they were last down."""
    _active: dict[str, int] = field(default_factory=dict)

    def note(self, rank: int, state: FeedState) -> None:
        """Take in how a feed stands: one of chains is named venue/symbol."""
        if not state.up:
            _, _, symbol = state.feed.partition("/")
            self._giving[symbol].discard(rank)

    def passes(self, rank: int, chain: ChainSnapshot) -> bool:
        """Say whether a chain goes on; the lowest rank is the best venue."""
        giving = self._giving[chain.symbol]
        giving.add(rank)
        if rank > min(giving):
            return False
        if self._active.setdefault(chain.symbol, rank) != rank:
            self._active[chain.symbol] = rank
            log.warning(
                "another source takes over", of=f"chain of {chain.symbol}", rank=rank
            )
        return True
