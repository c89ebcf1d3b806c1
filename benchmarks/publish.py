"""How fast ticks get from a source to a broker's acknowledgement.

Usage: python benchmarks/publish.py BOOTSTRAP [--ticks N]. The topics are made
on the way, under a prefix of their own.
"""

import argparse
import asyncio
import secrets
import tempfile
import time
from pathlib import Path

import numpy as np

from producers.publishing.publisher import Publisher
from producers.publishing.spool import Spool
from producers.settings import Sending
from producers.source import Heard, Series
from streams.settings import Kafka
from volcross.running.provisioning import provision


async def publish(kafka: Kafka, ticks: int, at_once: int) -> float:
    """Return ticks/s for `ticks` ticks of one symbol, heard `at_once` at a time."""
    rng = np.random.default_rng(1)
    price = np.round(60_000 * np.exp(np.cumsum(1e-5 * rng.standard_normal(ticks))), 2)
    at = 1_700_000_000_000_000_000 + np.arange(ticks, dtype=np.int64) * 1_234_567
    with tempfile.TemporaryDirectory() as folder:
        series = Series(f"S{secrets.token_hex(3)}", "bench")
        spool = Spool(Path(folder) / "spool.jsonl")
        began = time.perf_counter()
        async with Publisher(kafka, spool, Sending()) as publisher:
            for row in range(0, ticks, at_once):
                rows = slice(row, row + at_once)
                await publisher.publish(Heard(series, at[rows], price[rows]))
                # A socket would let others run between two of its frames.
                await asyncio.sleep(0)
        return ticks / (time.perf_counter() - began)


async def main() -> None:
    """Print a row for each way of hearing them."""
    parser = argparse.ArgumentParser()
    parser.add_argument("bootstrap")
    parser.add_argument("--ticks", type=int, default=1_000_000)
    given = parser.parse_args()
    kafka = Kafka(
        bootstrap_servers=given.bootstrap, topic_prefix=f"b{secrets.token_hex(3)}."
    )
    await asyncio.to_thread(provision, kafka)
    for at_once, share in ((5000, 1), (200, 1), (1, 10)):
        rate = await publish(kafka, given.ticks // share, at_once)
        print(f"heard {at_once:>5} at once: {rate:>12,.0f} ticks/s")


if __name__ == "__main__":
    asyncio.run(main())
