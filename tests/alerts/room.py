"""The alerts room as it is run: a process, which a test may kill."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

from streams.settings import Kafka
from volcross.running.broker import free_port

ROOT = Path(__file__).parents[2]

_CONFIG = """\
checkpoint_every = "0.1s"
[kafka]
bootstrap_servers = "{bootstrap_servers}"
topic_prefix = "{topic_prefix}"
partitions = {partitions}
[symbols.BTC]
clock = "crypto"
implied = "dvol"
[symbols.ETH]
clock = "crypto"
implied = "dvol"
[symbols.NVDA]
clock = "crypto"
implied = "iv30"
[[pairs]]
left = "BTC"
right = "ETH"
[[pairs]]
left = "NVDA"
right = "BTC"
[[rules]]
name = "btc-above-eth"
pair = "BTC/ETH"
hysteresis = 0.01
for = "1s"
[[rules]]  # of the samples: without it, they would be withdrawn
name = "nvda-above-btc"
pair = "NVDA/BTC"
[retry]
first = "0.1s"
[metrics]
alert = {metrics}
[channels.slack]
timeout = "5s"
{more}
"""


class Room:
    """`volcross alert`, with Slack's address in its environment only."""

    def __init__(
        self, kafka: Kafka, directory: Path, slack_url: str, more: str = ""
    ) -> None:
        self.metrics = free_port()
        self.log = directory / "alert.log"
        self.config = directory / "volcross.toml"
        self.config.write_text(
            _CONFIG.format(
                bootstrap_servers=kafka.bootstrap_servers,
                topic_prefix=kafka.topic_prefix,
                partitions=kafka.partitions,
                metrics=self.metrics,
                more=more,
            ),
            encoding="utf-8",
        )
        self.secrets = {"VOLCROSS_CHANNELS__SLACK__WEBHOOK_URL": slack_url}
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Run it; a name of its own lets it back in at once after a kill."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith("VOLCROSS_")}
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "volcross", "--config", str(self.config)),
                    *("alert", "--instance", "test"),
                ],
                cwd=ROOT,
                env={**kept, **self.secrets},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    async def end(self, number: signal.Signals, within: float = 15.0) -> int:
        """Signal it and return its exit code once it is gone."""
        assert self._process is not None
        self._process.send_signal(number)
        return await asyncio.to_thread(self._process.wait, within)

    def discard(self) -> None:
        """Leave no process behind, however the test ended."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def said(self) -> str:
        """Return all it logged."""
        return self.log.read_text(encoding="utf-8", errors="replace")
