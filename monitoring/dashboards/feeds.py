"""*Feeds*: does every source speak, and is what it says usable?"""

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

HERE = 'source=~"$source", symbol=~"$symbol"'


def feeds() -> dashboard.Dashboard:
    """Return the dashboard of what comes in."""
    metric = "volcross_published_ticks_total"
    return (
        board("volcross-feeds", "Feeds", "What comes in, how fresh, and how clean.")
        .with_variable(variable("source", "Source", metric))
        .with_variable(variable("symbol", "Symbol", metric))
        .with_panel(
            number(
                "Silent feeds",
                "Feeds that said nothing for ten minutes while their market was open.",
                {
                    "silent": 'count(ALERTS{alertname="VolcrossFeedSilent",'
                    ' alertstate="firing"}) or vector(0)'
                },
                unit="none",
                steps=[(None, GOOD), (1.0, BAD)],
            )
        )
        .with_panel(
            number(
                "Ticks a second",
                "All that the broker acknowledged in the last minute.",
                {"all": f"sum(volcross:ticks:rate1m{{{HERE}}})"},
                unit="cps",
                decimals=1,
                steps=[(None, GOOD)],
            )
        )
        .with_panel(
            number(
                "Refused",
                "Share of the ticks that could not be used, over ten minutes.",
                {"refused": "max(volcross:rejected_share:ratio10m) or vector(0)"},
                unit="percentunit",
                decimals=2,
                steps=[(None, GOOD), (0.001, CARE), (0.01, BAD)],
            )
        )
        .with_panel(
            number(
                "Waiting to be sent",
                "Ticks heard and not yet acknowledged, and records of an earlier run.",
                {
                    "ticks": "sum(volcross_publish_buffered_ticks)",
                    "spooled records": "sum(volcross_publish_spooled_records)",
                },
                unit="short",
                steps=[(None, GOOD), (10_000.0, CARE), (500_000.0, BAD)],
            )
        )
        .with_panel(
            lines(
                "Ticks",
                "Ticks a second by source, symbol and topic.",
                {"{{source}} {{symbol}} {{topic}}": f"volcross:ticks:rate1m{{{HERE}}}"},
                unit="cps",
                decimals=2,
            )
        )
        .with_panel(
            lines(
                "Age of the newest tick",
                "Time since the venue made the newest tick public. A delayed feed"
                " stands on its delay.",
                {"{{source}} {{symbol}}": f"volcross:feed_age_seconds{{{HERE}}}"},
                unit="s",
            )
        )
        .with_panel(
            states(
                "Connections",
                "Whether each feed's connection, or the address that is asked, gives"
                " data. Why not, and when it is tried again, is on the live page.",
                {"{{feed}}": "max by (feed) (volcross_feed_connected)"},
                {"0": ("down", BAD), "1": ("up", GOOD)},
                empty="no live feed: the market is a replay",
            )
        )
        .with_panel(
            states(
                "Market open",
                "Silence counts only while the symbol's own market is open.",
                {
                    "{{symbol}}": "max by (symbol)"
                    ' (volcross_market_open{symbol=~"$symbol"})'
                },
                {"0": ("shut", NOTHING), "1": ("open", GOOD)},
            )
        )
        .with_panel(
            lines(
                "Refused by reason",
                "Ticks and records that were not used, over five minutes. None is the"
                " normal state; the originals are in the topic `rejected`.",
                {
                    "{{reason}} ({{topic}})": "sum by (topic, reason)"
                    " (increase(volcross_rejected_total[5m])) > 0"
                },
                empty="nothing was refused",
                unit="short",
            )
        )
        .with_panel(
            lines(
                "Hung up by reason",
                "Connections that ended, over ten minutes. Every venue hangs up now and"
                " then; often is a fault.",
                {
                    "{{feed}} {{reason}}": "sum by (feed, reason)"
                    " (increase(volcross_feed_reconnects_total[10m])) > 0"
                },
                empty="nobody hung up",
                unit="short",
            )
        )
        .with_panel(
            lines(
                "Time to acknowledgement",
                "From sending a record to the broker's word for it.",
                {
                    "median": "histogram_quantile(0.5, sum by (le)"
                    " (rate(volcross_publish_seconds_bucket[5m])))",
                    "99%": "volcross:publish_seconds:p99_5m",
                },
                unit="s",
            )
        )
        .with_panel(
            lines(
                "Failed attempts to publish",
                "Each is tried again with the same record. None is the normal state.",
                {
                    "{{reason}}": "sum by (reason)"
                    " (increase(volcross_publish_failures_total[5m])) > 0"
                },
                empty="no attempt failed",
                unit="short",
            )
        )
        .with_panel(
            lines(
                "Event time that nobody covered",
                "Seconds of market that are missing, over ten minutes, by the agent"
                " that missed them. None is the normal state.",
                {
                    "{{agent}}": "sum by (agent)"
                    " (increase(volcross_gap_seconds_total[10m])) > 0"
                },
                empty="nothing is missing",
                unit="s",
                width=24,
            )
        )
    )
