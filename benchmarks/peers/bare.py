"""No framework at all: confluent-kafka, msgspec and numpy in one loop.

What this machine can do at best with the same records. No state survives it,
nothing is checked, and a restart would lose and repeat; its window is summed
anew for every batch from the hour it keeps.
"""

import os
from collections import defaultdict

import msgspec
import numpy as np
from confluent_kafka import Consumer, Producer

from streams.events import Origin, PriceTicks, Quality, VolatilityReadings
from streams.wire import Codec

MINUTE = 60_000_000_000
MINUTES_A_YEAR = 365 * 24 * 60


class Hour:
    """The last hour of one symbol's minute closes."""

    def __init__(self) -> None:
        self.at = np.empty(0, np.int64)
        self.close = np.empty(0)

    def take(self, at: np.ndarray, price: np.ndarray) -> tuple[list[int], list[float]]:
        """Return the volatility at each minute that these ticks complete."""
        known = len(self.at)
        minute = -(-at // MINUTE) * MINUTE
        last = np.append(minute[1:] != minute[:-1], True)
        ends, closes = minute[last], price[last]
        if known and ends[0] == self.at[-1]:
            known -= 1
            self.at, self.close = self.at[:-1], self.close[:-1]
        self.at = np.append(self.at, ends)
        self.close = np.append(self.close, closes)
        square = np.append(0.0, np.cumsum(np.diff(np.log(self.close)) ** 2))
        # The last minute is still open.
        rows = np.arange(max(known, 1), len(self.at) - 1)
        first = np.searchsorted(self.at, self.at[rows] - 60 * MINUTE)
        variance = (square[rows] - square[first]) / (rows - first)
        keep = int(np.searchsorted(self.at, self.at[-1] - 60 * MINUTE))
        times = self.at[rows].tolist()
        self.at, self.close = self.at[keep:], self.close[keep:]
        return times, np.sqrt(variance * MINUTES_A_YEAR).tolist()


def main() -> None:
    """Run until killed."""
    broker = os.environ["BENCH_BROKER"]
    consumer = Consumer(
        {
            "bootstrap.servers": broker,
            "group.id": "bare",
            "auto.offset.reset": "earliest",
        }
    )
    consumer.subscribe([os.environ["BENCH_TICKS"]])
    producer = Producer({"bootstrap.servers": broker, "acks": "all", "linger.ms": 5})
    codec = Codec(PriceTicks)
    hours: defaultdict[str, Hour] = defaultdict(Hour)
    while True:
        for message in consumer.consume(500, 0.1):
            record = codec.decode(message.value())
            at, value = hours[record.symbol].take(
                np.array(record.at), np.array(record.price)
            )
            if at:
                reading = VolatilityReadings(
                    symbol=record.symbol,
                    measure="close-to-close",
                    window="1h",
                    origin=Origin.COMPUTED,
                    source=record.source,
                    quality=Quality.OK,
                    start=at[0],
                    end=at[-1] + 1,
                    at=at,
                    value=value,
                )
                producer.produce(
                    "bare.readings", msgspec.json.encode(reading), record.symbol
                )
        producer.poll(0)


if __name__ == "__main__":
    main()
