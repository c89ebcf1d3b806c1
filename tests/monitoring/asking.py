"""Whether a panel shows anything, by its own queries."""

import json
import math
from collections.abc import Iterator
from typing import NamedTuple

from monitoring.asking import Asked, Get, asked
from monitoring.dashboards.__main__ import rendered


class Panel(NamedTuple):
    """A panel and the title of its dashboard."""

    page: str
    asked: Asked


def panels(get: Get) -> Iterator[Panel]:
    """Yield every panel of every dashboard."""
    for page in map(json.loads, rendered().values()):
        for each in asked(page, get):
            yield Panel(page["title"], each)


def shows_something(get: Get, expression: str, begin: float, end: float) -> bool:
    """Return whether there is a number in the stretch: NaN is drawn by nobody."""
    query = {"query": expression, "start": f"{begin}", "end": f"{end}", "step": "1"}
    return any(
        not math.isnan(float(value))
        for series in get("query_range", query)["result"]
        for _, value in series["values"]
    )
