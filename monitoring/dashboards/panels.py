"""The kinds of panel that the dashboards are made of, each with its habits."""

from collections.abc import Mapping

from grafana_foundation_sdk.builders import (
    common,
    dashboard,
    heatmap,
    prometheus,
    stat,
    statetimeline,
    timeseries,
)
from grafana_foundation_sdk.models import common as common_model
from grafana_foundation_sdk.models import dashboard as model
from grafana_foundation_sdk.models.dashboard import DataTransformerConfig
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

SOURCE = common_model.DataSourceRef(type_val="prometheus", uid="prometheus")

GOOD, CARE, BAD, CALM = "green", "orange", "red", "blue"
NOTHING = "#80808030"
"""Of a state that is no news: known, which a gap is not. Grafana paints a band of a
named colour at its own opacity, be it called transparent."""

Queries = Mapping[str, str]
"""What each line is called (Grafana's ``{{label}}`` is filled in) → PromQL."""

Steps = list[tuple[float | None, str]]
"""Thresholds: from this value on, this colour."""

WHOLE = 24
"""Columns of a dashboard."""

EMPTY = "no data"
"""What an empty panel says when something is wrong; any other word means that it is
empty for a good reason, and tells which."""


def query(expression: str, legend: str, ref_id: str) -> prometheus.Dataquery:
    """Return one PromQL query."""
    return (
        prometheus.Dataquery()
        .expr(expression)
        .legend_format(legend)
        .ref_id(ref_id)
        .datasource(SOURCE)
    )


def _queries(queries: Queries) -> list[prometheus.Dataquery]:
    return [
        query(expression, legend, chr(ord("A") + number)).range()
        for number, (legend, expression) in enumerate(queries.items())
    ]


def _steps(steps: Steps) -> dashboard.ThresholdsConfig:
    return (
        dashboard.ThresholdsConfig()
        .mode(model.ThresholdsMode.ABSOLUTE)
        .steps([model.Threshold(value=value, color=color) for value, color in steps])
    )


def _states(words: Mapping[str, tuple[str, str]]) -> list[model.ValueMapping]:
    return [
        model.ValueMap(
            options={
                value: model.ValueMappingResult(text=text, color=color, index=index)
                for index, (value, (text, color)) in enumerate(words.items())
            }
        )
    ]


def lines(
    title: str,
    description: str,
    queries: Queries,
    *,
    unit: str,
    decimals: int | None = None,
    width: int = 12,
    height: int = 9,
    empty: str = EMPTY,
) -> timeseries.Panel:
    """Return lines over time, each with its name and its last value."""
    panel = (
        timeseries.Panel()
        .title(title)
        .description(description)
        .datasource(SOURCE)
        .targets(list(_queries(queries)))
        .unit(unit)
        .span(width)
        .height(height)
        .no_value(empty)
        .line_width(2)
        .fill_opacity(0)
        # A series that ended has ended: no line is drawn across its absence.
        .span_nulls(False)
        .show_points(common_model.VisibilityMode.AUTO)
        .legend(_legend(wide=width == WHOLE))
        .tooltip(
            common.VizTooltipOptions()
            .mode(common_model.TooltipDisplayMode.MULTI)
            .sort(common_model.SortOrder.DESCENDING)
        )
    )
    return panel if decimals is None else panel.decimals(decimals)


def _legend(*, wide: bool) -> common.VizLegendOptions:
    """Return a legend that has room for ten names: below a panel a table has three."""
    options = common.VizLegendOptions().show_legend(True)
    if wide:
        return (
            options.display_mode(common_model.LegendDisplayMode.TABLE)
            .placement(common_model.LegendPlacement.RIGHT)
            .calcs(["lastNotNull", "min", "max"])
        )
    return (
        options.display_mode(common_model.LegendDisplayMode.LIST)
        .placement(common_model.LegendPlacement.BOTTOM)
        .calcs(["lastNotNull"])
    )


def around(panel: timeseries.Panel, *, at: float = 0.0) -> timeseries.Panel:
    """Keep zero in sight, and mark what lies above a threshold."""
    room = max(0.05, at)
    return (
        panel.thresholds(_steps([(None, "transparent"), (at, CARE)]))
        .thresholds_style(
            common.GraphThresholdsStyleConfig().mode(
                common_model.GraphThresholdsStyleMode.LINE_AND_AREA
            )
        )
        .axis_soft_min(-room)
        .axis_soft_max(room)
    )


def number(
    title: str,
    description: str,
    queries: Queries,
    *,
    unit: str,
    steps: Steps,
    decimals: int | None = None,
    words: Mapping[str, tuple[str, str]] | None = None,
    apart: Mapping[str, Steps] | None = None,
    width: int = 6,
) -> stat.Panel:
    """Return the present value, large, in the colour that judges it.

    Args:
        title: of the panel.
        description: of the panel.
        queries: a value each.
        unit: of all values.
        steps: what judges them.
        decimals: how many, or as many as Grafana likes.
        words: said instead of a value.
        apart: names of values that other steps judge.
        width: in columns.
    """
    panel = (
        stat.Panel()
        .title(title)
        .description(description)
        .datasource(SOURCE)
        .targets(list(_queries(queries)))
        .unit(unit)
        .span(width)
        .height(5)
        .thresholds(_steps(steps))
        .color_mode(common_model.BigValueColorMode.VALUE)
        .graph_mode(common_model.BigValueGraphMode.NONE)
        .no_value(EMPTY)
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
    )
    # Of no value Grafana says `no_value` in the colour of the lowest: mostly green.
    missing = model.SpecialValueMap(
        options=model.DashboardSpecialValueMapOptions(
            match=model.SpecialValueMatch.NULL,
            result=model.ValueMappingResult(text=EMPTY, color=CARE),
        )
    )
    panel = panel.mappings([*(_states(words) if words else []), missing])
    for name, own in (apart or {}).items():
        judged = model.DynamicConfigValue("thresholds", _steps(own).build())
        panel = panel.override_by_name(name, [judged])
    return panel if decimals is None else panel.decimals(decimals)


def states(
    title: str,
    description: str,
    queries: Queries,
    words: Mapping[str, tuple[str, str]],
    *,
    width: int = 12,
    height: int = 8,
    empty: str = EMPTY,
) -> statetimeline.Panel:
    """Return bands over time: in which state, from when to when."""
    panel = (
        statetimeline.Panel()
        .title(title)
        .description(description)
        .datasource(SOURCE)
        .targets(list(_queries(queries)))
        .span(width)
        .height(height)
        .mappings(_states(words))
        .no_value(empty)
        .show_value(common_model.VisibilityMode.NEVER)
        .row_height(0.7)
        # Grafana names every series with every state it has been in.
        .legend(common.VizLegendOptions().show_legend(False))
    )
    # Without a series Prometheus' answer is one frame of no fields, of which this panel
    # says that it "does not have a time field". Without any frame it says `empty`.
    fields_of_any_name = DataTransformerConfig(
        id_val="filterFieldsByName", options={"include": {"pattern": ".*"}}
    )
    return panel.with_transformation(fields_of_any_name)


def heat(title: str, description: str, expression: str) -> heatmap.Panel:
    """Return a histogram over time."""
    buckets = query(expression, "{{le}}", "A").range()
    return (
        heatmap.Panel()
        .title(title)
        .description(description)
        .datasource(SOURCE)
        .targets([buckets.format(PromQueryFormat.HEATMAP)])
        .span(WHOLE)
        .height(9)
        .calculate(False)
        .y_axis(heatmap.YAxisConfig().unit("s"))
        .color(heatmap.HeatmapColorOptions().scheme("Oranges").steps(32))
    )
