"""Vols by maturity: Grafana's trend panel, and the reshaping that it needs."""

from grafana_foundation_sdk.builders import common, trend
from grafana_foundation_sdk.models import common as common_model
from grafana_foundation_sdk.models.dashboard import (
    DataTransformerConfig,
    DynamicConfigValue,
)
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

from monitoring.dashboards.panels import SOURCE, query

KEPT = "3d"
"""A curve stands until the next chain: over a weekend it is Friday's."""

BY_DAYS = "days\\curve"
"""What Grafana calls the first column of a matrix of curves by days."""


def by_maturity(metric: str, empty: str) -> str:
    """Return the query of a metric's latest values: labels ``curve`` and ``days``.

    Without any the panel would say that it is "unable to find field". It is given a
    curve of nothing instead, whose name says why it is empty.
    """
    named = (
        f'label_join(last_over_time({metric}[{KEPT}]), "curve", " ",'
        ' "symbol", "measure")'
    )
    numbered = f'label_replace({named}, "days", "$1", "tenor", "(.*)d")'
    nothing = f'label_replace(vector(NaN), "curve", "{empty}", "", "")'
    placed = f'label_replace({nothing}, "days", "30", "", "")'
    return f"max by (curve, days) ({numbered}) or on () {placed}"


def curve(
    title: str,
    description: str,
    metric: str,
    *,
    unit: str,
    empty: str,
    decimals: int = 1,
    width: int = 12,
) -> trend.Panel:
    """Return a line a curve, over days to maturity."""
    asked = query(by_maturity(metric, empty), "{{curve}}", "A").instant()
    return (
        trend.Panel()
        .title(title)
        .description(description)
        .datasource(SOURCE)
        .targets([asked.format(PromQueryFormat.TABLE)])
        .unit(unit)
        .decimals(decimals)
        .no_value(empty)
        .span(width)
        .height(9)
        .line_width(2)
        .fill_opacity(0)
        # A maturity that no chain reaches is passed over; a published vol has but one.
        .span_nulls(True)
        .show_points(common_model.VisibilityMode.ALWAYS)
        .point_size(7)
        .x_field(BY_DAYS)
        # The axis beneath would else have the unit of the vols.
        .override_by_name(
            BY_DAYS,
            [
                DynamicConfigValue("unit", "none"),
                DynamicConfigValue("decimals", 0),
                DynamicConfigValue("custom.axisLabel", "days to maturity"),
            ],
        )
        .legend(
            common.VizLegendOptions()
            .display_mode(common_model.LegendDisplayMode.LIST)
            .placement(common_model.LegendPlacement.BOTTOM)
            .show_legend(True)
        )
        .tooltip(common.VizTooltipOptions().mode(common_model.TooltipDisplayMode.MULTI))
        .with_transformation(
            DataTransformerConfig(
                id_val="groupingToMatrix",
                options={
                    "rowField": "days",
                    "columnField": "curve",
                    "valueField": "Value",
                    "emptyValue": "null",
                },
            )
        )
        .with_transformation(
            DataTransformerConfig(
                id_val="convertFieldType",
                options={
                    "conversions": [
                        {"targetField": BY_DAYS, "destinationType": "number"}
                    ],
                    "fields": {},
                },
            )
        )
        .with_transformation(
            DataTransformerConfig(
                id_val="sortBy",
                options={"fields": {}, "sort": [{"field": BY_DAYS, "desc": False}]},
            )
        )
    )
