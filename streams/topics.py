"""Where each record flows: names, keys, partitions, retention."""

from dataclasses import dataclass

from streams.events import (
    Alert,
    Bars,
    ChainSnapshot,
    Checkpoint,
    ContextReadings,
    Delivery,
    Event,
    FeedState,
    LegReadings,
    PriceTicks,
    Rejected,
    Silence,
    SpreadReadings,
    VolatilityReadings,
    VolTicks,
)

DAY = 86_400

LARGEST_BYTES = 8 * 2**20
"""No record of ours is larger."""


@dataclass(frozen=True, slots=True)
class Topic:
    """One Kafka topic.

    Attributes:
        name: as in Kafka, before the configured prefix.
        carries: the record type.
        keyed_by: what the key is; equal keys share a partition and an order.
        spread: whether it is split into the configured number of partitions;
            the others have one, because they are small and read whole.
        retention_seconds: how long the broker keeps records.
        compacted: keep the last record of each key for ever instead.
        record_bytes: how large one record may be; 0 leaves it to the broker.
    """

    name: str
    carries: type[Event]
    keyed_by: str
    spread: bool = True
    retention_seconds: int = 7 * DAY
    compacted: bool = False
    record_bytes: int = 0


PRICE_TICKS = Topic("ticks.price", PriceTicks, "symbol")
VOL_TICKS = Topic("ticks.vol", VolTicks, "symbol")
# An index has 25,000 options: more than the megabyte that Kafka takes by itself.
CHAINS = Topic("chains", ChainSnapshot, "symbol", record_bytes=LARGEST_BYTES)
# Longer than the longest window: a window is restored by reading its bars again.
BARS = Topic("bars", Bars, "symbol", retention_seconds=120 * DAY)
LEGS = Topic("legs", LegReadings, "pair")
READINGS = Topic("readings", VolatilityReadings, "symbol", retention_seconds=90 * DAY)
SPREADS = Topic("spreads", SpreadReadings, "pair", retention_seconds=90 * DAY)
CONTEXT = Topic("context", ContextReadings, "pair", retention_seconds=90 * DAY)
ALERTS = Topic("alerts", Alert, "rule", spread=False, retention_seconds=365 * DAY)
DELIVERIES = Topic(
    "deliveries", Delivery, "channel", spread=False, retention_seconds=365 * DAY
)
SILENCES = Topic("silences", Silence, "silence", spread=False, compacted=True)
FEEDS = Topic("feeds", FeedState, "feed", spread=False, compacted=True)
REJECTED = Topic(
    "rejected", Rejected, "topic", spread=False, retention_seconds=30 * DAY
)


def checkpoints(agent: str) -> Topic:
    """Return where `agent` remembers; the last record of a partition is its state.

    One topic an agent, so that reading one record is enough at a restart.
    """
    return Topic(f"checkpoints.{agent}", Checkpoint, "partition", compacted=True)


AGENTS = ("sample", "quote", "imply", "measure", "join", "place", "judge", "weigh")

TOPICS: dict[str, Topic] = {
    topic.name: topic
    for topic in (
        PRICE_TICKS,
        VOL_TICKS,
        CHAINS,
        BARS,
        LEGS,
        READINGS,
        SPREADS,
        CONTEXT,
        ALERTS,
        DELIVERIES,
        SILENCES,
        FEEDS,
        REJECTED,
        *map(checkpoints, AGENTS),
    )
}
