"""*Volatility*: is the left one now more volatile than the right one?"""

from grafana_foundation_sdk.builders import dashboard

from monitoring.dashboards.board import board, variable
from monitoring.dashboards.curve import curve
from monitoring.dashboards.panels import (
    BAD,
    CALM,
    CARE,
    GOOD,
    NOTHING,
    SOURCE,
    around,
    lines,
    number,
    query,
    states,
)

IMPLIED = 'volcross_implied_volatility_ratio{symbol=~"$symbol"}'
MONTH = 'volcross_implied_volatility_ratio{symbol=~"$symbol", tenor="30d"}'
PUBLISHED = 'volcross_implied_volatility_ratio{symbol=~"$symbol", measure!~"atm|vix"}'
SKEW = 'volcross_implied_skew_ratio{symbol=~"$symbol"}'
MONTH_SKEW = 'volcross_implied_skew_ratio{symbol=~"$symbol", tenor="30d"}'
REALISED = (
    'volcross_realized_volatility_ratio{symbol=~"$symbol", window=~"$window",'
    ' estimator=~"$estimator"}'
)
FIRING = 'volcross_alert_firing{rule=~"$rule", pair=~"$pair"}'
SPREAD = 'volcross_spread_ratio{pair=~"$pair", comparison="implied"}'
NO_CHAIN = (
    "no option chain yet: the sources deribit, cboe, alpaca and massive bring them"
)
TOO_YOUNG = "not enough history yet"
THE_QUESTION = [5, 7]
"""Which panels show what fires: the lines, and their spread."""
OPEN = {"0": ("shut", NOTHING), "1": ("open", GOOD)}


def volatility() -> dashboard.Dashboard:
    """Return the dashboard that the question is answered on."""
    return (
        board(
            "volcross-volatility",
            "Volatility",
            "Both lines, their spread, and how old each of them is.",
        )
        .with_variable(
            variable(
                "pair",
                "Pair",
                # A risk premium is of a symbol alone.
                'volcross_spread_ratio{comparison!="risk_premium"}',
                all_of_them=False,
            )
        )
        .with_variable(
            variable("symbol", "Symbol", "volcross_last_reading_timestamp_seconds")
        )
        .with_variable(
            variable("window", "Window", "volcross_realized_volatility_ratio")
        )
        .with_variable(
            variable(
                "estimator",
                "Estimator",
                "volcross_realized_volatility_ratio",
                # All of them over all windows are more lines than anyone can tell.
                chosen="close-to-close",
            )
        )
        .with_variable(variable("rule", "Rule", "volcross_alert_firing"))
        .annotation(
            dashboard.AnnotationQuery()
            .name("Firing")
            .datasource(SOURCE)
            .enable(True)
            .icon_color(BAD)
            .target(query(f"max by (rule) ({FIRING}) == 1", "", "Firing"))
            .filter(dashboard.AnnotationPanelFilter().exclude(False).ids(THE_QUESTION))
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
                {"{{symbol}} {{measure}}": PUBLISHED},
                unit="percentunit",
                decimals=1,
                steps=[(None, CALM)],
            )
        )
        .with_panel(
            number(
                "Alerts",
                "Whether any of the rules chosen above is firing at this moment.",
                {"firing": f"max({FIRING})"},
                unit="none",
                steps=[(None, GOOD), (1.0, BAD)],
                words={"0": ("quiet", GOOD), "1": ("FIRING", BAD)},
            )
        )
        .with_panel(
            number(
                "Oldest leg",
                "Age of the oldest published reading. A market that is shut carries its"
                " last value, and its age grows all night: see the band below.",
                {
                    "oldest": "max(volcross:reading_age_seconds and on"
                    f" (symbol, measure) {PUBLISHED})"
                },
                unit="s",
                decimals=1,
                steps=[(None, GOOD), (3600.0, CARE)],
            )
        )
        .with_panel(
            lines(
                "Implied volatility, 30 days",
                "What the market expects, annualised: 71% means a fraction of 0.71. As"
                " published (iv30, dvol) and by one method from both option chains:"
                " atm at the money, vix model-free. A line that ends has no feed.",
                {"{{symbol}} {{measure}}": MONTH},
                unit="percentunit",
                decimals=1,
                width=24,
                height=10,
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
                width=24,
                height=4,
            )
        )
        .with_panel(
            around(
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
            around(
                lines(
                    "How unusual: z-score",
                    "Standard deviations of the spread from the mean of its own last 30"
                    " days, by the hour. Beyond two it is rare.",
                    {
                        "{{pair}} {{comparison}}": "volcross_spread_z_score"
                        '{pair=~"$pair"}'
                    },
                    unit="none",
                    decimals=1,
                    empty=TOO_YOUNG,
                ),
                at=2.0,
            )
        )
        .with_panel(
            lines(
                "Rank in its own year",
                "Where each implied volatility lies between the lowest (0%) and the"
                " highest (100%) of its own year. The live page says how many days the"
                " rank stands on.",
                {
                    "{{symbol}} {{measure}}": "volcross_implied_volatility_rank_ratio"
                    '{symbol=~"$symbol"}'
                },
                unit="percentunit",
                empty=TOO_YOUNG,
            )
        )
        .with_panel(
            curve(
                "Term structure",
                "Implied volatility by days to maturity, of the latest option chain:"
                " atm at the money, vix model-free; what is published (iv30, dvol) is a"
                " point beside them. Rising is calm; falling means that the market"
                " fears the near future most.",
                IMPLIED,
                unit="percentunit",
                empty=NO_CHAIN,
            )
        )
        .with_panel(
            curve(
                "25-delta skew",
                "Vol of the put less vol of the call by days to maturity: 1% is one vol"
                " point. Above zero a fall is dearer to insure than a rise.",
                SKEW,
                unit="percentunit",
                empty=NO_CHAIN,
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
            )
        )
        .with_panel(
            around(
                lines(
                    "Spread by one method",
                    "Left minus right, both legs worked out in the same way: realised,"
                    " and implied from option chains.",
                    {
                        "{{comparison}}": "volcross_spread_ratio"
                        '{pair=~"$pair", comparison!="implied"}'
                    },
                    unit="percentunit",
                    decimals=2,
                )
            )
        )
        .with_panel(
            around(
                lines(
                    "Risk premium: implied less realised",
                    "What the published implied volatility asks above what the prices"
                    " of the last 30 days did.",
                    {
                        "{{pair}}": "volcross_spread_ratio"
                        '{pair=~"$symbol", comparison="risk_premium"}'
                    },
                    unit="percentunit",
                    decimals=1,
                    empty="until 30 days of prices are there",
                )
            )
        )
        .with_panel(
            around(
                lines(
                    "25-delta skew, 30 days",
                    "How the skew of one maturity moves. It often turns before the"
                    " volatility itself does.",
                    {"{{symbol}}": MONTH_SKEW},
                    unit="percentunit",
                    decimals=1,
                    empty=NO_CHAIN,
                )
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
                width=24,
                height=8,
            )
        )
    )
