"""The textbook application fed batches: still a table write for every tick."""

import os
from datetime import timedelta
from math import log, sqrt

import faust

MINUTE = 60_000_000_000
HOURS_A_YEAR = 365 * 24


class Ticks(faust.Record, serializer="json"):
    """Trades of one symbol, in order."""

    symbol: str
    at: list[int]
    price: list[float]


class Reading(faust.Record, serializer="json"):
    """One volatility."""

    symbol: str
    at: int
    value: float


app = faust.App(
    "textbook-batches",
    broker=f"kafka://{os.environ['BENCH_BROKER']}",
    store="memory://",
    topic_partitions=int(os.environ["BENCH_PARTITIONS"]),
)
ticks = app.topic("textbook-batches.ticks", key_type=str, value_type=Ticks)
readings = app.topic("textbook-batches.readings", key_type=str, value_type=Reading)

last = app.Table("last", default=list)
squares = app.Table("squares", default=float).tumbling(
    timedelta(hours=1), expires=timedelta(hours=2)
)


@app.agent(ticks)
async def measure(stream: faust.StreamT[Ticks]) -> None:
    """Add each tick to its hour, and say where that stands once a minute."""
    async for batch in stream:
        symbol = batch.symbol
        for at, price in zip(batch.at, batch.price, strict=True):
            before = last[symbol]
            if before:
                squares[symbol] += log(price / before[1]) ** 2
                full = (at - 1) // MINUTE * MINUTE
                if full > (before[0] - 1) // MINUTE * MINUTE:
                    variance = squares[symbol].current() * HOURS_A_YEAR
                    reading = Reading(symbol=symbol, at=full, value=sqrt(variance))
                    await readings.send(key=symbol, value=reading)
            last[symbol] = [at, price]


if __name__ == "__main__":
    app.main()
