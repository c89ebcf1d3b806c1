"""Panels asked as Grafana asks them: variables filled in, nothing made up."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from monitoring.dashboards.panels import EMPTY

Get = Callable[[str, dict[str, str]], Any]
"""Asks Prometheus: path below ``api/v1`` and parameters → the answer's data."""

_CHOICE = re.compile(r"label_values\((?P<metric>.+), (?P<label>\w+)\)")


class Asked(NamedTuple):
    """One panel with its queries as they are sent.

    Attributes:
        panel: as committed.
        expressions: what its targets ask.
        empty: what it says while it shows nothing.
    """

    panel: dict[str, Any]
    expressions: list[str]
    empty: str

    @property
    def title(self) -> str:
        """The panel's name."""
        title: str = self.panel["title"]
        return title

    @property
    def may_be_empty(self) -> bool:
        """Whether it names a good reason to show nothing."""
        return self.empty != EMPTY


def asked(
    page: dict[str, Any],
    get: Get,
    chosen: Mapping[str, str] | None = None,
    rate_interval: str = "20s",
) -> Iterator[Asked]:
    """Yield every panel of a dashboard with its variables filled in.

    Args:
        page: the dashboard.
        get: asks Prometheus which values there are to choose from.
        chosen: variables that are set by hand; the others are at their default,
            all values or the first.
        rate_interval: what ``$__rate_interval`` is.

    Raises:
        LookupError: a variable offers nothing to choose.
    """
    filled = {"__rate_interval": rate_interval} | choices(page, get, chosen)
    for panel in page["panels"]:
        yield Asked(
            panel,
            [fill(target["expr"], filled) for target in panel["targets"]],
            panel["fieldConfig"]["defaults"].get("noValue", EMPTY),
        )


def choices(
    page: dict[str, Any], get: Get, chosen: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Return what Grafana puts for each variable of a dashboard.

    Args:
        page: the dashboard.
        get: asks Prometheus which values there are to choose from.
        chosen: variables that are set by hand; the others are at their default.

    Raises:
        LookupError: a variable offers nothing to choose.
    """
    by_hand = chosen or {}
    return {
        variable["name"]: by_hand.get(variable["name"]) or _interpolated(variable, get)
        for variable in page["templating"].get("list", [])
    }


def fill(expression: str, filled: Mapping[str, str]) -> str:
    """Return the expression with its variables filled in; ``$1`` is none."""
    return re.sub(r"\$([a-z_]\w*)", lambda word: filled[word[1]], expression)


def _interpolated(variable: dict[str, Any], get: Get) -> str:
    """Return what Grafana puts for a variable: one value, or all as a pattern."""
    found = _CHOICE.fullmatch(variable["query"]["query"])
    if found is None:
        raise LookupError(f"${variable['name']}: {variable['query']}")
    told = get(f"label/{found['label']}/values", {"match[]": found["metric"]})
    values = sorted(map(_escaped, told))
    if not values:
        raise LookupError(f"${variable['name']} offers nothing")
    at_first = map(_escaped, variable.get("current", {}).get("value", []))
    values = [value for value in at_first if value in values] or values
    if not variable["multi"] or len(values) == 1:
        return values[0]
    return f"({'|'.join(values)})"


def _escaped(value: str) -> str:
    """Return a value as Grafana puts it into a PromQL pattern."""
    return re.sub(r"([\\^$*+?.()|{}\[\]])", r"\\\\\1", value)
