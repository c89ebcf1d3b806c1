"""The real thing, small: every role, Prometheus and Alertmanager as processes."""

import json
import os
import re
import shutil
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import yaml

from tests.monitoring.tools import MONITORING, PROMETHEUS, program
from volcross.running.broker import free_port
from volcross.running.lifeline import tie

FASTER = 20
"""How many times shorter the health rules' times are than in production."""

_UNITS = {"s": 1, "m": 60, "h": 3600}


def hurried(rules: str) -> str:
    """Return the rules with every length of time `FASTER` times shorter."""

    def shorter(match: re.Match[str]) -> str:
        spent = int(match[2]) * _UNITS[match[3]] / FASTER
        return f"{match[1]}{max(2, round(spent))}s"

    return re.sub(r"(\[|for: )(\d+)([smh])(?=[\]:\n])", shorter, rules)


class Receiver:
    """An HTTP endpoint that takes everything, or nothing while it refuses."""

    def __init__(self) -> None:
        self.refuses = False
        self.taken: list[dict[str, Any]] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if not receiver.refuses:
                    receiver.taken.append(json.loads(body))
                self.send_response(500 if receiver.refuses else 200)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"ok")

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}/"

    def stop(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class Stack:
    """A made-up market at sixty times its speed, watched by the shipped rules."""

    def __init__(self, folder: Path, bootstrap_servers: str, prefix: str) -> None:
        self.folder = folder
        self.slack = Receiver()
        self.operators = Receiver()
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self.ports = {
            name: free_port()
            for name in ("produce", "stream", "alert", "prometheus", "alertmanager")
        }
        self._environment = {
            **os.environ,
            "VOLCROSS_KAFKA__BOOTSTRAP_SERVERS": bootstrap_servers,
            "VOLCROSS_KAFKA__TOPIC_PREFIX": prefix,
            "VOLCROSS_DATA_DIR": str(folder / "data"),
            "VOLCROSS_CHANNELS__WEBHOOK__URL": self.slack.url,
            **{
                f"VOLCROSS_METRICS__{role.upper()}": str(self.ports[role])
                for role in ("produce", "stream", "alert")
            },
        }
        self._configure()
        for role in ("alert", "stream", "produce"):
            self.start(role)
        self._start_monitoring()

    def start(self, role: str) -> None:
        """Run a role of volcross."""
        # A lasting name: whoever was killed need not wait to be missed by Kafka.
        named = ["--instance", "only"]
        what = [role, "made-up"] if role == "produce" else [role, *named]
        self._run(role, sys.executable, "-m", "volcross", *what)

    def kill(self, name: str) -> None:
        """End a process without a warning."""
        process = self._processes.pop(name)
        process.kill()
        process.wait()

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
        self.slack.stop()
        self.operators.stop()

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

    def firing(self) -> set[str]:
        """Return the names of the health alerts that fire."""
        return {
            alert["labels"]["alertname"]
            for alert in self._get("api/v1/alerts")["alerts"]
            if alert["state"] == "firing"
        }

    def told(self) -> list[tuple[str, str]]:
        """Return what Alertmanager told the operators: (alert, status)."""
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

    def _run(self, name: str, *command: str) -> None:
        with (self.folder / f"{name}.log").open("ab") as log:
            self._processes[name] = subprocess.Popen(
                command,
                cwd=self.folder,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                preexec_fn=tie(os.getpid()),  # noqa: PLW1509 - touches no lock
            )

    def _configure(self) -> None:
        begin = (datetime.now(UTC) - timedelta(days=1)).isoformat(timespec="seconds")
        (self.folder / "volcross.toml").write_text(
            f"""
            [symbols.NVDA]
            clock = "crypto"
            implied = "iv30"
            [symbols.BTC]
            clock = "crypto"
            implied = "dvol"
            [realised]
            windows = ["10m"]
            [[pairs]]
            left = "NVDA"
            right = "BTC"
            realised = ["close-to-close/10m"]
            # Above a margin that it is always above: one alert, at once.
            [[rules]]
            name = "always"
            pair = "NVDA/BTC"
            margin = -10.0
            [sources.made-up]
            kind = "synthetic"
            begin = {begin}
            speed = 60
            symbols.NVDA = {{ vol = 0.5, ticks_per_second = 1, measure = "iv30" }}
            symbols.BTC = {{ vol = 0.5, ticks_per_second = 1, measure = "dvol" }}
            """,
            encoding="utf-8",
        )

    def _start_monitoring(self) -> None:
        home = self.folder
        settings = yaml.safe_load((PROMETHEUS / "prometheus.yml").read_text())
        settings["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
        own = f"127.0.0.1:{self.ports['prometheus']}"
        settings["scrape_configs"][1]["static_configs"][0]["targets"] = [own]
        (home / "prometheus.yml").write_text(yaml.safe_dump(settings))
        (home / "rules").mkdir()
        shutil.copy(PROMETHEUS / "rules" / "recording.yml", home / "rules")
        health = (PROMETHEUS / "rules" / "health.yml").read_text(encoding="utf-8")
        (home / "rules" / "health.yml").write_text(hurried(health), encoding="utf-8")
        (home / "targets" / "alertmanagers").mkdir(parents=True)
        roles = [
            {"targets": [f"127.0.0.1:{self.ports[role]}"], "labels": {"role": role}}
            for role in ("produce", "stream", "alert")
        ]
        (home / "targets" / "volcross.yml").write_text(yaml.safe_dump(roles))
        alertmanager = [{"targets": [f"127.0.0.1:{self.ports['alertmanager']}"]}]
        path = home / "targets" / "alertmanagers" / "alertmanager.yml"
        path.write_text(yaml.safe_dump(alertmanager))

        routes = yaml.safe_load(
            (MONITORING / "alertmanager" / "alertmanager.yml").read_text()
        )
        routes["route"] |= {"group_wait": "0s", "group_interval": "1s"}
        (operators,) = (r for r in routes["receivers"] if r["name"] == "operators")
        operators["webhook_configs"] = [
            {"url": self.operators.url, "send_resolved": True}
        ]
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
            f"--storage.tsdb.path={home / 'tsdb'}",
            f"--web.listen-address={own}",
        )
        self.until(self._ready, 20, "Prometheus is ready")

    def _ready(self) -> bool:
        try:
            return bool(self._get("api/v1/status/buildinfo"))
        except (OSError, AssertionError):
            return False
