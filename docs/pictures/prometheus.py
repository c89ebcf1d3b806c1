"""A Prometheus to ask: one that runs, or one of our own over a given past."""

import json
import math
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from volcross.running.broker import free_port


class Sampled(NamedTuple):
    """One series as Prometheus would hold it.

    Attributes:
        name: of the metric.
        labels: of the series.
        value: at every step; NaN where there is none.
    """

    name: str
    labels: dict[str, str]
    value: NDArray[np.float64]


class Line(NamedTuple):
    """A series of an answer.

    Attributes:
        labels: of the series.
        at: seconds since 1970.
        value: none of them NaN.
    """

    labels: dict[str, str]
    at: NDArray[np.float64]
    value: NDArray[np.float64]


class Prometheus:
    """Asks one Prometheus about one stretch of time.

    Args:
        url: where it answers.
        begin: of the stretch, seconds since 1970.
        end: of the stretch.
        step: between two points, seconds.
    """

    def __init__(self, url: str, begin: float, end: float, step: float) -> None:
        self.begin, self.end, self.step = begin, end, step
        self._url = url

    def get(self, path: str, parameters: dict[str, str]) -> Any:  # noqa: ANN401 - JSON
        """Return the data of an answer of its API."""
        query = urllib.parse.urlencode(parameters)
        with urllib.request.urlopen(f"{self._url}/api/v1/{path}?{query}") as answer:
            return json.load(answer)["data"]

    def over_time(self, expression: str) -> list[Line]:
        """Return the series of a query over the whole stretch."""
        asked = {
            "query": expression,
            "start": f"{self.begin}",
            "end": f"{self.end}",
            "step": f"{self.step}",
        }
        told = self.get("query_range", asked)["result"]
        lines = [_line(each["metric"], each["values"]) for each in told]
        return [line for line in lines if len(line.at)]

    def at_the_end(self, expression: str) -> list[Line]:
        """Return the series of a query at the end of the stretch, a point each."""
        told = self.get("query", {"query": expression, "time": f"{self.end}"})["result"]
        lines = [_line(each["metric"], [each["value"]]) for each in told]
        return [line for line in lines if len(line.at)]


def _line(labels: dict[str, str], points: list[tuple[float, str]]) -> Line:
    at = np.array([float(instant) for instant, _ in points])
    value = np.array([float(text) for _, text in points])
    known = ~np.isnan(value)
    return Line(labels, at[known], value[known])


@contextmanager
def backfilled(
    series: list[Sampled], folder: Path, begin: int, step: int, *, thinned: int = 1
) -> Iterator[Prometheus]:
    """Run a Prometheus that holds these series and nothing else.

    Args:
        series: all of one length.
        folder: for its database.
        begin: instant of the first value, seconds since 1970.
        step: between two values, seconds.
        thinned: every how many-th value is asked for.
    """
    _backfill(series, folder, begin, step)
    url = f"http://127.0.0.1:{free_port()}"
    (folder / "prometheus.yml").write_text("", encoding="utf-8")
    process = subprocess.Popen(
        [
            "prometheus",
            f"--config.file={folder / 'prometheus.yml'}",
            f"--storage.tsdb.path={folder / 'db'}",
            "--storage.tsdb.retention.time=20y",
            f"--web.listen-address={url.removeprefix('http://')}",
        ],
        stderr=subprocess.DEVNULL,
    )
    try:
        for _ in range(100):
            try:
                urllib.request.urlopen(f"{url}/-/ready").close()
            except (urllib.error.URLError, ConnectionError):
                time.sleep(0.1)
            else:
                break
        last = begin + step * (len(series[0].value) - 1)
        yield Prometheus(url, begin, last, step * thinned)
    finally:
        process.terminate()
        process.wait()


def _backfill(series: list[Sampled], folder: Path, begin: int, step: int) -> None:
    times = [str(begin + step * n) for n in range(len(series[0].value))]
    text = folder / "story.om"
    with text.open("w", encoding="utf-8") as lines:
        for name in sorted({each.name for each in series}):
            lines.write(f"# TYPE {name} gauge\n")
            for each in series:
                if each.name != name:
                    continue
                labels = ",".join(f'{key}="{of}"' for key, of in each.labels.items())
                for at, value in zip(times, each.value.tolist(), strict=True):
                    if not math.isnan(value):
                        lines.write(f"{name}{{{labels}}} {value} {at}\n")
        lines.write("# EOF\n")
    subprocess.run(
        ["promtool", "tsdb", "create-blocks-from", "openmetrics", text, folder / "db"],
        check=True,
        stdout=subprocess.DEVNULL,
    )
