"""A small market for pipeline tests: the same ticks, in any arrival."""

import random
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from streams.events import Event, Origin, PriceTicks, VolTicks
from streams.settings import Kafka, StreamSettings
from streams.topics import PRICE_TICKS, VOL_TICKS, Topic

SECOND = 1_000_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
BEGIN = 1_722_211_200 * SECOND
"""2024-07-29 00:00 UTC, a Monday."""
END = BEGIN + 3 * 24 * HOUR

Sent = tuple[Topic, str, Event]
CRYPTO = ("BTC", "ETH")
STOCKS = ("NVDA", "AMD")


def settings(kafka: Kafka, **more: object) -> StreamSettings:
    """Return the configuration of the small market."""
    tables: dict[str, Any] = {
        "symbols": {
            **{name: {"clock": "crypto", "implied": "dvol"} for name in CRYPTO},
            **{name: {"clock": "us-equity", "implied": "iv30"} for name in STOCKS},
        },
        "realised": {"windows": ["1h", "1d"]},
        "pairs": [
            {"left": left, "right": right, "realised": REALISED, "chains": []}
            for left, right in (("NVDA", "BTC"), ("AMD", "ETH"), ("ETH", "BTC"))
        ],
        "metrics": {"stream": 0, "alert": 0, "produce": 0},
        "checkpoint_every": "0.2s",
        **more,
    }
    return StreamSettings.model_validate({"kafka": kafka.model_dump(), **tables})


REALISED = ["close-to-close/1d", "ewma/1h"]


def market(seed: int = 7, begin: int = BEGIN, end: int = END) -> dict[str, list[Sent]]:
    """Return each series' records, in the order of the series.

    Prices tick about every 20 s, stocks only in the session; vols each minute.
    """
    rng = np.random.default_rng(seed)
    cut = random.Random(seed)
    series: dict[str, list[Sent]] = {}
    for name in CRYPTO + STOCKS:
        at = np.sort(rng.integers(begin, end, (end - begin) // (20 * SECOND)))
        if name in STOCKS:
            of_day = (at - BEGIN) % (24 * HOUR)
            at = at[(of_day >= 13.5 * HOUR) & (of_day <= 20 * HOUR)]
        at = np.unique(at)
        price = 100 * np.exp(np.cumsum(rng.normal(0, 2e-4, len(at))))
        series[f"{name} prices"] = [
            (
                PRICE_TICKS,
                name,
                PriceTicks(symbol=name, source="test", start=a, end=b, at=t, price=p),
            )
            for a, b, t, p in _records(cut, begin, end, at, price)
        ]
        at = np.arange(begin, end, MINUTE)
        if name in STOCKS:
            of_day = (at - BEGIN) % (24 * HOUR)
            at = at[(of_day >= 13.5 * HOUR) & (of_day <= 20 * HOUR)]
        vol = 0.55 + np.cumsum(rng.normal(0, 0.002, len(at)))
        vol = 0.3 + np.abs(vol - 0.3)
        series[f"{name} vol"] = [
            (
                VOL_TICKS,
                name,
                VolTicks(
                    symbol=name,
                    source="test",
                    measure="dvol" if name in CRYPTO else "iv30",
                    tenor_days=30,
                    origin=Origin.SYNTHETIC,
                    start=a,
                    end=b,
                    at=t,
                    value=v,
                ),
            )
            for a, b, t, v in _records(cut, begin, end, at, vol)
        ]
    return series


def _records(
    cut: random.Random,
    begin: int,
    end: int,
    at: np.ndarray[Any, np.dtype[np.int64]],
    value: np.ndarray[Any, np.dtype[np.float64]],
) -> Iterable[tuple[int, int, list[int], list[float]]]:
    """Yield stretches of some minutes to an hour, empty ones too."""
    start = begin
    while start < end:
        stop = min(end, start + cut.randrange(5 * MINUTE, HOUR))
        rows = slice(*np.searchsorted(at, [start, stop]).tolist())
        yield start, stop, at[rows].tolist(), value[rows].tolist()
        start = stop


def interleaved(series: dict[str, list[Sent]]) -> list[Sent]:
    """Return all records by the event time they begin at."""
    records = [record for one in series.values() for record in one]
    return sorted(records, key=lambda sent: (sent[2].start, sent[1]))  # type: ignore[attr-defined]  # all ticks have it


def one_leg_first(series: dict[str, list[Sent]]) -> list[Sent]:
    """Return series after series, the right-hand legs last."""
    return [record for name in sorted(series) for record in series[name]]


def shuffled(series: dict[str, list[Sent]], seed: int = 3) -> list[Sent]:
    """Return a random merge; each series keeps its own order, as Kafka does."""
    draw = random.Random(seed)
    order = [name for name, records in series.items() for _ in records]
    draw.shuffle(order)
    waiting = {name: iter(records) for name, records in series.items()}
    return [next(waiting[name]) for name in order]


def sent_again(records: Sequence[Sent], seed: int = 5) -> list[Sent]:
    """Return the records with 2% of stretches sent a second time, soon after."""
    draw = random.Random(seed)
    again: list[Sent] = []
    for i, record in enumerate(records):
        again.append(record)
        if draw.random() < 0.02:
            again += records[max(0, i - 5) : i + 1]
    return again
