"""A dashboard as one SVG: every committed panel, drawn from its own queries."""

import re
import time
from collections.abc import Callable, Mapping
from html import escape
from typing import Any

import numpy as np

from docs.pictures.drawing import (
    Box,
    Field,
    bands,
    extent,
    grid,
    legend,
    legend_height,
    named,
    path,
    rectangle,
    text,
    threshold,
    unbroken,
)
from docs.pictures.prometheus import Line, Prometheus
from docs.pictures.theme import Theme
from monitoring.asking import Asked, asked, choices, fill

COLUMN, ROW, GAP, HEAD = 60, 34, 8, 44

Named = list[tuple[str, Line]]


class Page:
    """One dashboard, over one stretch, in one theme.

    Args:
        page: as committed.
        prometheus: who answers.
        theme: its colours.
        said: what it was drawn from.
        chosen: variables that are set by hand.
        label: writes an instant (seconds since 1970) under a chart.
    """

    def __init__(
        self,
        page: dict[str, Any],
        prometheus: Prometheus,
        theme: Theme,
        said: str,
        *,
        chosen: Mapping[str, str] | None = None,
        label: Callable[[float], str] | None = None,
    ) -> None:
        self._page = page
        self._prometheus = prometheus
        self._theme = theme
        self._said = said
        self._chosen = chosen or {}
        self._label = label or (lambda at: time.strftime("%H:%M", time.gmtime(at)))
        filled = choices(page, prometheus.get, self._chosen)
        self._firing = [
            line
            for annotation in page.get("annotations", {}).get("list", [])
            for line in prometheus.over_time(fill(annotation["target"]["expr"], filled))
        ]

    def drawn(self) -> str:
        """Return the whole dashboard."""
        theme, bottom, parts = self._theme, 0, []
        # A rate over five steps is what Grafana takes by default.
        rate = f"{max(20, round(4 * self._prometheus.step))}s"
        for one in asked(self._page, self._prometheus.get, self._chosen, rate):
            at = one.panel["gridPos"]
            bottom = max(bottom, (at["y"] + at["h"]) * ROW)
            parts += [
                f'<g transform="translate({at["x"] * COLUMN + GAP},'
                f'{at["y"] * ROW + HEAD})">',
                *self._panel(one, at["w"] * COLUMN - GAP, at["h"] * ROW - GAP),
                "</g>",
            ]
        width, height = 24 * COLUMN + GAP, bottom + HEAD + GAP
        return "\n".join(
            [
                f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}"'
                f' height="{height}" viewBox="0 0 {width} {height}"'
                ' font-family="Inter,Helvetica,Arial,sans-serif">',
                f"<title>{escape(self._page['title'])}: {escape(self._said)}</title>",
                rectangle(0, 0, width, height, theme.ground),
                text(16, 28, self._page["title"], 18, theme.ink, anchor="start"),
                text(width - 16, 28, self._said, 13, theme.quiet, anchor="end"),
                *parts,
                "</svg>\n",
            ]
        )

    def _panel(self, one: Asked, width: int, height: int) -> list[str]:
        kind = one.panel["type"]
        ask = self._prometheus.over_time
        if kind in ("stat", "trend"):
            ask = self._prometheus.at_the_end
        found = [
            (legend(target["legendFormat"], line.labels), line)
            for target, expression in zip(
                one.panel["targets"], one.expressions, strict=True
            )
            for line in ask(expression)
        ]
        draw = {
            "timeseries": self._lines,
            "trend": self._curves,
            "state-timeline": self._bands,
            "heatmap": self._heat,
            "stat": self._numbers,
        }[kind]
        theme = self._theme
        return [
            f'<rect width="{width}" height="{height}" rx="3" fill="{theme.panel}"'
            f' stroke="{theme.rule}"/>',
            text(10, 20, one.title, 13, theme.ink, anchor="start"),
            *(
                draw(found, one.panel, width, height)
                if found
                else [text(width / 2, height / 2, one.empty, 14, theme.quiet)]
            ),
        ]

    def _box(self, width: float, bottom: float, low: float, high: float) -> Box:
        told = self._prometheus
        return Box(66, width - 14, 34, bottom, told.begin, told.end, low, high)

    def _times(self, box: Box) -> list[str]:
        count = max(2, int((box.right - box.left) // 110))
        return [
            text(
                box.x(float(at)),
                box.bottom + 16,
                self._label(float(at)),
                11,
                self._theme.quiet,
            )
            for at in np.linspace(box.begin, box.end, count + 1)[1:-1]
        ]

    def _lines(
        self, found: Named, panel: dict[str, Any], width: int, height: int
    ) -> list[str]:
        field, theme = Field.of(panel), self._theme
        bottom = height - 30 - legend_height(len(found), width)
        values = np.concatenate([line.value for _, line in found])
        low, high = extent(values, field.defaults.get("custom", {}))
        box = self._box(width, bottom, low, high)
        names = [
            f"{name}  {field.write(float(line.value[-1]))}" for name, line in found
        ]
        parts, colours = named(names, width, bottom + 36, theme)
        parts += self._wash(box) + threshold(box, field, theme)
        parts += grid(box, field, theme) + self._times(box)
        for (_, line), colour in zip(found, colours, strict=True):
            for piece in unbroken(line, self._prometheus.step):
                places = zip(
                    map(box.x, piece.at.tolist()),
                    map(box.y, piece.value.tolist()),
                    strict=True,
                )
                parts += path(places, colour, 2.0 if len(piece.at) == 1 else 0.0)
        return parts

    def _wash(self, box: Box) -> list[str]:
        step, red = self._prometheus.step, self._theme.named["red"]
        return [
            rectangle(
                box.x(float(piece.at[0])),
                box.top,
                box.x(float(piece.at[-1])) - box.x(float(piece.at[0])),
                box.bottom - box.top,
                red,
                opacity=0.13,
            )
            for line in self._firing
            for piece in unbroken(line, step)
        ]

    def _curves(
        self, found: Named, panel: dict[str, Any], width: int, height: int
    ) -> list[str]:
        field, theme = Field.of(panel), self._theme
        curves: dict[str, list[tuple[float, float]]] = {}
        for _, line in found:
            point = float(line.labels["days"]), float(line.value[-1])
            curves.setdefault(line.labels["curve"], []).append(point)
        bottom = height - 30 - legend_height(len(curves), width)
        values = np.array([value for points in curves.values() for _, value in points])
        days = sorted({day for points in curves.values() for day, _ in points})
        low, high = extent(values, {})
        box = Box(66, width - 20, 34, bottom, days[0] - 2, days[-1] + 2, low, high)
        parts, colours = named(list(curves), width, bottom + 36, theme)
        parts += grid(box, field, theme)
        parts += [
            text(box.x(each), box.bottom + 16, f"{each:g} d", 11, theme.quiet)
            for each in days
        ]
        for points, colour in zip(curves.values(), colours, strict=True):
            places = [(box.x(day), box.y(value)) for day, value in sorted(points)]
            parts += path(places, colour, 4.0)
        return parts

    def _bands(
        self, found: Named, panel: dict[str, Any], width: int, height: int
    ) -> list[str]:
        (mapping,) = panel["fieldConfig"]["defaults"]["mappings"]
        names = [name for name, _ in found]
        longest = max(map(len, names))
        box = self._box(width, height - 46, 0.0, 1.0)._replace(
            left=min(width / 2, 24 + 7.0 * longest)
        )
        lines = [line for _, line in found]
        step = self._prometheus.step
        return [
            *bands(
                names,
                lines,
                words=mapping["options"],
                box=box,
                step=step,
                theme=self._theme,
            ),
            *self._times(box),
        ]

    def _heat(
        self, found: Named, panel: dict[str, Any], width: int, height: int
    ) -> list[str]:
        """Draw a histogram's buckets, which Prometheus tells cumulated."""
        field = Field(panel["options"]["yAxis"]["unit"], None, {})
        rows = sorted(
            ((float(line.labels["le"]), line) for _, line in found),
            key=lambda row: row[0],
        )
        told = self._prometheus
        at = np.arange(told.begin, told.end + told.step / 2, told.step)
        below = np.zeros(len(at))
        counts = []
        for _, line in rows:
            here = np.zeros(len(at))
            place = np.rint((line.at - told.begin) / told.step).astype(int)
            here[place] = line.value
            counts.append(np.maximum(0.0, here - below))
            below = here
        most = max(float(each.max()) for each in counts) or 1.0
        box = self._box(width, height - 28, 0.0, float(len(rows)))
        wide = (box.right - box.left) / max(1, len(at) - 1)
        parts = self._times(box)
        for number, ((edge, _), count) in enumerate(zip(rows, counts, strict=True)):
            top = box.y(number + 1)
            word = "more" if np.isinf(edge) else field.write(edge)
            parts.append(
                text(box.left - 6, top + 6, word, 11, self._theme.quiet, anchor="end")
            )
            parts += [
                rectangle(
                    box.x(float(instant)) - wide,
                    top,
                    wide,
                    box.y(number) - top - 1,
                    self._theme.named["orange"],
                    opacity=0.12 + 0.88 * float(np.sqrt(value / most)),
                )
                for instant, value in zip(at[1:], count[1:], strict=True)
                if value > 0
            ]
        return parts

    def _numbers(
        self, found: Named, panel: dict[str, Any], width: int, height: int
    ) -> list[str]:
        field, theme, parts = Field.of(panel), self._theme, []
        words = {
            key: word
            for mapping in field.defaults.get("mappings", [])
            for key, word in mapping["options"].items()
        }
        size = 30 if len(found) < 4 else 22
        for number, (name, line) in enumerate(found):
            value = float(line.value[-1])
            word = words.get(f"{value:g}")
            said = word["text"] if word else field.write(value)
            colour = theme.named[word["color"] if word else field.colour(value)]
            x = width * (number + 0.5) / len(found)
            shown = re.sub(r"(.{22}).+", r"\1…", name)
            parts += [
                text(x, height * 0.58, said, size, colour),
                text(x, height * 0.58 + 26, shown, 12, theme.quiet),
            ]
        return parts
