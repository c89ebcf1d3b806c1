"""One panel as SVG: lines, curves, bands, heat, large numbers; pure."""

import math
import re
from collections.abc import Iterable, Sequence
from html import escape
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from docs.pictures.prometheus import Line
from docs.pictures.theme import Theme, written

LEGEND_WIDTH = 232
LEGEND_HEIGHT = 18


class Box(NamedTuple):
    """Where values go: a rectangle of the panel, and what its edges stand for."""

    left: float
    right: float
    top: float
    bottom: float
    begin: float
    end: float
    low: float
    high: float

    def x(self, at: float) -> float:
        """Return the place of an instant, or of whatever runs across."""
        share = (at - self.begin) / (self.end - self.begin)
        return self.left + share * (self.right - self.left)

    def y(self, value: float) -> float:
        """Return the height of a value."""
        share = (value - self.low) / (self.high - self.low)
        return self.bottom - share * (self.bottom - self.top)


class Field(NamedTuple):
    """What a panel says of its values."""

    unit: str
    decimals: int | None
    defaults: dict[str, Any]

    @classmethod
    def of(cls, panel: dict[str, Any]) -> "Field":
        """Return a committed panel's."""
        defaults = panel["fieldConfig"]["defaults"]
        return cls(defaults.get("unit", "none"), defaults.get("decimals"), defaults)

    def write(self, value: float) -> str:
        """Return a value as the panel writes it."""
        return written(value, self.unit, self.decimals)

    def colour(self, value: float) -> str:
        """Return the name of the threshold's colour."""
        colour = "blue"
        for step in self.defaults["thresholds"]["steps"]:
            if step["value"] is None or value >= step["value"]:
                colour = step["color"]
        return str(colour)


def legend(pattern: str, labels: dict[str, str]) -> str:
    """Return the name of a series, Grafana's ``{{label}}`` filled in."""
    return re.sub(r"{{(\w+)}}", lambda word: labels.get(word[1], ""), pattern).strip()


def text(
    x: float, y: float, said: str, size: float, colour: str, *, anchor: str = "middle"
) -> str:
    """Return a line of text."""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size:g}" fill="{colour}"'
        f' text-anchor="{anchor}">{escape(said)}</text>'
    )


def rectangle(
    x: float,
    y: float,
    width: float,
    height: float,
    colour: str,
    *,
    opacity: float = 1.0,
) -> str:
    """Return a filled rectangle."""
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(0.0, width):.1f}"'
        f' height="{max(0.0, height):.1f}" fill="{colour}" opacity="{opacity:g}"/>'
    )


def extent(values: NDArray[np.float64], custom: dict[str, Any]) -> tuple[float, float]:
    """Return the lowest and the highest that an axis shows."""
    low, high = float(values.min()), float(values.max())
    low = min(low, custom.get("axisSoftMin", low))
    high = max(high, custom.get("axisSoftMax", high))
    pad = (high - low or abs(high) or 1.0) * 0.06
    # An axis that is near zero anyway begins there.
    return (low - pad if low < 0 or low > (high - low) / 2 else 0.0), high + pad


SCALES = {"s": (86_400.0, 3600.0, 60.0), "bytes": (2.0**30, 2.0**20, 2.0**10)}
"""What numbers of a unit are told in, and so must be round in, the largest first."""


def ticks(low: float, high: float, unit: str = "none", count: int = 6) -> list[float]:
    """Return about so many round numbers between two.

    >>> ticks(0.458, 0.935)
    [0.5, 0.6, 0.7, 0.8, 0.9]
    >>> ticks(0, 580, "s")
    [0.0, 120.0, 240.0, 360.0, 480.0]
    """
    for scale in SCALES.get(unit, ()):
        if high >= 2 * scale:
            return [scale * each for each in ticks(low / scale, high / scale)]
    rough = (high - low) / count
    size = 10.0 ** math.floor(math.log10(rough))
    step = next(size * each for each in (1, 2, 5, 10) if size * each >= rough)
    first, last = math.ceil(low / step), math.floor(high / step)
    return [round(number * step, 12) for number in range(first, last + 1)]


def grid(box: Box, field: Field, theme: Theme) -> list[str]:
    """Return the horizontal lines, and what they stand for."""
    parts = []
    for value in ticks(box.low, box.high, field.unit):
        y = box.y(value)
        parts += [
            f'<line x1="{box.left}" x2="{box.right}" y1="{y:.1f}" y2="{y:.1f}"'
            f' stroke="{theme.rule}"/>',
            text(
                box.left - 6,
                y + 4,
                written(value, field.unit, None),
                11,
                theme.quiet,
                anchor="end",
            ),
        ]
    return parts


def threshold(box: Box, field: Field, theme: Theme) -> list[str]:
    """Return the line that a rule may fire above, and the area over it."""
    style = field.defaults.get("custom", {}).get("thresholdsStyle", {})
    if style.get("mode") != "line+area":
        return []
    at = field.defaults["thresholds"]["steps"][-1]["value"]
    y = min(max(box.y(at), box.top), box.bottom)
    colour = theme.named["orange"]
    return [
        rectangle(
            box.left, box.top, box.right - box.left, y - box.top, colour, opacity=0.1
        ),
        f'<line x1="{box.left}" x2="{box.right}" y1="{y:.1f}" y2="{y:.1f}"'
        f' stroke="{colour}" stroke-dasharray="5 4"/>',
    ]


def named(
    names: Sequence[str], width: float, below: float, theme: Theme
) -> tuple[list[str], list[str]]:
    """Return the legend beneath a panel, and the colour of each line."""
    across = max(1, int(width // LEGEND_WIDTH))
    parts, colours = [], []
    for number, name in enumerate(names):
        colour = theme.lines[number % len(theme.lines)]
        x = 12 + number % across * LEGEND_WIDTH
        y = below + number // across * LEGEND_HEIGHT
        parts += [
            rectangle(x, y - 4, 14, 3, colour),
            text(x + 19, y, name, 12, theme.ink, anchor="start"),
        ]
        colours.append(colour)
    return parts, colours


def legend_height(count: int, width: float) -> float:
    """Return the room that so many names take."""
    return LEGEND_HEIGHT * -(-count // max(1, int(width // LEGEND_WIDTH)))


def path(
    points: Iterable[tuple[float, float]], colour: str, dots: float = 0.0
) -> list[str]:
    """Return a line through points, with a dot at each if wanted."""
    places = list(points)
    drawn = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    parts = [
        f'<polyline points="{drawn}" fill="none" stroke="{colour}" stroke-width="1.6"'
        ' stroke-linejoin="round"/>'
    ]
    if dots:
        parts += [
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{dots}" fill="{colour}"/>'
            for x, y in places
        ]
    return parts


def unbroken(line: Line, step: float) -> list[Line]:
    """Return the stretches of a line that no missing sample interrupts."""
    breaks = np.flatnonzero(np.diff(line.at) > 1.5 * step) + 1
    return [
        Line(line.labels, at, value)
        for at, value in zip(
            np.split(line.at, breaks), np.split(line.value, breaks), strict=True
        )
    ]


def bands(
    names: Sequence[str],
    lines: Sequence[Line],
    *,
    words: dict[str, dict[str, str]],
    box: Box,
    step: float,
    theme: Theme,
) -> list[str]:
    """Return a row of coloured stretches for each series, and what they mean."""
    parts = []
    row = (box.bottom - box.top) / len(lines)
    for number, (name, line) in enumerate(zip(names, lines, strict=True)):
        y = box.top + number * row
        parts.append(
            text(box.left - 8, y + row / 2 + 4, name, 12, theme.ink, anchor="end")
        )
        height = min(row * 0.7, 40.0)
        changes = np.flatnonzero(np.diff(line.value)) + 1
        for at, value in zip(
            np.split(line.at, changes), np.split(line.value, changes), strict=True
        ):
            word = words.get(f"{value[0]:g}")
            if word is None:
                continue
            x = box.x(float(at[0]))
            until = min(box.right, box.x(float(at[-1]) + step))
            colour = theme.named.get(word["color"], word["color"])
            parts.append(
                rectangle(x, y + (row - height) / 2, until - x, height, colour)
            )
    for number, word in enumerate(words.values()):
        x, y = box.left + number * 110, box.bottom + 34
        parts += [
            rectangle(x, y - 9, 12, 10, theme.named.get(word["color"], word["color"])),
            text(x + 17, y, word["text"], 12, theme.ink, anchor="start"),
        ]
    return parts
