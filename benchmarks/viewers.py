"""What viewers of the live page cost the pipeline: ``python -m benchmarks.viewers``.

One pipeline (streams and alerts), one broker and one page run all the time. Rounds
with and without viewers on the page's stream of events take turns; each is the same
number of ticks at the same pace, and costs what its processes used in CPU-seconds
until the last tick was taken in. Wall time would tell of the machine's other guests.
"""

import argparse
import asyncio
import os
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path

import aiohttp
from aiokafka import AIOKafkaProducer
from prometheus_client.parser import text_string_to_metric_families

from benchmarks.market import Batch, Market
from benchmarks.processes import cpu_seconds, end
from streams.events import PriceTicks
from streams.settings import Kafka, client
from streams.topics import PRICE_TICKS
from streams.wire import encode
from volcross.running.broker import EmbeddedBroker, free_port
from volcross.running.provisioning import provision

SYMBOLS = 8
PATIENCE_SECONDS = 120.0

Cost = dict[str, float]
"""CPU-seconds by process, per million ticks."""


def configure(folder: Path, ports: dict[str, int]) -> Path:
    """Write a configuration in which every spread moves."""
    names = Market(SYMBOLS).names
    symbols = "\n".join(f'[symbols.{name}]\nclock = "crypto"' for name in names)
    pairs = "\n".join(
        f'[[pairs]]\nleft = "{left}"\nright = "{right}"\nimplied = false\n'
        'realised = ["close-to-close/1h"]\nchains = []'
        for left, right in zip(names[::2], names[1::2], strict=True)
    )
    path = folder / "volcross.toml"
    path.write_text(
        f"""
data_dir = "{folder / "data"}"
rules = []
[realised]
estimators = ["close-to-close"]
windows = ["1h"]
[metrics]
stream = {ports["stream"]}
alert = {ports["alert"]}
[page]
port = {ports["page"]}
[sources.made-up]
kind = "synthetic"
symbols.SYM0 = {{ vol = 0.5 }}
{symbols}
{pairs}
""",
        encoding="utf-8",
    )
    return path


@contextmanager
def running(
    config: Path, kafka: Kafka, folder: Path
) -> Iterator[dict[str, subprocess.Popen[bytes]]]:
    """Run streams, alerts and the page."""
    environment = {
        **os.environ,
        "VOLCROSS_KAFKA__BOOTSTRAP_SERVERS": str(kafka.bootstrap_servers),
    }
    processes = {}
    for role in ("stream", "alert", "page"):
        with (folder / f"{role}.log").open("wb") as log:
            processes[role] = subprocess.Popen(
                [sys.executable, "-m", "volcross", "--config", str(config), role],
                env=environment,
                stdout=log,
                stderr=log,
            )
    try:
        yield processes
    finally:
        end(processes.values())


def taken(port: int) -> float:
    """Return the records that the first agent has taken in."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
        text = answer.read().decode()
    return sum(
        sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == "volcross_records_total"
        and sample.labels["agent"] == "sample"
    )


async def until_taken(port: int, records: int) -> None:
    """Wait until the first agent has taken in so many."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            with suppress(OSError):
                if await asyncio.to_thread(taken, port) >= records:
                    return
            await asyncio.sleep(0.2)


@asynccontextmanager
async def watched(page: str, viewers: int) -> AsyncIterator[list[int]]:
    """Keep so many viewers on the page; yield the bytes each has been sent."""
    sent = [0] * viewers
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0),
        timeout=aiohttp.ClientTimeout(total=None),
    ) as session:
        everyone = asyncio.Barrier(viewers + 1)

        async def view(number: int) -> None:
            async with session.get(page + "/api/v1/events") as answer:
                sent[number] += len(await answer.content.readany())
                await everyone.wait()
                async for piece in answer.content.iter_any():
                    sent[number] += len(piece)

        tasks = [asyncio.create_task(view(number)) for number in range(viewers)]
        async with asyncio.timeout(PATIENCE_SECONDS):
            await everyone.wait()
        yield sent
        for number, task in enumerate(tasks):
            if task.done():
                raise RuntimeError(f"viewer {number} was let go: {task}")
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def feed(
    producer: AIOKafkaProducer, batches: list[Batch], seconds: float
) -> None:
    """Put the ticks on their topic, at an even pace."""
    began = time.monotonic()
    for first in range(0, len(batches), SYMBOLS):
        for batch in batches[first : first + SYMBOLS]:
            ticks = PriceTicks(
                symbol=batch.symbol,
                source="bench",
                start=batch.start,
                end=batch.end,
                at=batch.at.tolist(),
                price=batch.price.tolist(),
            )
            await producer.send(
                PRICE_TICKS.name, encode(ticks), key=batch.symbol.encode()
            )
        due = began + seconds * (first + SYMBOLS) / len(batches)
        await asyncio.sleep(max(0.0, due - time.monotonic()))
    await producer.flush()


async def rounds(given: argparse.Namespace, folder: Path, kafka: Kafka) -> None:
    """Run every round and print what came of them."""
    ports = {name: free_port() for name in ("stream", "alert", "page")}
    page = f"http://127.0.0.1:{ports['page']}"
    market = Market(SYMBOLS)
    each = given.ticks // (SYMBOLS * market.batch_ticks) * SYMBOLS
    plan = [0, given.viewers] * given.rounds
    supply = market.batches(given.ticks * (len(plan) + 2))
    costs: dict[int, list[Cost]] = {0: [], given.viewers: []}
    with running(configure(folder, ports), kafka, folder) as processes:
        async with AIOKafkaProducer(**client(kafka)) as producer:
            done = 0
            # The first round fills windows and caches, and is not counted.
            for number, viewers in enumerate([0, *plan]):
                batches = [next(supply) for _ in range(each)]
                async with watched(page, viewers) if number else watched("", 0) as sent:
                    await asyncio.sleep(1)
                    before = {name: cpu_seconds(p.pid) for name, p in processes.items()}
                    await feed(producer, batches, given.seconds)
                    done += len(batches)
                    await until_taken(ports["stream"], done)
                    cost = {
                        name: (cpu_seconds(p.pid) - before[name])
                        / (each * market.batch_ticks / 1e6)
                        for name, p in processes.items()
                    }
                    watching = len(sent)
                if number:
                    costs[watching].append(cost)
                told = ", ".join(f"{name} {cost[name]:.2f}" for name in cost)
                print(f"{watching:>3} viewers: {told}", file=sys.stderr)
    show(costs)


def show(costs: dict[int, list[Cost]]) -> None:
    """Print the medians."""
    print("CPU-seconds per million ticks, medians of rounds that took turns")
    print(f"{'viewers':>8}  {'pipeline':>9}  {'page':>6}  rounds of the pipeline")
    pipeline = {
        viewers: [cost["stream"] + cost["alert"] for cost in found]
        for viewers, found in costs.items()
    }
    for viewers, found in costs.items():
        page = statistics.median(cost["page"] for cost in found)
        middle = statistics.median(pipeline[viewers])
        listed = " ".join(f"{cost:.2f}" for cost in pipeline[viewers])
        print(f"{viewers:>8}  {middle:>9.3f}  {page:>6.2f}  {listed}")
    without, with_them = map(statistics.median, pipeline.values())
    print(f"with viewers the pipeline costs {with_them / without - 1:+.1%}")


def main() -> None:
    """Read the arguments, and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--viewers", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=5, help="of each kind")
    parser.add_argument("--ticks", type=int, default=1_000_000, help="in a round")
    parser.add_argument("--seconds", type=float, default=20.0, help="for a round")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        broker = EmbeddedBroker(folder / "broker")
        broker.start()
        try:
            kafka = Kafka(bootstrap_servers=broker.bootstrap_servers)
            provision(kafka)
            asyncio.run(rounds(given, folder, kafka))
        except Exception:
            for log in sorted(folder.glob("*.log")):
                sys.stderr.write(f"--- {log.name}\n{log.read_text()[-1500:]}\n")
            raise
        finally:
            broker.stop(within=0)


if __name__ == "__main__":
    main()
