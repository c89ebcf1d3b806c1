"""The same seeded ticks through this pipeline and through its peers (`make bench`).

Every contender is one process on the same embedded broker, with its input
already in the topic. Its time runs from the first reading it wrote to the
last one it owes (the broker's stamps), its ticks are those in between: so
start-up does not count, and nothing counts that was not worked out, sent and
taken by the broker. The slow ones get a shorter beginning of the same market.
CPU is what its process used, start-up left out.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from benchmarks.contenders import Contender, contenders
from benchmarks.market import Batch, Market, last_minutes
from benchmarks.processes import cpu_seconds, end
from streams.settings import Kafka
from volcross.running.broker import EmbeddedBroker
from volcross.running.provisioning import provision

PARTITIONS = 4
PATIENCE_SECONDS = 300.0


class Result(NamedTuple):
    """What a contender did."""

    ticks: int
    seconds: float
    cpu_seconds: float
    last: dict[str, tuple[int, float]]

    @property
    def rate(self) -> float:
        """Ticks a second."""
        return self.ticks / self.seconds


def feed(broker: str, contender: Contender, batches: list[Batch]) -> None:
    """Put the ticks into the contender's topic, all acknowledged."""
    producer = Producer(
        {
            "bootstrap.servers": broker,
            "acks": "all",
            "queue.buffering.max.messages": 2_000_000,
            "partitioner": "murmur2_random",
        }
    )
    failures: list[object] = []

    def settled(error: object, _: object) -> None:
        if error is not None:
            failures.append(error)

    for batch in batches:
        for key, value in contender.records(batch):
            producer.produce(contender.ticks, value, key, on_delivery=settled)
        producer.poll(0)
    left = producer.flush(120)
    if left or failures:
        raise RuntimeError(f"{contender.name}: {left} unsent, {failures[:1]}")


@contextmanager
def running(contender: Contender, broker: str, folder: Path) -> Iterator[int]:
    """Run the contender; give its process id, and end it."""
    log = folder / f"{contender.ticks}.log"
    environment = {
        **os.environ,
        "BENCH_BROKER": broker,
        "BENCH_PARTITIONS": str(PARTITIONS),
        "VOLCROSS_KAFKA__BOOTSTRAP_SERVERS": broker,
        "VOLCROSS_KAFKA__PARTITIONS": str(PARTITIONS),
        **contender.environment,
    }
    with log.open("wb") as said:
        process = subprocess.Popen(
            contender.command, env=environment, stdout=said, stderr=said
        )
    try:
        yield process.pid
    except TimeoutError as error:
        raise SystemExit(f"{error}\n{log.read_text()[-4000:]}") from error
    finally:
        end([process])


def measure(
    broker: str, contender: Contender, batches: list[Batch], folder: Path
) -> Result:
    """Run a contender until the last minute of every symbol has its reading."""
    owed = last_minutes(batches)
    watcher = Consumer({"bootstrap.servers": broker, "group.id": "watcher"})
    watcher.assign(
        [TopicPartition(contender.readings, number, 0) for number in range(PARTITIONS)]
    )
    first: dict[str, int] = {}
    last: dict[str, tuple[int, float]] = {}
    began = ended = 0
    with running(contender, broker, folder) as pid:
        deadline = time.monotonic() + PATIENCE_SECONDS
        cpu_before = None
        while any(last.get(name, (0, 0.0))[0] < owed[name] for name in owed):
            if time.monotonic() > deadline:
                raise TimeoutError(f"{contender.name}: has {last}, owes {owed}")
            for message in watcher.consume(200, 0.1):
                if message.error():
                    raise RuntimeError(f"{contender.name}: {message.error()}")
                if cpu_before is None:
                    cpu_before = cpu_seconds(pid)
                stamp = message.timestamp()[1]
                began = min(began or stamp, stamp)
                ended = max(ended, stamp)
                for symbol, at, value in contender.rows(message.value()):
                    first.setdefault(symbol, at)
                    last[symbol] = max(last.get(symbol, (0, 0.0)), (at, value))
        cpu = cpu_seconds(pid) - (cpu_before or 0.0)
    watcher.close()
    between = sum(
        int(((batch.at > first[batch.symbol]) & (batch.at <= owed[batch.symbol])).sum())
        for batch in batches
    )
    return Result(between, (ended - began) / 1000, cpu, last)


def benchmark(ticks: int, repeats: int) -> None:
    """Run every contender and print what came of it."""
    market = Market()
    results: dict[str, list[Result]] = {}
    for _ in range(repeats):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            embedded = EmbeddedBroker(folder / "broker")
            embedded.start()
            try:
                run(embedded.bootstrap_servers, folder, market, ticks, results)
            finally:
                embedded.stop(within=0)
    show(results)


def run(
    broker: str,
    folder: Path,
    market: Market,
    ticks: int,
    results: dict[str, list[Result]],
) -> None:
    """Run every contender once, one after the other."""
    provision(
        Kafka(bootstrap_servers=broker, topic_prefix="ours.", partitions=PARTITIONS)
    )
    admin = AdminClient({"bootstrap.servers": broker})
    everyone = contenders(folder, market)
    names = {name for each in everyone for name in (each.ticks, each.readings)}
    made = admin.create_topics(
        [
            NewTopic(name, PARTITIONS, 1)
            for name in names
            if not name.startswith("ours.")
        ]
    )
    for future in made.values():
        future.result()
    for contender in everyone:
        batches = list(market.batches(int(ticks * contender.share)))
        feed(broker, contender, batches)
        result = measure(broker, contender, batches, folder)
        results.setdefault(contender.name, []).append(result)
        print(
            f"{contender.name}: {result.ticks:,} ticks in {result.seconds:.2f} s",
            file=sys.stderr,
        )
    ours, bare = results["volcross"][-1], results[everyone[-1].name][-1]
    for symbol, (at, value) in bare.last.items():
        if ours.last[symbol][0] != at or abs(ours.last[symbol][1] - value) > 1e-9:
            raise SystemExit(f"{symbol}: {ours.last[symbol]} is not {(at, value)}")


def show(results: dict[str, list[Result]]) -> None:
    """Print medians, and ratios to this project."""
    rates = {
        name: statistics.median(each.rate for each in runs)
        for name, runs in results.items()
    }
    costs = {
        name: statistics.median(each.cpu_seconds / each.ticks * 1e6 for each in runs)
        for name, runs in results.items()
    }
    width = max(map(len, rates))
    print(
        f"{'':{width}}  {'ticks':>9}  {'ticks/s':>9}  {'volcross is':>12}"
        f"  {'CPU s per M ticks':>17}  {'volcross uses':>13}"
    )
    for name, rate in rates.items():
        print(
            f"{name:{width}}  {results[name][0].ticks:>9,}  {rate:>9,.0f}"
            f"  {rates['volcross'] / rate:>11.2f}×"
            f"  {costs[name]:>17.2f}  {costs['volcross'] / costs[name]:>12.3f}×"
        )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ticks", type=int, default=2_000_000)
    parser.add_argument("--repeats", type=int, default=1)
    given = parser.parse_args()
    benchmark(given.ticks, given.repeats)
