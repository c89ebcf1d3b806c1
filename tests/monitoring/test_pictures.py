"""The dashboards can be drawn: every panel, in both themes, full or empty."""

import json
import re
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from docs.pictures.page import Page
from docs.pictures.prometheus import Line, Prometheus
from docs.pictures.theme import THEMES, written
from monitoring.dashboards.__main__ import rendered

PAGES = {name: json.loads(text) for name, text in rendered().items()}
SVG = "{http://www.w3.org/2000/svg}"


class Answering(Prometheus):
    """Answers every query with two series, or with none."""

    def __init__(self, *, full: bool) -> None:
        super().__init__("", 0.0, 600.0, 5.0)
        self._full = full

    def get(self, path: str, parameters: dict[str, str]) -> Any:  # noqa: ANN401 - JSON
        del path, parameters
        return ["NVDA", "BTC"]

    def over_time(self, expression: str) -> list[Line]:
        del expression
        at = np.delete(np.arange(0.0, 605.0, 5.0), slice(40, 60))
        return [
            Line({"curve": f"{le} atm", "days": days, "le": le}, at, at % 2 * scale)
            for le, days, scale in (("0.1", "7", 1.0), ("+Inf", "30", 0.5))
            if self._full
        ]

    def at_the_end(self, expression: str) -> list[Line]:
        lines = self.over_time(expression)
        return [Line(line.labels, line.at[-1:], line.value[-1:]) for line in lines]


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("full", [True, False])
def test_every_panel_is_drawn_within_its_dashboard(
    name: str, theme: str, *, full: bool
) -> None:
    page = PAGES[name]
    drawn = Page(page, Answering(full=full), THEMES[theme], "of nothing").drawn()
    svg = ET.fromstring(drawn)  # noqa: S314 - of our own making
    width, height = float(svg.attrib["width"]), float(svg.attrib["height"])
    texts = [text.text for text in svg.iter(f"{SVG}text")]
    for panel in page["panels"]:
        assert panel["title"] in texts
        if not full:
            assert panel["fieldConfig"]["defaults"].get("noValue", "no data") in texts
    assert ("no data" in texts) is not full
    for group in svg.iter(f"{SVG}g"):
        x, y = map(float, re.findall(r"[\d.]+", group.attrib["transform"]))
        for shape in group.iter(f"{SVG}rect"):
            right = x + float(shape.get("x", 0)) + float(shape.attrib["width"])
            bottom = y + float(shape.get("y", 0)) + float(shape.attrib["height"])
            assert right <= width
            assert bottom <= height


@pytest.mark.parametrize(
    ("value", "unit", "decimals", "said"),
    [
        (0.7123, "percentunit", None, "71.2%"),
        (0.7123, "percentunit", 0, "71%"),
        (0.0042, "s", None, "4.2 ms"),
        (90.0, "s", None, "1.5 min"),
        (5 * 2.0**20, "bytes", None, "5 MiB"),
        (12_300.0, "cps", 1, "12.3 K/s"),
        (0.0, "none", None, "0"),
    ],
)
def test_a_value_is_written_as_its_unit_wants(
    value: float, unit: str, decimals: int | None, said: str
) -> None:
    assert written(value, unit, decimals) == said
