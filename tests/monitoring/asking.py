"""Panels asked as Grafana asks them: variables filled in, nothing made up."""

import json
import math
import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from monitoring.dashboards.__main__ import rendered
from monitoring.dashboards.panels import EMPTY

Get = Callable[[str, dict[str, str]], Any]
"""Asks Prometheus: path below ``api/v1`` and parameters → the answer's data."""

_CHOICE = re.compile(r"label_values\((?P<metric>.+), (?P<label>\w+)\)")


class Panel(NamedTuple):
    """One panel of one dashboard.

    Attributes:
        page: the dashboard's title.
        title: the panel's.
        expressions: what it asks.
        empty: what it says while it shows nothing.
    """

    page: str
    title: str
    expressions: list[str]
    empty: str

    @property
    def may_be_empty(self) -> bool:
        """Whether it names a good reason to show nothing."""
        return self.empty != EMPTY


def panels(get: Get) -> Iterator[Panel]:
    """Yield every panel, for every choice that its dashboard offers first."""
    for page in map(json.loads, rendered().values()):
        chosen = {
            variable["name"]: _interpolated(variable, get)
            for variable in page["templating"].get("list", [])
        }
        for panel in page["panels"]:
            yield Panel(
                page["title"],
                panel["title"],
                [_filled(target["expr"], chosen) for target in panel["targets"]],
                panel["fieldConfig"]["defaults"].get("noValue", EMPTY),
            )


def _interpolated(variable: dict[str, Any], get: Get) -> str:
    """Return what Grafana puts for a variable: one value, or all as a pattern."""
    found = _CHOICE.fullmatch(variable["query"]["query"])
    assert found is not None, variable
    told = get(f"label/{found['label']}/values", {"match[]": found["metric"]})
    values = sorted(map(_escaped, told))
    assert values, f"${variable['name']} offers nothing"
    if not variable["multi"]:
        return values[0]
    return values[0] if len(values) == 1 else f"({'|'.join(values)})"


def _escaped(value: str) -> str:
    """Return a value as Grafana puts it into a PromQL pattern."""
    return re.sub(r"([\\^$*+?.()|{}\[\]])", r"\\\\\1", value)


def _filled(expression: str, chosen: dict[str, str]) -> str:
    expression = expression.replace("$__rate_interval", "20s")
    return re.sub(r"\$([a-z_]\w*)", lambda word: chosen[word[1]], expression)


def shows_something(get: Get, expression: str, begin: float, end: float) -> bool:
    """Return whether there is a number in the stretch: NaN is drawn by nobody."""
    asked = {"query": expression, "start": f"{begin}", "end": f"{end}", "step": "1"}
    return any(
        not math.isnan(float(value))
        for series in get("query_range", asked)["result"]
        for _, value in series["values"]
    )
