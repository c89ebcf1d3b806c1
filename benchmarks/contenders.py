"""Who works out an hour's realised volatility in the pipeline's benchmark, and how."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec

from benchmarks.market import Batch, Market
from streams.events import PriceTicks, VolatilityReadings
from streams.topics import PRICE_TICKS, READINGS
from streams.wire import Codec, encode

Rows = list[tuple[str, int, float]]
"""Readings as (symbol, at, value)."""


class Contender(NamedTuple):
    """One way to work out an hour's realised volatility.

    Attributes:
        name: what it is called in the table.
        command: how it is run.
        ticks: topic it reads.
        readings: topic it writes.
        records: what it is fed for one batch, as (key, value).
        rows: what one record of its readings says.
        share: which part of the market it is given.
        environment: what it is told besides.
    """

    name: str
    command: list[str]
    ticks: str
    readings: str
    records: Callable[[Batch], Iterator[tuple[str, bytes]]]
    rows: Callable[[bytes], Rows]
    share: float
    environment: dict[str, str]


def our_records(batch: Batch) -> Iterator[tuple[str, bytes]]:
    """Yield the one record that a publisher would send."""
    yield (
        batch.symbol,
        encode(
            PriceTicks(
                symbol=batch.symbol,
                source="bench",
                start=batch.start,
                end=batch.end,
                at=batch.at.tolist(),
                price=batch.price.tolist(),
            )
        ),
    )


def tick_records(batch: Batch) -> Iterator[tuple[str, bytes]]:
    """Yield one record a tick."""
    for at, price in zip(batch.at.tolist(), batch.price.tolist(), strict=True):
        tick = {"symbol": batch.symbol, "at": at, "price": price}
        yield batch.symbol, msgspec.json.encode(tick)


def batch_records(batch: Batch) -> Iterator[tuple[str, bytes]]:
    """Yield one record a batch, without our record's other fields."""
    ticks = {
        "symbol": batch.symbol,
        "at": batch.at.tolist(),
        "price": batch.price.tolist(),
    }
    yield batch.symbol, msgspec.json.encode(ticks)


_readings = Codec(VolatilityReadings)


def our_rows(raw: bytes) -> Rows:
    """Read a record of our readings."""
    record = _readings.decode(raw)
    return [
        (record.symbol, at, value)
        for at, value in zip(record.at, record.value, strict=True)
    ]


def textbook_rows(raw: bytes) -> Rows:
    """Read a record of the textbook's readings."""
    record = msgspec.json.decode(raw)
    return [(record["symbol"], record["at"], record["value"])]


def contenders(folder: Path, market: Market) -> list[Contender]:
    """Return all of them, ourselves first."""
    config = folder / "volcross.toml"
    config.write_text(
        "rules = []\n"
        '[realised]\nestimators = ["close-to-close"]\nwindows = ["1h"]\n'
        "[metrics]\nproduce = 0\nstream = 0\nalert = 0\n"
        + "".join(f'[symbols.{name}]\nclock = "crypto"\n' for name in market.names)
    )
    module = [sys.executable, "-m"]
    worker = ["worker", "--without-web", "--loglevel", "warn"]
    ours = "ours."
    return [
        Contender(
            "volcross",
            [*module, "volcross", "--config", str(config), "stream"],
            ours + PRICE_TICKS.name,
            ours + READINGS.name,
            our_records,
            our_rows,
            1.0,
            {"VOLCROSS_KAFKA__TOPIC_PREFIX": ours},
        ),
        Contender(
            "textbook Faust, one record a tick",
            [*module, "benchmarks.peers.textbook", *worker],
            "textbook.ticks",
            "textbook.readings",
            tick_records,
            textbook_rows,
            0.01,
            {},
        ),
        Contender(
            "textbook Faust, fed batches",
            [*module, "benchmarks.peers.textbook_batches", *worker],
            "textbook-batches.ticks",
            "textbook-batches.readings",
            batch_records,
            textbook_rows,
            0.02,
            {},
        ),
        Contender(
            "bare confluent-kafka + numpy loop",
            [*module, "benchmarks.peers.bare"],
            "bare.ticks",
            "bare.readings",
            our_records,
            our_rows,
            1.0,
            {"BENCH_TICKS": "bare.ticks"},
        ),
    ]
