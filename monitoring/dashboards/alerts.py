"""*Alerts*: what fires, and did everybody hear of it?"""

from grafana_foundation_sdk.builders import dashboard

from monitoring.dashboards.board import board, variable
from monitoring.dashboards.panels import (
    BAD,
    CARE,
    GOOD,
    NOTHING,
    lines,
    number,
    states,
)

FIRING = {"0": ("quiet", NOTHING), "1": ("firing", BAD)}


def alerts() -> dashboard.Dashboard:
    """Return the dashboard of what was told, and to whom."""
    return (
        board("volcross-alerts", "Alerts", "What fires, and who was told.")
        .with_variable(variable("rule", "Rule", "volcross_alert_firing"))
        .with_variable(variable("channel", "Channel", "volcross_deliveries_total"))
        .with_panel(
            number(
                "Firing",
                "Rules that are firing at this moment.",
                {"rules": 'sum(volcross_alert_firing{rule=~"$rule"})'},
                unit="none",
                steps=[(None, GOOD), (1.0, BAD)],
            )
        )
        .with_panel(
            number(
                "Delivered today",
                "Transitions that channels took in the last 24 hours.",
                {
                    "delivered": "sum(increase(volcross_deliveries_total"
                    '{outcome="delivered", channel=~"$channel"}[24h])) or vector(0)'
                },
                unit="none",
                decimals=0,
                steps=[(None, GOOD)],
            )
        )
        .with_panel(
            number(
                "Given up today",
                "Transitions that a channel never took, in the last 24 hours.",
                {
                    "given up": "sum(increase(volcross_deliveries_total"
                    '{outcome="failed", channel=~"$channel"}[24h])) or vector(0)'
                },
                unit="none",
                decimals=0,
                steps=[(None, GOOD), (0.5, BAD)],
            )
        )
        .with_panel(
            number(
                "Health alerts",
                "Health rules of Prometheus that fire now, the watchdog aside.",
                {
                    "firing": 'count(ALERTS{alertstate="firing",'
                    ' alertname=~"Volcross.*", alertname!="VolcrossWatchdog"})'
                    " or vector(0)"
                },
                unit="none",
                steps=[(None, GOOD), (1.0, CARE)],
            )
        )
        .with_panel(
            states(
                "Rules",
                "When each rule was firing. Event time is in the message; here is"
                " when we knew.",
                {"{{rule}}": 'max by (rule) (volcross_alert_firing{rule=~"$rule"})'},
                FIRING,
                width=24,
            )
        )
        .with_panel(
            lines(
                "Transitions",
                "Transitions announced, by rule and state, since the process began.",
                {
                    "{{rule}} {{state}}": "sum by (rule, state)"
                    ' (volcross_alerts_total{rule=~"$rule"})'
                },
                unit="none",
                decimals=0,
            )
        )
        .with_panel(
            lines(
                "Deliveries",
                "Deliveries by channel and outcome, since the process began.",
                {
                    "{{channel}} {{outcome}}": "sum by (channel, outcome)"
                    ' (volcross_deliveries_total{channel=~"$channel"})'
                },
                unit="none",
                decimals=0,
            )
        )
        .with_panel(
            lines(
                "Time of an attempt, 95%",
                "How long a channel takes to answer, whatever it answers. No line"
                " means no attempt in five minutes.",
                {
                    "{{channel}}": "histogram_quantile(0.95, sum by (channel, le)"
                    " (rate(volcross_delivery_attempt_seconds_bucket"
                    '{channel=~"$channel"}[5m])))'
                },
                empty="no attempt in five minutes",
                unit="s",
            )
        )
        .with_panel(
            lines(
                "Failed attempts",
                "Attempts that a channel did not take, over five minutes. Each is"
                " tried again.",
                {
                    "{{channel}}": "sum by (channel)"
                    " (increase(volcross_delivery_attempts_failed_total"
                    '{channel=~"$channel"}[5m]))'
                },
                unit="short",
            )
        )
        .with_panel(
            lines(
                "From the market to people, 95%",
                "From the instant a rule's condition had held to the alert, and to the"
                " channel's word for it, over an hour. A feed's delay is part of it.",
                {
                    "alert": "histogram_quantile(0.95, sum by (le)"
                    " (increase(volcross_alert_latency_seconds_bucket[1h])))",
                    "{{channel}}": "histogram_quantile(0.95, sum by (channel, le)"
                    " (increase(volcross_delivered_latency_seconds_bucket"
                    '{channel=~"$channel"}[1h])))',
                },
                empty="no alert in the last hour",
                unit="s",
                width=24,
            )
        )
        .with_panel(
            states(
                "Channels",
                "While a channel does not take the alert that is next.",
                {
                    "{{channel}}": "max by (channel)"
                    ' (volcross_delivery_retrying{channel=~"$channel"})'
                },
                {"0": ("taking", GOOD), "1": ("refusing", BAD)},
            )
        )
        .with_panel(
            states(
                "Health rules",
                "Which health rule of Prometheus fired when. See docs/operations.md.",
                {
                    "{{alertname}}": "max by (alertname)"
                    ' (ALERTS{alertstate="firing", alertname=~"Volcross.*",'
                    ' alertname!="VolcrossWatchdog"})'
                },
                FIRING,
                empty="no health rule fired",
            )
        )
    )
