"""*Pipeline*: does it keep up, and what does it cost?"""

from grafana_foundation_sdk.builders import dashboard

from monitoring.dashboards.board import board
from monitoring.dashboards.panels import BAD, CARE, GOOD, heat, lines, number

OURS = 'job="volcross"'


def pipeline() -> dashboard.Dashboard:
    """Return the dashboard of the machinery."""
    return (
        board("volcross-pipeline", "Pipeline", "Throughput, lag, latency and cost.")
        .with_panel(
            number(
                "Processes up",
                "Targets that answer a scrape, and those that do not.",
                {
                    "up": f"sum(up{{{OURS}}})",
                    "down": f"count(up{{{OURS}}} == 0) or vector(0)",
                },
                unit="none",
                steps=[(None, GOOD)],
                apart={"down": [(None, GOOD), (1.0, BAD)]},
            )
        )
        .with_panel(
            number(
                "Waiting records",
                "Records that wait for an agent, all agents together.",
                {"waiting": "sum(volcross_lag_records)"},
                unit="short",
                steps=[(None, GOOD), (100.0, CARE), (500.0, BAD)],
            )
        )
        .with_panel(
            number(
                "Reading latency, 99%",
                "From the instant a number was public to the reading made of it. A"
                " feed's own delay and a replay's distance are part of it.",
                {"99%": "volcross:reading_latency_seconds:p99_5m"},
                unit="s",
                steps=[(None, GOOD), (5.0, CARE)],
            )
        )
        .with_panel(
            number(
                "Clock skew",
                "The largest difference between a process' clock and Prometheus'.",
                {"skew": "max(abs(volcross:clock_skew_seconds))"},
                unit="s",
                steps=[(None, GOOD), (1.0, CARE), (5.0, BAD)],
            )
        )
        .with_panel(
            lines(
                "Records",
                "Records a second that each agent takes in.",
                {"{{agent}}": "sum by (agent) (rate(volcross_records_total[1m]))"},
                unit="cps",
            )
        )
        .with_panel(
            lines(
                "Lag",
                "Records that wait for each agent. It should touch zero all the time.",
                {"{{agent}}": "sum by (agent) (volcross_lag_records)"},
                unit="short",
            )
        )
        .with_panel(
            heat(
                "Reading latency",
                "From the instant a number was public to the reading made of it, all"
                " readings.",
                "sum by (le) (increase("
                "volcross_reading_latency_seconds_bucket[$__rate_interval]))",
            )
        )
        .with_panel(
            lines(
                "Time for one record, 99%",
                "How long an agent works on a record before it takes the next.",
                {"{{agent}}": "volcross:apply_seconds:p99_5m"},
                unit="s",
            )
        )
        .with_panel(
            lines(
                "Checkpoints",
                "Checkpoints a second. An agent with records and none of these would"
                " repeat much after a crash.",
                {"{{agent}}": "sum by (agent) (rate(volcross_checkpoints_total[1m]))"},
                unit="cps",
            )
        )
        .with_panel(
            lines(
                "CPU",
                "Cores that each process uses, over the last minute.",
                {
                    "{{role}} {{instance}}": "rate("
                    f"process_cpu_seconds_total{{{OURS}}}[1m])"
                },
                unit="none",
                decimals=2,
            )
        )
        .with_panel(
            lines(
                "Memory",
                "Resident memory of each process. It should be flat over days.",
                {"{{role}} {{instance}}": f"process_resident_memory_bytes{{{OURS}}}"},
                unit="bytes",
            )
        )
        .with_panel(
            lines(
                "Age of each process",
                "Time since it started; every drop is a restart.",
                {
                    "{{role}} {{instance}}": "time() -"
                    f" process_start_time_seconds{{{OURS}}}"
                },
                unit="s",
            )
        )
        .with_panel(
            lines(
                "Version",
                "What runs; two lines during an upgrade, one before and after.",
                {
                    "{{version}} on Python {{python}}": "count by (version, python)"
                    " (volcross_build_info)"
                },
                unit="none",
                decimals=0,
            )
        )
    )
