"""How long an alert takes: tick in Kafka → alert in Kafka → request received.

The real processes (`volcross stream`, `volcross alert`) on the embedded broker,
one crossing at a time. The clock starts when Kafka has acknowledged the later of
the two ticks that make the lines cross, each with its own watermark, so both
watermarks have passed: what a live feed waits for its next heartbeat (up to a
second where a leg is silent) comes on top, and so does the rule's `for`.
"""

import argparse
import asyncio
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from aiohttp import web
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from streams.events import VolTicks
from streams.settings import Kafka
from streams.topics import ALERTS, VOL_TICKS
from streams.wire import encode
from volcross.running.broker import EmbeddedBroker
from volcross.running.provisioning import provision

SECOND = 10**9
BEGIN = 1_722_014_820 * SECOND
WARM_UP = 10
PATIENCE_SECONDS = 60.0

CONFIG = """\
checkpoint_every = "1s"
[kafka]
bootstrap_servers = "{servers}"
[symbols.BTC]
clock = "crypto"
implied = "dvol"
[symbols.ETH]
clock = "crypto"
implied = "dvol"
[[pairs]]
left = "BTC"
right = "ETH"
realised = []
[[rules]]
name = "btc-above-eth"
pair = "BTC/ETH"
hysteresis = 0.01
for = "1s"
[metrics]
stream = 0
alert = 0
[channels.webhook]
per_minute = 60000
"""


def ticks(symbol: str, number: int) -> VolTicks:
    """Return ten seconds in which BTC is above ETH, or below it, by turns."""
    start = BEGIN + number * 10 * SECOND
    above = symbol == "BTC" and number % 2 == 0
    return VolTicks(
        symbol=symbol,
        source="bench",
        measure="dvol",
        tenor_days=30,
        start=start,
        end=start + 10 * SECOND,
        at=[start],
        value=[0.65 if above else 0.55 if symbol == "BTC" else 0.6],
    )


async def measure(servers: str, rounds: int, heard: list[float]) -> None:
    """Cross `rounds` times and print how long each hop took."""
    kafka = Kafka(bootstrap_servers=servers)
    producer = AIOKafkaProducer(bootstrap_servers=servers, acks="all")
    consumer = AIOKafkaConsumer(ALERTS.name, bootstrap_servers=servers)
    announced: list[float] = []
    requested: list[float] = []
    async with producer, consumer:
        for number in range(rounds):
            for symbol in ("ETH", "BTC"):
                await producer.send_and_wait(
                    kafka.topic_prefix + VOL_TICKS.name,
                    key=symbol.encode(),
                    value=encode(ticks(symbol, number)),
                )
            acknowledged = time.time()
            async with asyncio.timeout(PATIENCE_SECONDS):
                alert = await consumer.getone()
                # Polled finely: the request may come before or after we look.
                while len(heard) <= number:  # noqa: ASYNC110
                    await asyncio.sleep(0.001)
            announced.append(alert.timestamp / 1000 - acknowledged)
            requested.append(heard[number] - acknowledged)
            await asyncio.sleep(0.1)
    print(f"{rounds - WARM_UP} crossings, HTTP to a local receiver")
    print(f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    for name, seconds in (
        ("both ticks in Kafka → alert in Kafka", announced),
        ("both ticks in Kafka → request received", requested),
    ):
        p50, p99 = quantiles(seconds[WARM_UP:])
        print(f"{name:<40} p50 {p50 * 1000:7.1f} ms   p99 {p99 * 1000:7.1f} ms")


def quantiles(seconds: Sequence[float]) -> tuple[float, float]:
    """Return the median and the 99th percentile."""
    hundredths = statistics.quantiles(seconds, n=100, method="inclusive")
    return hundredths[49], hundredths[98]


async def main(rounds: int) -> None:
    """Start everything, measure, and end everything."""
    heard: list[float] = []

    async def take(_: web.Request) -> web.Response:
        heard.append(time.time())
        return web.Response(text="ok")

    app = web.Application()
    app.router.add_post("/", take)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}/"
    with tempfile.TemporaryDirectory() as folder:
        broker = EmbeddedBroker(Path(folder) / "broker")
        broker.start()
        config = Path(folder) / "volcross.toml"
        config.write_text(CONFIG.format(servers=broker.bootstrap_servers))
        provision(Kafka(bootstrap_servers=broker.bootstrap_servers))
        with (Path(folder) / "log").open("wb") as log:
            processes = [
                subprocess.Popen(  # noqa: ASYNC220 - once, before the clock starts
                    [sys.executable, "-m", "volcross", "-c", str(config), role],
                    env={**os.environ, "VOLCROSS_CHANNELS__WEBHOOK__URL": url},
                    stdout=log,
                    stderr=log,
                )
                for role in ("stream", "alert")
            ]
            try:
                await measure(broker.bootstrap_servers, rounds + WARM_UP, heard)
            finally:
                for process in processes:
                    process.terminate()
                for process in processes:
                    process.wait(20)
                broker.stop()
                await runner.cleanup()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=200)
    asyncio.run(main(parser.parse_args().rounds))
