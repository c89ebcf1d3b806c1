"""What the agents show to Prometheus.

Labels are bounded by the configuration: agents, configured symbols and
pairs, and fixed sets of reasons; what arrives cannot add to them.
"""

import time

from prometheus_client import Counter, Gauge, Histogram

from streams.events import (
    Event,
    Origin,
    Quality,
    SpreadReadings,
    VolatilityReadings,
)

RECORDS = Counter("volcross_records_total", "Records an agent has taken in.", ["agent"])
APPLY_SECONDS = Histogram(
    "volcross_apply_seconds",
    "Time an agent took for one record.",
    ["agent"],
    buckets=(0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3),
)
CHECKPOINTS = Counter(
    "volcross_checkpoints_total", "Checkpoints an agent has written.", ["agent"]
)
REJECTED = Counter(
    "volcross_rejected_total",
    "Ticks and records that could not be used, by reason.",
    ["topic", "reason"],
)
GAP_SECONDS = Counter(
    "volcross_gap_seconds_total",
    "Event time that no record covered.",
    ["agent"],
)
IMPLIED = Gauge(
    "volcross_implied_volatility_ratio",
    "Annualised implied volatility as a fraction, latest.",
    ["symbol", "measure", "tenor"],
)
REALISED = Gauge(
    "volcross_realized_volatility_ratio",
    "Annualised realised volatility as a fraction, latest.",
    ["symbol", "estimator", "window"],
)
SPREAD = Gauge(
    "volcross_spread_ratio",
    "Left minus right volatility as a fraction, latest.",
    ["pair", "comparison"],
)
LAST_EVENT = Gauge(
    "volcross_last_event_timestamp_seconds",
    "Event time of the latest reading, seconds since the epoch.",
    ["source", "symbol"],
)
READING_SECONDS = Histogram(
    "volcross_reading_latency_seconds",
    "From the instant a number was public to the reading made of it.",
    buckets=(0.005, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 60, 600, 3600),
)


def observe(event: Event) -> None:
    """Show the latest row of a reading or of a spread."""
    if isinstance(event, VolatilityReadings):
        at = event.at[-1] / 1e9
        LAST_EVENT.labels(event.source, event.symbol).set(at)
        READING_SECONDS.observe(max(0.0, time.time() - at))
        if event.quality is not Quality.OK:
            return
        gauge = REALISED if event.origin is Origin.COMPUTED else IMPLIED
        gauge.labels(event.symbol, event.measure, event.window).set(event.value[-1])
    elif isinstance(event, SpreadReadings) and event.at:
        SPREAD.labels(event.pair, event.comparison).set(event.spread[-1])
