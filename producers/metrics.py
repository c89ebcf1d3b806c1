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
CONNECTED = Gauge(
    "volcross_feed_connected",
    "Whether a feed gives data, or would if its market were open (1), or not (0).",
    ["feed"],
)
MESSAGES = Counter(
    "volcross_feed_messages_total", "Messages a venue has sent.", ["feed"]
)
UNUSABLE = Counter(
    "volcross_feed_rejected_total",
    "Messages or quotes of a venue that could not be used, by reason.",
    ["feed", "reason"],
)
RECONNECTS = Counter(
    "volcross_feed_reconnects_total",
    "Connections that ended, by reason.",
    ["feed", "reason"],
)
MISSED = Counter(
    "volcross_feed_missed_ticks_total",
    "Ticks that a venue's own numbering shows did not arrive.",
    ["feed", "symbol"],
)
GAP_SECONDS = Counter(
    "volcross_feed_gap_seconds_total",
    "Event time for which nobody listened to a series.",
    ["feed", "symbol"],
)
LAG = Gauge(
    "volcross_feed_lag_seconds",
    "Our clock when the latest tick came, minus the venue's; below 0 one is wrong.",
    ["feed"],
)
