"""What the processes would have shown Prometheus over the summer of 2024.

The story goes through the pipeline's own stages; every value is theirs.
"""

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from alerts.judging.judge import Judge
from alerts.judging.rule import DEFAULT_RULE
from docs.pictures.prometheus import Sampled
from producers.recorded.story import (
    BEGIN,
    END,
    btc_dvol,
    btc_prices,
    nvda_iv30,
    nvda_prices,
)
from producers.recorded.timeline import Recording
from streams.agents.stage import Out
from streams.events import (
    Alert,
    ContextReadings,
    Event,
    Origin,
    PriceTicks,
    Quality,
    SpreadReadings,
    VolatilityReadings,
    VolTicks,
)
from streams.settings import StreamSettings
from streams.stages.join import Join
from streams.stages.measure import Measure
from streams.stages.place import Place
from streams.stages.quote import Quote
from streams.stages.sample import Sample
from streams.topics import BARS, LEGS
from streams.volatility.estimators import ESTIMATORS
from streams.volatility.market_time import market_clock

STEP = 600
"""Seconds of the story between two samples."""

Series = tuple[str, tuple[tuple[str, str], ...]]
Rows = tuple[list[int], list[float]]


def told(settings: StreamSettings) -> list[Event]:
    """Return all that the stages make of the story."""
    sample, measure = Sample(settings), Measure(settings)
    quote, join, place = Quote(settings), Join(settings), Place(settings)
    judge = Judge(
        [DEFAULT_RULE],
        [],
        {name: market_clock(symbol.clock) for name, symbol in settings.symbols.items()},
    )
    made: list[Event] = []

    def take(outcomes: Iterable[object]) -> None:
        for outcome in outcomes:
            if not isinstance(outcome, Out):
                continue
            event = outcome.event
            made.append(event)
            if outcome.topic is BARS:
                take(measure.apply(event, 0, END))  # type: ignore[arg-type]  # bars
            elif outcome.topic is LEGS:
                take(join.apply(event, 0, END))  # type: ignore[arg-type]  # legs
            elif isinstance(event, SpreadReadings):
                take(place.apply(event, 0, END))
                take(judge.apply(event, 0, END))

    for recording in (nvda_prices(), btc_prices()):
        take(sample.apply(_prices(recording), 0, END))
    for recording in (nvda_iv30(), btc_dvol()):
        take(quote.apply(_vols(recording), 0, END))
    return made


def _prices(recording: Recording) -> PriceTicks:
    return PriceTicks(
        symbol=recording.series.symbol,
        source=recording.series.source,
        start=recording.start,
        end=recording.end,
        at=recording.at.tolist(),
        price=recording.value.tolist(),
    )


def _vols(recording: Recording) -> VolTicks:
    series = recording.series
    assert series.measure is not None
    assert series.tenor_days is not None
    return VolTicks(
        symbol=series.symbol,
        source=series.source,
        measure=series.measure,
        tenor_days=series.tenor_days,
        origin=Origin.INTERPOLATED,
        start=recording.start,
        end=recording.end,
        at=recording.at.tolist(),
        value=recording.value.tolist(),
    )


def sampled(settings: StreamSettings) -> Iterator[Sampled]:
    """Yield what the processes would have shown at every scrape."""
    events = told(settings)
    instants = np.arange(BEGIN, END, STEP * 1_000_000_000)
    rows: dict[Series, Rows] = {}
    for event in events:
        for series, at, value in _shown(event):
            # What a warming window said is told in a record of its own.
            instant, known = rows.setdefault(series, ([], []))
            instant += at
            known += value
    for (name, labels), (at, value) in rows.items():
        yield Sampled(name, dict(labels), _carried(instants, at, value))
        if name.endswith("_volatility_ratio"):
            symbol, measure, window = (of for _, of in labels)
            seconds = _carried(instants, at, [each / 1e9 for each in at])
            yield Sampled(
                "volcross:reading_age_seconds",
                {"symbol": symbol, "measure": measure, "window": window},
                instants / 1e9 - seconds,
            )
    yield Sampled(
        "volcross_alert_firing",
        {"rule": DEFAULT_RULE.name, "pair": DEFAULT_RULE.pair},
        _firing(instants, events),
    )
    for each, traded in settings.symbols.items():
        clock = market_clock(traded.clock)
        is_open = np.array([float(clock.is_open(int(at))) for at in instants])
        yield Sampled("volcross_market_open", {"symbol": each}, is_open)
        # The dashboard's choice of symbols is made of these.
        yield Sampled(
            "volcross_last_reading_timestamp_seconds", {"symbol": each}, instants / 1e9
        )


def _shown(event: Event) -> Iterator[tuple[Series, list[int], list[float]]]:
    """Yield the rows that a record adds to series of Prometheus'."""
    if isinstance(event, VolatilityReadings) and event.quality is Quality.OK:
        realised = event.measure in ESTIMATORS
        kind = "realized" if realised else "implied"
        names = ("estimator", "window") if realised else ("measure", "tenor")
        more = zip(names, (event.measure, event.window), strict=True)
        labels = (("symbol", event.symbol), *more)
        yield (f"volcross_{kind}_volatility_ratio", labels), event.at, event.value
    elif isinstance(event, SpreadReadings):
        pair = (("pair", event.pair), ("comparison", event.comparison))
        yield ("volcross_spread_ratio", pair), event.at, event.spread
    elif isinstance(event, ContextReadings):
        pair = (("pair", event.pair), ("comparison", event.comparison))
        yield ("volcross_spread_z_score", pair), *_known(event.at, event.z_score)
        for leg, rank in (
            (event.left, event.left_rank),
            (event.right, event.right_rank),
        ):
            labels = (("symbol", leg.symbol), ("measure", leg.measure))
            name = "volcross_implied_volatility_rank_ratio"
            yield (name, labels), *_known(event.at, rank)


def _known(at: list[int], column: list[float | None]) -> Rows:
    rows = [
        (at, value) for at, value in zip(at, column, strict=True) if value is not None
    ]
    return [at for at, _ in rows], [value for _, value in rows]


def _carried(
    instants: NDArray[np.int64], at: list[int], value: list[float]
) -> NDArray[np.float64]:
    if not at:
        return np.full(len(instants), np.nan)
    place = np.searchsorted(np.array(at), instants, side="right") - 1
    return np.where(place >= 0, np.array(value)[place], np.nan)


def _firing(
    instants: NDArray[np.int64], events: Iterable[Event]
) -> NDArray[np.float64]:
    alerts = [event for event in events if isinstance(event, Alert)]
    return _carried(
        instants,
        [BEGIN, *(alert.event_time for alert in alerts)],
        [0.0, *(float(alert.state == "firing") for alert in alerts)],
    )
