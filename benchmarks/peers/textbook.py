"""A Faust application as its documentation teaches it, one record a tick.

Realised volatility over an hour: each tick's squared log return is added to a
windowed table, and at each full minute a reading goes out. In three points it
has it easier than the documentation would give it: the window tumbles (a
hopping one with a minute's step writes sixty entries a tick), a reading goes
out once a minute and not once a tick, and nothing is ever wrong with a tick.
"""

import os
from datetime import timedelta
from math import log, sqrt

import faust

MINUTE = 60_000_000_000
HOURS_A_YEAR = 365 * 24


class Tick(faust.Record, serializer="json"):
    """One trade."""

    symbol: str
    at: int
    price: float


class Reading(faust.Record, serializer="json"):
    """One volatility."""

    symbol: str
    at: int
    value: float


app = faust.App(
    "textbook",
    broker=f"kafka://{os.environ['BENCH_BROKER']}",
    store="memory://",
    topic_partitions=int(os.environ["BENCH_PARTITIONS"]),
)
ticks = app.topic("textbook.ticks", key_type=str, value_type=Tick)
readings = app.topic("textbook.readings", key_type=str, value_type=Reading)

last = app.Table("last", default=list)
squares = app.Table("squares", default=float).tumbling(
    timedelta(hours=1), expires=timedelta(hours=2)
)


@app.agent(ticks)
async def measure(stream: faust.StreamT[Tick]) -> None:
    """Add each tick to its hour, and say where that stands once a minute."""
    async for tick in stream:
        before = last[tick.symbol]
        if before:
            at, price = before
            squares[tick.symbol] += log(tick.price / price) ** 2
            # A minute is full when the first tick beyond it is here.
            full = (tick.at - 1) // MINUTE * MINUTE
            if full > (at - 1) // MINUTE * MINUTE:
                variance = squares[tick.symbol].current() * HOURS_A_YEAR
                reading = Reading(symbol=tick.symbol, at=full, value=sqrt(variance))
                await readings.send(key=tick.symbol, value=reading)
        last[tick.symbol] = [tick.at, tick.price]


if __name__ == "__main__":
    app.main()
