"""The real thing, small: every role, Prometheus and Alertmanager as processes."""

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from string import Template
from typing import Any

import yaml
from kafka import KafkaProducer

from tests.monitoring.hurry import hurried
from tests.monitoring.receiver import Receiver
from tests.monitoring.tools import MONITORING, PROMETHEUS, program
from tests.streams.pipeline import environment
from volcross.running.broker import free_port
from volcross.running.lifeline import tie

SPEED = 60
"""How many times faster than ours the market's time goes by."""

_FOLDER = Path(__file__).parent
_PREFIX = "VOLCROSS_KAFKA__TOPIC_PREFIX"
# Bytes that were written: for others the kernel keeps no memory.
_HEAVY = """\
ballast = b"x" * {ballast}
import runpy
runpy.run_module("volcross", run_name="__main__", alter_sys=True)
"""


class Stack:
    """A made-up market at sixty times its speed, watched by the shipped rules."""

    def __init__(self, folder: Path, bootstrap_servers: str, prefix: str) -> None:
        self.folder = folder
        self.slack = Receiver()
        self.operators = Receiver()
        self.switch = Receiver()
        self._began = datetime.now(UTC)
        self._incidents = 0
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self.ports = {
            name: free_port()
            for name in ("produce", "stream", "alert", "prometheus", "alertmanager")
        }
        self._environment = {
            **environment(),
            "VOLCROSS_KAFKA__BOOTSTRAP_SERVERS": bootstrap_servers,
            _PREFIX: prefix,
            "VOLCROSS_DATA_DIR": str(folder / "data"),
            "VOLCROSS_CHANNELS__WEBHOOK__URL": self.slack.url,
            **{
                f"VOLCROSS_METRICS__{role.upper()}": str(self.ports[role])
                for role in ("produce", "stream", "alert")
            },
        }
        for role in ("alert", "stream", "produce"):
            self.start(role)
        self._start_monitoring()

    def start(
        self,
        role: str,
        *,
        ahead: bool = False,
        venue: str = "",
        ballast: int = 0,
        **more: str,
    ) -> None:
        """Run a role of volcross.

        Args:
            role: which.
            ahead: whether the feed is one that stamps its ticks a day ahead.
            venue: the address of an exchange, to be listened to instead.
            ballast: bytes of memory that it holds from the beginning.
            more: environment variables.
        """
        self._configure(ahead=ahead, venue=venue)
        # A lasting name: whoever was killed need not wait to be missed by Kafka.
        named = ["--instance", "only"]
        what = [role, "feed"] if role == "produce" else [role, *named]
        program = ["-m", "volcross"]
        if ballast:
            program = ["-c", _HEAVY.format(ballast=ballast)]
        self._run(role, sys.executable, *program, *what, **more)

    def kill(self, name: str) -> None:
        """End a process without a warning."""
        process = self._processes.pop(name)
        process.kill()
        process.wait()

    def end(self, name: str) -> None:
        """Ask a process to end, and wait until it has."""
        process = self._processes.pop(name)
        process.terminate()
        process.wait(30)

    def pid(self, name: str) -> int:
        """Return the id of a process."""
        return self._processes[name].pid

    def begin_an_incident(self) -> None:
        """Start the alerts room anew, with its rule under another name."""
        self._incidents += 1
        self.kill("alert")
        self.start("alert")

    def write(self, topic: str, records: list[bytes], key: bytes | None = None) -> None:
        """Write records as they are."""
        producer = KafkaProducer(
            bootstrap_servers=self._environment["VOLCROSS_KAFKA__BOOTSTRAP_SERVERS"],
            linger_ms=20,
        )
        for record in records:
            producer.send(self._environment[_PREFIX] + topic, key=key, value=record)
        producer.flush()
        producer.close()

    def know_alertmanagers(self, ports: list[int]) -> None:
        """Tell Prometheus whom it can tell."""
        found = [{"targets": [f"127.0.0.1:{port}" for port in ports]}]
        path = self.folder / "targets" / "alertmanagers" / "alertmanager.yml"
        path.write_text(yaml.safe_dump(found), encoding="utf-8")

    def stop(self) -> None:
        """End everything."""
        for process in self._processes.values():
            process.terminate()
        for process in self._processes.values():
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        for receiver in (self.slack, self.operators, self.switch):
            receiver.stop()

    def ask(self, expression: str) -> list[dict[str, Any]]:
        """Return what Prometheus answers to a query at this moment."""
        query = urllib.parse.urlencode({"query": expression})
        found: list[dict[str, Any]] = self._get(f"api/v1/query?{query}")["result"]
        return found

    def get(self, path: str, parameters: dict[str, str]) -> Any:  # noqa: ANN401 - JSON
        """Return the data of an answer of Prometheus' API."""
        return self._get(f"api/v1/{path}?{urllib.parse.urlencode(parameters)}")

    def metrics(self, role: str) -> str:
        """Return what a role shows Prometheus."""
        url = f"http://127.0.0.1:{self.ports[role]}/metrics"
        with urllib.request.urlopen(url, timeout=10) as answer:
            text: str = answer.read().decode()
        return text

    def up(self, role: str) -> bool:
        """Say whether a role answers."""
        try:
            return bool(self.metrics(role))
        except OSError:
            return False

    def firing(self) -> set[str]:
        """Return the names of the health alerts that fire."""
        return {
            alert["labels"]["alertname"]
            for alert in self._get("api/v1/alerts")["alerts"]
            if alert["state"] == "firing"
        }

    def told(self) -> list[tuple[str, str]]:
        """Return what Alertmanager told the operators: (alert, status), in order."""
        return [
            (alert["labels"]["alertname"], alert["status"])
            for message in list(self.operators.taken)
            for alert in message["alerts"]
        ]

    def until(self, seen: Callable[[], object], within: float, what: str) -> None:
        """Wait until `seen`; fail after `within` seconds, with the logs."""
        deadline = time.monotonic() + within
        while not seen():
            if time.monotonic() > deadline:
                logs = [
                    f"--- {log.name}\n{log.read_text(errors='replace')[-1500:]}"
                    for log in sorted(self.folder.glob("*.log"))
                ]
                raise AssertionError("\n".join([f"{what}, not in {within} s", *logs]))
            time.sleep(0.5)

    def _get(self, path: str) -> Any:  # noqa: ANN401 - JSON
        url = f"http://127.0.0.1:{self.ports['prometheus']}/{path}"
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:
                data = json.load(answer)["data"]
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{path}: {error.read().decode()}") from error
        return data

    def _run(self, name: str, *command: str, **more: str) -> None:
        with (self.folder / f"{name}.log").open("ab") as log:
            self._processes[name] = subprocess.Popen(
                command,
                cwd=self.folder,
                env=self._environment | more,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                preexec_fn=tie(os.getpid()),  # noqa: PLW1509 - touches no lock
            )

    def _configure(self, *, ahead: bool, venue: str) -> None:
        """Write the configuration; the market goes on where it would be by now."""
        now = datetime.now(UTC)
        gone = now - self._began
        feed = "exchange" if venue else "ahead" if ahead else "market"
        parts = [f"stack{part}.toml" for part in ("", f"_{feed}")]
        text = "".join((_FOLDER / part).read_text("utf-8") for part in parts)
        text = Template(text).substitute(
            begin=(self._began - timedelta(days=3) + SPEED * gone).isoformat(),
            tomorrow=(now + timedelta(days=1)).isoformat(),
            speed=SPEED,
            always="always" + "-again" * self._incidents,
            venue=venue,
        )
        (self.folder / "volcross.toml").write_text(text, encoding="utf-8")

    def _start_monitoring(self) -> None:
        home = self.folder
        settings = yaml.safe_load((PROMETHEUS / "prometheus.yml").read_text())
        settings["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
        own = f"127.0.0.1:{self.ports['prometheus']}"
        settings["scrape_configs"][1]["static_configs"][0]["targets"] = [own]
        (home / "prometheus.yml").write_text(yaml.safe_dump(settings))
        (home / "rules").mkdir()
        for path in (PROMETHEUS / "rules").glob("*.yml"):
            rules = hurried(path.read_text(encoding="utf-8"))
            (home / "rules" / path.name).write_text(rules, encoding="utf-8")
        (home / "targets" / "alertmanagers").mkdir(parents=True)
        roles = [
            {"targets": [f"127.0.0.1:{self.ports[role]}"], "labels": {"role": role}}
            for role in ("produce", "stream", "alert")
        ]
        (home / "targets" / "volcross.yml").write_text(yaml.safe_dump(roles))
        self.know_alertmanagers([self.ports["alertmanager"]])

        routes = yaml.safe_load(
            (MONITORING / "alertmanager" / "alertmanager.yml").read_text()
        )
        routes["route"] |= {"group_wait": "0s", "group_interval": "1s"}
        for receiver in routes["receivers"]:
            mine = self.operators if receiver["name"] == "operators" else self.switch
            receiver["webhook_configs"] = [{"url": mine.url, "send_resolved": True}]
        (home / "alertmanager.yml").write_text(yaml.safe_dump(routes))
        self._run(
            "alertmanager",
            program("prometheus-alertmanager"),
            "--config.file=alertmanager.yml",
            f"--storage.path={home / 'alertmanager'}",
            "--cluster.listen-address=",
            f"--web.listen-address=127.0.0.1:{self.ports['alertmanager']}",
        )
        self._run(
            "prometheus",
            program("prometheus"),
            "--config.file=prometheus.yml",
            # What it told nobody because it knew nobody yet, it tells again soon.
            "--rules.alert.resend-delay=5s",
            f"--storage.tsdb.path={home / 'tsdb'}",
            f"--web.listen-address={own}",
        )
        self.until(self._ready, 20, "Prometheus is ready")

    def _ready(self) -> bool:
        try:
            return bool(self._get("api/v1/status/buildinfo"))
        except (OSError, AssertionError):
            return False
