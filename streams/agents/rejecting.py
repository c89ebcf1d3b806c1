"""Input that was refused: counted, logged, and kept where it can be looked at."""

import structlog

from streams import metrics
from streams.agents.stage import Out, Refused
from streams.events import Rejected
from streams.topics import REJECTED

MAX_ORIGINAL = 500_000
"""Bytes of a refused record that are kept; the rest is still where it was."""

_log = structlog.get_logger()


def rejected(topic: str, partition: int, offset: int, refused: Refused) -> Out:
    """Count refused input, and return what is to be kept of it.

    Args:
        topic: where it came from, as in `streams.topics`.
        partition: of that topic.
        offset: in that partition.
        refused: what of it, and why.
    """
    metrics.REJECTED.labels(topic, refused.reason).inc(refused.ticks)
    _log.warning(
        "rejected",
        topic=topic,
        partition=partition,
        offset=offset,
        symbol=refused.symbol,
        reason=refused.reason,
        detail=refused.detail,
        ticks=refused.ticks,
    )
    event = Rejected(
        topic=topic,
        partition=partition,
        offset=offset,
        symbol=refused.symbol,
        reason=refused.reason,
        detail=refused.detail,
        count=refused.ticks,
        original=refused.original[:MAX_ORIGINAL],
    )
    return Out(REJECTED, topic, event)
