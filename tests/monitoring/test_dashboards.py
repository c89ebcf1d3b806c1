"""The dashboards are what the code says, and can be read."""

import json
import re
from typing import Any

import pytest

from monitoring.dashboards.__main__ import FOLDER, rendered

PAGES = rendered()


def panels(name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(PAGES[name])["panels"]
    return found


def test_what_is_committed_is_what_the_code_makes() -> None:
    committed = {path.name: path.read_text("utf-8") for path in FOLDER.glob("*.json")}
    assert committed.keys() == PAGES.keys()
    for name, text in PAGES.items():
        assert committed[name] == text, f"{name} has drifted: make dashboards"


@pytest.mark.parametrize("name", PAGES)
def test_every_panel_says_what_it_shows_and_in_which_unit(name: str) -> None:
    for panel in panels(name):
        assert len(panel["description"]) > 30, panel["title"]
        defaults = panel["fieldConfig"]["defaults"]
        in_words = defaults.get("mappings")
        if panel["type"] not in ("heatmap", "state-timeline"):
            assert defaults["unit"], panel["title"]
        else:
            axis = panel["options"].get("yAxis", {})
            assert in_words or axis["unit"], panel["title"]


@pytest.mark.parametrize("name", PAGES)
def test_every_panel_has_a_place_of_its_own(name: str) -> None:
    taken: set[tuple[int, int]] = set()
    for panel in panels(name):
        at = panel["gridPos"]
        assert at["x"] + at["w"] <= 24, panel["title"]
        cells = {
            (x, y)
            for x in range(at["x"], at["x"] + at["w"])
            for y in range(at["y"], at["y"] + at["h"])
        }
        assert not cells & taken, panel["title"]
        taken |= cells


def test_no_id_is_used_twice() -> None:
    assert len({json.loads(text)["uid"] for text in PAGES.values()}) == len(PAGES)
    for name in PAGES:
        ids = [panel["id"] for panel in panels(name)]
        assert len(set(ids)) == len(ids)
        for panel in panels(name):
            refs = [target["refId"] for target in panel["targets"]]
            assert len(set(refs)) == len(refs), panel["title"]


@pytest.mark.parametrize("name", PAGES)
def test_every_variable_that_is_used_is_offered(name: str) -> None:
    page = json.loads(PAGES[name])
    offered = {variable["name"] for variable in page["templating"].get("list", [])}
    asked = [target for panel in page["panels"] for target in panel["targets"]]
    asked += [each["target"] for each in page.get("annotations", {}).get("list", [])]
    used = {
        word
        for target in asked
        for word in re.findall(r"\$([a-z_]\w*)", target["expr"])
        if not word.startswith("__")
    }
    assert used == offered


def test_what_fires_is_shown_on_the_lines_and_on_their_spread_only() -> None:
    page = json.loads(PAGES["volatility.json"])
    (firing,) = page["annotations"]["list"]
    titles = {panel["id"]: panel["title"] for panel in page["panels"]}
    shown = [titles[number] for number in firing["filter"]["ids"]]
    assert not firing["filter"]["exclude"]
    assert shown == ["Implied volatility, 30 days", "Spread: left minus right"]


@pytest.mark.parametrize("name", PAGES)
def test_links_and_annotations_are_not_hidden_in_a_menu(name: str) -> None:
    page = json.loads(PAGES[name])
    shown = [*page["links"], *page.get("annotations", {}).get("list", [])]
    assert shown
    assert not any("placement" in each for each in shown)


def test_days_are_no_percentage() -> None:
    curves = [panel for panel in panels("volatility.json") if panel["type"] == "trend"]
    assert len(curves) == 2
    for curve in curves:
        (days,) = curve["fieldConfig"]["overrides"]
        assert days["matcher"]["options"] == curve["options"]["xField"]
        assert {"id": "unit", "value": "none"} in days["properties"]


@pytest.mark.parametrize("name", PAGES)
def test_bands_without_a_series_are_said_to_be_empty(name: str) -> None:
    # One frame of no fields is what Prometheus' answer becomes: it must be dropped.
    for panel in panels(name):
        if panel["type"] == "state-timeline":
            (first,) = panel["transformations"]
            assert first["id"] == "filterFieldsByName", panel["title"]


@pytest.mark.parametrize("name", PAGES)
def test_no_data_is_not_green(name: str) -> None:
    for panel in panels(name):
        if panel["type"] == "stat":
            missing = panel["fieldConfig"]["defaults"]["mappings"][-1]["options"]
            assert missing["match"] == "null"
            assert missing["result"] == {"text": "no data", "color": "orange"}


def test_a_process_that_is_down_is_not_green() -> None:
    (up,) = (
        each for each in panels("pipeline.json") if each["title"] == "Processes up"
    )
    (down,) = up["fieldConfig"]["overrides"]
    assert down["matcher"]["options"] == "down"
    assert down["properties"][0]["value"]["steps"][-1] == {"color": "red", "value": 1.0}
