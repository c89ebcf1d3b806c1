"""*Volatility*: is the left one now more volatile than the right one?"""

from grafana_foundation_sdk.builders import dashboard

from monitoring.dashboards.panels import (
    BAD,
    CALM,
    CARE,
    GOOD,
    SOURCE,
    around_zero,
    bars,
    board,
    lines,
    number,
    query,
    states,
    variable,
)

IMPLIED = 'volcross_implied_volatility_ratio{symbol=~"$symbol"}'
LOWEST = f"min_over_time({IMPLIED}[30d])"
HIGHEST = f"max_over_time({IMPLIED}[30d])"
REALISED = 'volcross_realized_volatility_ratio{symbol=~"$symbol", window=~"$window"}'
SPREAD = 'volcross_spread_ratio{pair=~"$pair", comparison="implied"}'
OPEN = {"0": ("shut", "transparent"), "1": ("open", GOOD)}


def volatility() -> dashboard.Dashboard:
    """Return the dashboard that the question is answered on."""
    return (
        board(
            "volcross-volatility",
            "Volatility",
            "Both lines, their spread, and how old each of them is.",
        )
        .with_variable(
            variable("pair", "Pair", "volcross_spread_ratio", all_of_them=False)
        )
        .with_variable(
            variable("symbol", "Symbol", "volcross_last_reading_timestamp_seconds")
        )
        .with_variable(
            variable("window", "Window", "volcross_realized_volatility_ratio")
        )
        .annotation(
            dashboard.AnnotationQuery()
            .name("Firing")
            .datasource(SOURCE)
            .enable(True)
            .icon_color(BAD)
            .target(query("max by (rule) (volcross_alert_firing) == 1", "", "Firing"))
            .text_format("{{rule}} is firing")
        )
        .with_panel(
            number(
                "Spread",
                "Left minus right implied volatility, in points of a fraction:"
                " 0.01 is one vol point. Above zero the left one is more volatile.",
                {"{{pair}}": SPREAD},
                unit="percentunit",
                decimals=2,
                steps=[(None, CALM), (0.0, CARE)],
            )
        )
        .with_panel(
            number(
                "Implied now",
                "The implied volatility published last for each symbol, annualised.",
                {"{{symbol}} {{measure}} {{tenor}}": IMPLIED},
                unit="percentunit",
                decimals=1,
                steps=[(None, CALM)],
            )
        )
        .with_panel(
            number(
                "Alerts",
                "Whether any rule is firing at this moment.",
                {"firing": "max(volcross_alert_firing)"},
                unit="none",
                steps=[(None, GOOD), (1.0, BAD)],
                words={"0": ("quiet", GOOD), "1": ("FIRING", BAD)},
            )
        )
        .with_panel(
            number(
                "Oldest leg",
                "Age of the oldest implied reading. A market that is shut carries its"
                " last value, and its age grows all night: see the band below.",
                {
                    "oldest": "max(volcross:reading_age_seconds and on"
                    f" (symbol, measure) {IMPLIED})"
                },
                unit="s",
                decimals=0,
                steps=[(None, GOOD), (3600.0, CARE)],
            )
        )
        .with_panel(
            lines(
                "Implied volatility",
                "What the market expects, annualised: 71% means a fraction of 0.71."
                " A line that ends has no feed any more.",
                {"{{symbol}} {{measure}} {{tenor}}": IMPLIED},
                unit="percentunit",
                decimals=1,
                width=24,
                height=10,
            )
        )
        .with_panel(
            around_zero(
                lines(
                    "Spread: left minus right",
                    "Above the zero line, in the coloured area, the left symbol is"
                    " expected to be more volatile than the right one.",
                    {"{{pair}}": SPREAD},
                    unit="percentunit",
                    decimals=2,
                    width=24,
                    height=8,
                )
            )
        )
        .with_panel(
            lines(
                "Realised volatility",
                "What the prices did, annualised, by estimator and window. Shown once"
                " its window is full.",
                {"{{symbol}} {{estimator}} {{window}}": REALISED},
                unit="percentunit",
                decimals=1,
                height=9,
            )
        )
        .with_panel(
            around_zero(
                lines(
                    "Spread of realised volatility",
                    "Left minus right, both legs worked out in the same way.",
                    {
                        "{{comparison}}": "volcross_spread_ratio"
                        '{pair=~"$pair", comparison!="implied"}'
                    },
                    unit="percentunit",
                    decimals=2,
                    height=9,
                )
            )
        )
        .with_panel(
            bars(
                "Term structure",
                "Implied volatility by tenor. Rising with the tenor is calm; falling"
                " means that the market fears the near future most.",
                {"{{symbol}} {{tenor}}": f"sort({IMPLIED})"},
                unit="percentunit",
                steps=[(None, CALM)],
                width=8,
            )
        )
        .with_panel(
            bars(
                "Where in its own range",
                "Rank: 0% is the lowest implied volatility that Prometheus has seen in"
                " 30 days, 100% the highest. A young history makes it jumpy.",
                {
                    "{{symbol}} {{measure}}": f"({IMPLIED} - {LOWEST})"
                    f" / ({HIGHEST} - {LOWEST} > 0)"
                },
                unit="percentunit",
                steps=[(None, CALM), (0.8, CARE)],
                maximum=1,
                width=8,
            )
        )
        .with_panel(
            states(
                "Market open",
                "When each symbol's own market is open. Bitcoin's always is.",
                {
                    "{{symbol}}": "max by (symbol)"
                    ' (volcross_market_open{symbol=~"$symbol"})'
                },
                OPEN,
                width=8,
            )
        )
        .with_panel(
            lines(
                "Age of each reading",
                "Time since the newest reading of each series, in event time. It saws"
                " up and down with the feed's own rhythm.",
                {
                    "{{symbol}} {{measure}} {{window}}": "volcross:reading_age_seconds"
                    '{symbol=~"$symbol", window=~"$window"}'
                },
                unit="s",
                decimals=0,
                width=24,
                height=8,
            )
        )
    )
