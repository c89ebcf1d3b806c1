"""What the alerts room shows Prometheus."""

from collections.abc import Iterator
from contextlib import contextmanager

from prometheus_client import Counter, Gauge, Histogram

from streams.events import Outcome
from streams.latest import Latest, shown

FIRING = shown(
    Latest("volcross_alert_firing", "1 while the rule is firing.", ["rule", "pair"])
)
ALERTS = Counter(
    "volcross_alerts_total", "Transitions announced, by rule.", ["rule", "state"]
)
WAITING = Gauge(
    "volcross_rule_waiting",
    "1 while a rule has had nothing to judge: a leg has never spoken.",
    ["rule"],
)
RELOAD_FAILED = Gauge(
    "volcross_config_reload_failed",
    "1 while the file has rules that cannot be used; those before it are in force.",
)
DELIVERIES = Counter(
    "volcross_deliveries_total",
    "Transitions delivered to a channel, given up, or silenced.",
    ["channel", "outcome"],
)
RETRYING = Gauge(
    "volcross_delivery_retrying",
    "1 while the channel does not take the alert that is next.",
    ["channel"],
)
LAST_DELIVERY = Gauge(
    "volcross_delivery_last_success_timestamp_seconds",
    "When the channel last took an alert.",
    ["channel"],
)
_ATTEMPT = Histogram(
    "volcross_delivery_attempt_seconds",
    "How long the channel took to answer, whatever it answered.",
    ["channel"],
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20),
)
_FAILED = Counter(
    "volcross_delivery_attempts_failed_total",
    "Attempts the channel did not take.",
    ["channel"],
)
LAST_HEARTBEAT = Gauge(
    "volcross_heartbeat_last_success_timestamp_seconds",
    "When the watcher outside was last told that we live.",
)
UNREADABLE = Counter(
    "volcross_alerts_unreadable_total",
    "Records on the alerts topic that a channel could not read.",
    ["channel"],
)

_LATENCIES = (0.01, 0.03, 0.1, 0.3, 1, 3, 10, 60, 600, 3600)
ALERT_SECONDS = Histogram(
    "volcross_alert_latency_seconds",
    "From the instant a rule's condition had held to the alert record.",
    buckets=_LATENCIES,
)
DELIVERED_SECONDS = Histogram(
    "volcross_delivered_latency_seconds",
    "From the instant a rule's condition had held to the channel's word for it.",
    ["channel"],
    buckets=_LATENCIES,
)


@contextmanager
def attempt(channel: str) -> Iterator[None]:
    """Time one attempt, and count it if it fails."""
    with _ATTEMPT.labels(channel).time(), _FAILED.labels(channel).count_exceptions():
        yield


def begin(channels: list[str]) -> None:
    """Show every channel from the start: what is absent cannot be alerted on."""
    for channel in channels:
        for outcome in Outcome:
            DELIVERIES.labels(channel, outcome.value)
        RETRYING.labels(channel).set(0)
        DELIVERED_SECONDS.labels(channel)
        _FAILED.labels(channel)
