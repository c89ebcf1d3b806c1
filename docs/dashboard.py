"""Draw a dashboard over the summer of 2024, for the README.

Usage: ``python docs/dashboard.py [TARGET.svg]`` (wants Debian's prometheus).

The story goes through the pipeline's own stages; what they make of it is put into a
real Prometheus; and each panel of the committed dashboard is drawn from its own
queries. Values, thresholds and colours are the dashboard's; the drawing is ours, since
no Grafana runs here.
"""

import json
import math
import re
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from alerts.judging.judge import Judge
from alerts.judging.rule import DEFAULT_RULE
from producers.recorded.story import (
    BEGIN,
    END,
    btc_dvol,
    btc_prices,
    nvda_iv30,
    nvda_prices,
)
from producers.recorded.timeline import Recording
from streams.agents.stage import Out
from streams.events import (
    Alert,
    Event,
    Origin,
    PriceTicks,
    Quality,
    SpreadReadings,
    VolatilityReadings,
    VolTicks,
)
from streams.settings import StreamSettings
from streams.stages.join import Join
from streams.stages.measure import Measure
from streams.stages.quote import Quote
from streams.stages.sample import Sample
from streams.topics import BARS, LEGS
from streams.volatility.market_time import market_clock
from volcross.config import FOUNDING
from volcross.running.broker import free_port

STEP = 600
"""Seconds of the story between two samples."""
HASTE = 24
"""A day of the story is an hour of Prometheus', which files every two of its hours
apart and would take minutes to write so many files. No query here asks for a rate."""
SINCE, UNTIL = BEGIN // 10**9 // HASTE, (END - 1) // 10**9 // HASTE
CHOSEN = {"pair": "NVDA/BTC", "window": "30d"}
"""The dashboard's variables, as a person would set them."""
ROOT = Path(__file__).parents[1]
DASHBOARD = ROOT / "monitoring" / "grafana" / "dashboards" / "volatility.json"
PALETTE = ["#73bf69", "#f2cc0c", "#5794f2", "#ff780a", "#b877d9", "#8ab8ff"]
NAMED = {"green": "#73bf69", "orange": "#ff9830", "red": "#f2495c", "blue": "#5794f2"}
COLUMN, ROW, GAP = 60, 34, 8

Floats = NDArray[np.float64]


class Sampled(NamedTuple):
    """One series as Prometheus would hold it."""

    name: str
    labels: dict[str, str]
    value: Floats


def told(settings: StreamSettings) -> list[Event]:
    """Return all that the stages make of the story."""
    sample, measure = Sample(settings), Measure(settings)
    quote, join = Quote(settings), Join(settings)
    judge = Judge(
        [DEFAULT_RULE],
        [],
        {name: market_clock(symbol.clock) for name, symbol in settings.symbols.items()},
    )
    made: list[Event] = []

    def take(outcomes: object) -> None:
        for outcome in outcomes:  # type: ignore[attr-defined]  # any stage's outcomes
            if not isinstance(outcome, Out):
                continue
            event = outcome.event
            made.append(event)
            if outcome.topic is BARS:
                take(measure.apply(event, 0, END))  # type: ignore[arg-type]
            elif outcome.topic is LEGS:
                take(join.apply(event, 0, END))  # type: ignore[arg-type]
            elif isinstance(event, SpreadReadings):
                take(judge.apply(event, 0, END))

    for recording in (nvda_prices(), btc_prices()):
        take(sample.apply(_prices(recording), 0, END))
    for recording in (nvda_iv30(), btc_dvol()):
        take(quote.apply(_vols(recording), 0, END))
    return made


def _prices(recording: Recording) -> PriceTicks:
    return PriceTicks(
        symbol=recording.series.symbol,
        source=recording.series.source,
        start=recording.start,
        end=recording.end,
        at=recording.at.tolist(),
        price=recording.value.tolist(),
    )


def _vols(recording: Recording) -> VolTicks:
    series = recording.series
    assert series.measure is not None
    assert series.tenor_days is not None
    return VolTicks(
        symbol=series.symbol,
        source=series.source,
        measure=series.measure,
        tenor_days=series.tenor_days,
        origin=Origin.INTERPOLATED,
        start=recording.start,
        end=recording.end,
        at=recording.at.tolist(),
        value=recording.value.tolist(),
    )


def sampled(events: list[Event], settings: StreamSettings) -> Iterator[Sampled]:
    """Yield what the processes would have shown at every scrape."""
    instants = np.arange(BEGIN, END, STEP * 1_000_000_000)

    def carried(at: list[int], value: list[float]) -> Floats:
        if not at:
            return np.full(len(instants), np.nan)
        place = np.searchsorted(np.array(at), instants, side="right") - 1
        return np.where(place >= 0, np.array(value)[place], np.nan)

    rows: dict[tuple[str, tuple[tuple[str, str], ...]], tuple[list[int], list[float]]]
    rows = {}
    for event in events:
        if isinstance(event, VolatilityReadings) and event.quality is Quality.OK:
            realised = event.origin is Origin.COMPUTED
            kind = "realized" if realised else "implied"
            names = ("estimator", "window") if realised else ("measure", "tenor")
            more = zip(names, (event.measure, event.window), strict=True)
            key = (
                f"volcross_{kind}_volatility_ratio",
                (("symbol", event.symbol), *more),
            )
            value = event.value
        elif isinstance(event, SpreadReadings):
            key = (
                "volcross_spread_ratio",
                (("pair", event.pair), ("comparison", event.comparison)),
            )
            value = event.spread
        else:
            continue
        # What a warming window said is told in a record of its own.
        at, known = rows.setdefault(key, ([], []))
        at += event.at
        known += value
    for (name, labels), (at, value) in rows.items():
        yield Sampled(name, dict(labels), carried(at, value))
        if name != "volcross_spread_ratio":
            symbol, measure, window = (of for _, of in labels)
            yield Sampled(
                "volcross:reading_age_seconds",
                {"symbol": symbol, "measure": measure, "window": window},
                instants / 1e9 - carried(at, [each / 1e9 for each in at]),
            )
    alerts = [event for event in events if isinstance(event, Alert)]
    state = carried(
        [BEGIN, *(alert.event_time for alert in alerts)],
        [0.0, *(float(alert.state == "firing") for alert in alerts)],
    )
    yield Sampled("volcross_alert_firing", {"rule": DEFAULT_RULE.name}, state)
    for each, traded in settings.symbols.items():
        clock = market_clock(traded.clock)
        is_open = [float(clock.is_open(int(at))) for at in instants]
        yield Sampled("volcross_market_open", {"symbol": each}, np.array(is_open))


def backfill(series: list[Sampled], folder: Path) -> None:
    """Put the series into a new database of Prometheus'."""
    times = [str(SINCE + STEP // HASTE * n) for n in range(len(series[0].value))]
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


class Prometheus:
    """A Prometheus over that database."""

    def __init__(self, folder: Path) -> None:
        self.url = f"http://127.0.0.1:{free_port()}"
        (folder / "prometheus.yml").write_text("", encoding="utf-8")
        self._process = subprocess.Popen(
            [
                "prometheus",
                f"--config.file={folder / 'prometheus.yml'}",
                f"--storage.tsdb.path={folder / 'db'}",
                "--storage.tsdb.retention.time=20y",
                f"--web.listen-address={self.url.removeprefix('http://')}",
            ],
            stderr=subprocess.DEVNULL,
        )
        for _ in range(100):
            try:
                urllib.request.urlopen(f"{self.url}/-/ready").close()
            except (urllib.error.URLError, ConnectionError):
                time.sleep(0.1)
            else:
                break

    def range(self, expression: str, step: int) -> list[dict[str, Any]]:
        """Return the series of a query from the story's beginning to its end."""
        asked = {
            "query": re.sub(
                r"\$(\w+)", lambda word: CHOSEN.get(word[1], ".*"), expression
            ),
            "start": SINCE,
            "end": UNTIL,
            "step": step // HASTE,
        }
        url = f"{self.url}/api/v1/query_range?{urllib.parse.urlencode(asked)}"
        with urllib.request.urlopen(url) as answer:
            found: list[dict[str, Any]] = json.load(answer)["data"]["result"]
        return found

    def stop(self) -> None:
        """End it."""
        self._process.terminate()
        self._process.wait()


def shown(value: float, unit: str, decimals: int | None) -> str:
    """Return a value as the panel's unit would have it."""
    if unit == "percentunit":
        return f"{value * 100:.{1 if decimals is None else decimals}f}%"
    if unit == "s":
        for name, length in (("d", 86_400), ("h", 3600), ("min", 60)):
            if value >= length:
                return f"{value / length:.3g} {name}"
        return f"{value:.0f} s"
    return f"{value:g}"


class Canvas:
    """The picture as it grows."""

    def __init__(self, prometheus: Prometheus, page: dict[str, Any]) -> None:
        self._prometheus = prometheus
        self._page = page
        self.parts: list[str] = []
        (firing,) = page["annotations"]["list"]
        self._firing = self._bands(firing["target"]["expr"])

    def _bands(self, expression: str) -> list[tuple[float, float]]:
        bands: list[tuple[float, float]] = []
        for series in self._prometheus.range(expression, STEP):
            for at, value in series["values"]:
                if float(value) != 1:
                    continue
                if bands and at - bands[-1][1] <= STEP // HASTE:
                    bands[-1] = (bands[-1][0], at)
                else:
                    bands.append((at, at))
        return bands

    def draw(self) -> str:
        """Return the whole dashboard."""
        bottom = 0
        for panel in self._page["panels"]:
            at = panel["gridPos"]
            bottom = max(bottom, (at["y"] + at["h"]) * ROW)
            self._panel(panel, at["x"] * COLUMN, at["y"] * ROW + 44, at)
        width, height = 24 * COLUMN + GAP, bottom + 52
        return "\n".join(
            [
                f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}"'
                f' height="{height}" viewBox="0 0 {width} {height}"'
                ' font-family="Inter,Helvetica,Arial,sans-serif">',
                f'<rect width="{width}" height="{height}" fill="#111217"/>',
                f'<text x="16" y="28" font-size="18" fill="#e9edf2">'
                f"{escape(self._page['title'])}</text>",
                f'<text x="{width - 16}" y="28" font-size="13" fill="#9fa7b3"'
                ' text-anchor="end">2024-07-22 20:00 to 2024-09-04 00:00 UTC ·'
                " implied vols interpolated between published points</text>",
                *self.parts,
                "</svg>",
            ]
        )

    def _panel(self, panel: dict[str, Any], x: int, y: int, at: dict[str, int]) -> None:
        width, height = at["w"] * COLUMN - GAP, at["h"] * ROW - GAP
        self.parts += [
            f'<g transform="translate({x + GAP},{y})">',
            f'<rect width="{width}" height="{height}" rx="3" fill="#181b1f"'
            ' stroke="#2b2f36"/>',
            f'<text x="10" y="20" font-size="13" fill="#d5dae1">'
            f"{escape(panel['title'])}</text>",
        ]
        series = [
            (_legend(target["legendFormat"], found["metric"]), found["values"])
            for target in panel["targets"]
            for found in self._prometheus.range(target["expr"], 3600)
        ]
        field = panel["fieldConfig"]["defaults"]
        if not series:
            self._text(width / 2, height / 2, "no data", 14, "#9fa7b3")
        elif panel["type"] == "timeseries":
            self._lines(series, field, width, height)
        elif panel["type"] == "state-timeline":
            self._states(series, width, height)
        else:
            self._values(series, field, panel["type"], width, height)
        self.parts.append("</g>")

    def _text(self, x: float, y: float, text: str, size: float, color: str) -> None:
        self.parts.append(
            f'<text x="{x:.0f}" y="{y:.0f}" font-size="{size:g}" fill="{color}"'
            f' text-anchor="middle">{escape(text)}</text>'
        )

    def _lines(
        self,
        series: list[tuple[str, list[Any]]],
        field: dict[str, Any],
        width: int,
        height: int,
    ) -> None:
        unit, custom = field["unit"], field["custom"]
        legend = 18 * -(-len(series) // (width // 210))
        left, right, top, bottom = 58, width - 12, 34, height - 26 - legend
        values = np.array([float(v) for _, points in series for _, v in points])
        low, high = float(values.min()), float(values.max())
        if "axisSoftMin" in custom:
            low, high = (
                min(low, custom["axisSoftMin"]),
                max(high, custom["axisSoftMax"]),
            )
        pad = (high - low or 1.0) * 0.06
        low, high = (low - pad if low < 0 or low > pad else 0.0), high + pad
        begin, end, week = SINCE, UNTIL, 7 * 86_400 / HASTE

        def place(at: float, value: float) -> str:
            x = left + (at - begin) / (end - begin) * (right - left)
            return (
                f"{x:.1f},{bottom - (value - low) / (high - low) * (bottom - top):.1f}"
            )

        for since, until in self._firing:
            a, b = (float(place(at, 0).split(",")[0]) for at in (since, until))
            self.parts.append(
                f'<rect x="{a:.1f}" y="{top}" width="{b - a:.1f}"'
                f' height="{bottom - top}" fill="#f2495c" opacity="0.13"/>'
            )
        if custom.get("thresholdsStyle", {}).get("mode") == "line+area":
            zero = float(place(begin, 0).split(",")[1])
            self.parts.append(
                f'<rect x="{left}" y="{top}" width="{right - left}"'
                f' height="{zero - top:.1f}" fill="#ff9830" opacity="0.10"/>'
                f'<line x1="{left}" x2="{right}" y1="{zero}" y2="{zero}"'
                ' stroke="#ff9830" stroke-dasharray="5 4"/>'
            )
        for value in np.linspace(low + pad, high - pad, 5):
            y = float(place(begin, float(value)).split(",")[1])
            self.parts.append(
                f'<line x1="{left}" x2="{right}" y1="{y}" y2="{y}" stroke="#2b2f36"/>'
                f'<text x="{left - 6}" y="{y + 4}" font-size="11" fill="#9fa7b3"'
                f' text-anchor="end">{shown(float(value), unit, None)}</text>'
            )
        for day in np.arange(np.ceil(begin / week) * week, end, week):
            x = place(float(day), low).split(",")[0]
            label = time.strftime("%m-%d", time.gmtime(float(day) * HASTE))
            self._text(float(x), bottom + 16, label, 11, "#9fa7b3")
        for number, (name, points) in enumerate(series):
            color = PALETTE[number % len(PALETTE)]
            path = " ".join(place(float(at), float(value)) for at, value in points)
            last = shown(float(points[-1][1]), unit, field.get("decimals"))
            across = width // 210
            left_of = 12 + number % across * 210
            y_of = bottom + 34 + number // across * 18
            self.parts.append(
                f'<polyline points="{path}" fill="none" stroke="{color}"'
                ' stroke-width="1.6" stroke-linejoin="round"/>'
                f'<rect x="{left_of}" y="{y_of - 4}" width="14" height="3"'
                f' fill="{color}"/>'
                f'<text x="{left_of + 19}" y="{y_of}" font-size="12" fill="#d5dae1">'
                f"{escape(name)}  {last}</text>"
            )

    def _states(
        self, series: list[tuple[str, list[Any]]], width: int, height: int
    ) -> None:
        row = (height - 60) / len(series)
        for number, (name, points) in enumerate(series):
            y, slot = 34 + number * row, (width - 76) / len(points)
            self._text(34, y + row / 2, name, 12, "#d5dae1")
            runs: list[list[int]] = []
            for place, (_, value) in enumerate(points):
                if float(value) != 1:
                    continue
                if runs and runs[-1][1] == place:
                    runs[-1][1] += 1
                else:
                    runs.append([place, place + 1])
            self.parts += [
                f'<rect x="{64 + first * slot:.1f}" y="{y + row * 0.15:.1f}"'
                f' width="{(last - first) * slot:.1f}" height="{row * 0.7:.1f}"'
                ' fill="#73bf69"/>'
                for first, last in runs
            ]

    def _values(
        self,
        series: list[tuple[str, list[Any]]],
        field: dict[str, Any],
        kind: str,
        width: int,
        height: int,
    ) -> None:
        most = max(float(points[-1][1]) for _, points in series) or 1.0
        most = field.get("max", most)
        for number, (name, points) in enumerate(series):
            value = float(points[-1][1])
            text = shown(value, field["unit"], field.get("decimals"))
            color = "blue"
            for step in field["thresholds"]["steps"]:
                if step["value"] is None or value >= step["value"]:
                    color = step["color"]
            for mapping in field.get("mappings", []):
                word = mapping["options"].get(f"{value:g}")
                text, color = (word["text"], word["color"]) if word else (text, color)
            if kind == "stat":
                x = width * (number + 0.5) / len(series)
                self._text(x, height * 0.58, text, 30, NAMED[color])
                self._text(x, height * 0.58 + 26, name, 12, "#9fa7b3")
            else:
                row = (height - 50) / len(series)
                y, room = 36 + number * row, width - 190
                self._text(62, y + row * 0.55, name, 12, "#d5dae1")
                self.parts.append(
                    f'<rect x="124" y="{y + row * 0.25:.0f}" height="{row * 0.5:.0f}"'
                    f' width="{max(2.0, room * value / most):.0f}"'
                    f' fill="{NAMED[color]}"/>'
                )
                self._text(width - 34, y + row * 0.55, text, 14, NAMED[color])


def _legend(pattern: str, labels: dict[str, str]) -> str:
    return re.sub(r"{{(\w+)}}", lambda word: labels.get(word[1], ""), pattern)


def main(target: Path) -> None:
    """Draw it."""
    settings = StreamSettings.model_validate(
        {"symbols": FOUNDING["symbols"], "pairs": FOUNDING["pairs"]}
    )
    page = json.loads(DASHBOARD.read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        backfill(list(sampled(told(settings), settings)), folder)
        prometheus = Prometheus(folder)
        try:
            target.write_text(Canvas(prometheus, page).draw(), encoding="utf-8")
        finally:
            prometheus.stop()


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "docs/dashboard.svg"))
