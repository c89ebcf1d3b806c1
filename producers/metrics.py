"""What a producer shows Prometheus."""

from prometheus_client import Counter, Gauge, Histogram

TICKS = Counter(
    "volcross_published_ticks_total",
    "Ticks the broker has acknowledged.",
    ["topic", "source", "symbol"],
)
RECORDS = Counter(
    "volcross_published_records_total",
    "Records the broker has acknowledged, empty ones included.",
    ["topic", "source", "symbol"],
)
LAST_EVENT = Gauge(
    "volcross_last_event_timestamp_seconds",
    "Event time of the latest tick acknowledged.",
    ["source", "symbol"],
)
FAILURES = Counter(
    "volcross_publish_failures_total",
    "Attempts to publish that failed and are tried again.",
    ["reason"],
)
ACKNOWLEDGED = Histogram(
    "volcross_publish_seconds",
    "From the first attempt to send a record to its acknowledgement.",
    buckets=(0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5, 30, 120),
)
BUFFERED = Gauge(
    "volcross_publish_buffered_ticks",
    "Ticks heard and not yet acknowledged.",
)
SPOOLED = Gauge(
    "volcross_publish_spooled_records",
    "Records of an earlier run which still wait to be sent.",
)
