"""What the agents show to Prometheus.

Labels are bounded by the configuration: agents, configured symbols and
pairs, and fixed sets of reasons; what arrives cannot add to them.
"""

import math
import time
from collections.abc import Iterator

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from streams.events import (
    ContextReadings,
    Event,
    LegReadings,
    Quality,
    SpreadReadings,
    VolatilityReadings,
)
from streams.latest import Latest, shown
from streams.reason import Reason
from streams.settings import StreamSettings
from streams.volatility.estimators import ESTIMATORS
from streams.volatility.implied.measure import Method
from streams.volatility.market_time import MarketClock, market_clock

RECORDS = Counter("volcross_records_total", "Records an agent has taken in.", ["agent"])
APPLY_SECONDS = Histogram(
    "volcross_apply_seconds",
    "Time an agent took for one record.",
    ["agent"],
    buckets=(0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3),
)
LAG = Gauge("volcross_lag_records", "Records that wait for an agent.", ["agent"])
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
IMPLIED = shown(
    Latest(
        "volcross_implied_volatility_ratio",
        "Annualised implied volatility as a fraction, latest.",
        ["symbol", "measure", "tenor"],
    )
)
SKEW = shown(
    Latest(
        "volcross_implied_skew_ratio",
        "Vol of the put less vol of the call of one delta, as a fraction, latest.",
        ["symbol", "measure", "tenor"],
    )
)
REALISED = shown(
    Latest(
        "volcross_realized_volatility_ratio",
        "Annualised realised volatility as a fraction, latest.",
        ["symbol", "estimator", "window"],
    )
)
SPREAD = shown(
    Latest(
        "volcross_spread_ratio",
        "Left minus right volatility as a fraction, latest.",
        ["pair", "comparison"],
    )
)
Z_SCORE = shown(
    Latest(
        "volcross_spread_z_score",
        "Standard deviations of the spread from its 30 days' mean, latest.",
        ["pair", "comparison"],
    )
)
RANK = shown(
    Latest(
        "volcross_implied_volatility_rank_ratio",
        "Where an implied volatility lies between its year's extremes, 0 to 1, latest.",
        ["symbol", "measure"],
    )
)
LAST_READING = shown(
    Latest(
        "volcross_last_reading_timestamp_seconds",
        "Event time of the latest reading, seconds since the epoch.",
        ["symbol", "measure", "window"],
        # Its age is what it is there for.
        kept_seconds=math.inf,
    )
)
READING_SECONDS = Histogram(
    "volcross_reading_latency_seconds",
    "From the instant a number was public to the reading made of it.",
    buckets=(0.005, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 60, 600, 3600),
)


class MarketsOpen(Collector):
    """Whether each symbol's market is open, by the wall clock."""

    def __init__(self, registry: CollectorRegistry = REGISTRY) -> None:
        self._clocks: dict[str, MarketClock] = {}
        registry.register(self)

    def begin(self, settings: StreamSettings) -> None:
        """Show every symbol's: silence means less in a shut market."""
        self._clocks = {
            name: market_clock(symbol.clock)
            for name, symbol in settings.symbols.items()
        }

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Yield 1 or 0 for each symbol; a market is asked once."""
        family = GaugeMetricFamily(
            "volcross_market_open",
            "1 while the symbol's market is open, by the wall clock.",
            labels=["symbol"],
        )
        now = time.time_ns()
        markets = {clock.name: clock for clock in self._clocks.values()}
        is_open = {name: float(clock.is_open(now)) for name, clock in markets.items()}
        for symbol, clock in self._clocks.items():
            family.add_metric([symbol], is_open[clock.name])
        yield family


MARKETS_OPEN = MarketsOpen()


def begin(settings: StreamSettings) -> None:
    """Show what is known before the first record."""
    MARKETS_OPEN.begin(settings)


def expect(agent: str, topic: str) -> None:
    """Show zeros for what an agent may come to count.

    Prometheus sees an increase between two samples: a counter that appears with
    its first event at 1 has, for a rule, never increased.
    """
    for counter in (RECORDS, CHECKPOINTS, GAP_SECONDS):
        counter.labels(agent)
    for reason in Reason:
        REJECTED.labels(topic, reason)


def observe(event: Event) -> None:
    """Show the latest row of a reading or of a spread, or that it still holds."""
    if isinstance(event, VolatilityReadings):
        series = (event.symbol, event.measure, event.window)
        at = event.at[-1] / 1e9
        LAST_READING.set(series, at)
        READING_SECONDS.observe(max(0.0, time.time() - at))
        if event.quality is Quality.OK:
            _gauge(event.measure).set(series, event.value[-1])
    elif isinstance(event, LegReadings):
        # Without rows it is a watermark: the feed lives, and said nothing new.
        name = event.name
        _gauge(name.measure).confirm((name.symbol, name.measure, name.window))
    elif isinstance(event, SpreadReadings):
        pair = (event.pair, event.comparison)
        if event.at:
            SPREAD.set(pair, event.spread[-1])
        else:
            SPREAD.confirm(pair)
    elif isinstance(event, ContextReadings):
        _place(event)


def _place(event: ContextReadings) -> None:
    pair = (event.pair, event.comparison)
    left = (event.left.symbol, event.left.measure)
    right = (event.right.symbol, event.right.measure)
    _show(Z_SCORE, pair, event.z_score)
    _show(RANK, left, event.left_rank)
    _show(RANK, right, event.right_rank)


def _show(gauge: Latest, labels: tuple[str, ...], column: list[float | None]) -> None:
    """Show the latest; none at all while there is too little history."""
    if not column:
        gauge.confirm(labels)
    elif (value := column[-1]) is not None:
        gauge.set(labels, value)


def _gauge(measure: str) -> Latest:
    if measure in ESTIMATORS:
        return REALISED
    return SKEW if measure == Method.SKEW else IMPLIED
