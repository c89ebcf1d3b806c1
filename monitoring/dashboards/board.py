"""A dashboard without its panels: how it looks at first, its links, its choices."""

import warnings

from grafana_foundation_sdk.builders import dashboard
from grafana_foundation_sdk.models import dashboard as model

from monitoring.dashboards.panels import SOURCE


def board(uid: str, title: str, description: str) -> dashboard.Dashboard:
    """Return an empty dashboard, linked with the others."""
    with warnings.catch_warnings():
        # Grafana 10 to 13 all read this form; the newer one only the newest do.
        warnings.simplefilter("ignore", DeprecationWarning)
        return (
            dashboard.Dashboard(title)
            .uid(uid)
            .description(description)
            .tags(["volcross"])
            .timezone("browser")
            .time("now-6h", "now")
            .refresh("5s")
            .readonly()
            .tooltip(model.DashboardCursorSync.CROSSHAIR)
            .link(
                dashboard.DashboardLink("volcross")
                .type(model.DashboardLinkType.DASHBOARDS)
                .tags(["volcross"])
                .keep_time(True)
            )
        )


def variable(
    name: str,
    label: str,
    metric: str,
    *,
    all_of_them: bool = True,
    chosen: str | None = None,
) -> dashboard.QueryVariable:
    """Return a choice among the values that a label of a metric has.

    Args:
        name: of the label, and of the variable.
        label: what people read.
        metric: that has it.
        all_of_them: whether several can be chosen, and at first are.
        chosen: what is chosen at first instead, where there is such a value.
    """
    choice = (
        dashboard.QueryVariable(name)
        .label(label)
        .datasource(SOURCE)
        .query({"query": f"label_values({metric}, {name})", "refId": name})
        .refresh(model.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(model.VariableSort.ALPHABETICAL_ASC)
        .multi(all_of_them)
        .include_all(all_of_them)
    )
    if not all_of_them:
        return choice
    text, value = (chosen, chosen) if chosen else ("All", "$__all")
    return choice.current(
        model.VariableOption(selected=True, text=[text], value=[value])
    )
