"""Each volatility is shown under the name of what it is."""

import time
from http.client import HTTPConnection

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.parser import text_string_to_metric_families

from streams import metrics
from streams.events import Origin, Quality, VolatilityReadings
from streams.exposition import page, served
from streams.latest import SHOWN, Latest
from streams.settings import StreamSettings
from streams.volatility.market_time import market_clock
from volcross.running.broker import free_port


def reading(measure: str, window: str, origin: Origin, value: float) -> None:
    metrics.observe(
        VolatilityReadings(
            symbol="METRICS",
            measure=measure,
            window=window,
            origin=origin,
            source="test",
            quality=Quality.OK,
            start=0,
            end=2,
            at=[1],
            value=[value],
        )
    )


@pytest.mark.parametrize(
    ("measure", "origin", "metric", "names"),
    [
        ("iv30", Origin.PUBLISHED, "implied_volatility", ("measure", "tenor")),
        ("dvol", Origin.SYNTHETIC, "implied_volatility", ("measure", "tenor")),
        ("vix", Origin.COMPUTED, "implied_volatility", ("measure", "tenor")),
        ("atm", Origin.COMPUTED, "implied_volatility", ("measure", "tenor")),
        ("skew25", Origin.COMPUTED, "implied_skew", ("measure", "tenor")),
        ("ewma", Origin.COMPUTED, "realized_volatility", ("estimator", "window")),
    ],
)
def test_what_a_chain_says_is_implied_and_a_skew_is_no_volatility(
    measure: str, origin: Origin, metric: str, names: tuple[str, str]
) -> None:
    reading(measure, "7d", origin, -0.02)
    series = ("METRICS", measure, "7d")
    shown = {one.name for one in SHOWN if one.value(series) is not None}
    name = f"volcross_{metric}_ratio"
    assert shown == {name, "volcross_last_reading_timestamp_seconds"}
    first, second = names
    line = f'{name}{{symbol="METRICS",{first}="{measure}",{second}="7d"}} -0.02\n'
    assert line in page().decode()


def test_a_market_is_open_when_its_clock_says_so() -> None:
    symbols = {"COIN": {"clock": "crypto"}, "STOCK": {"clock": "us-equity"}}
    markets = metrics.MarketsOpen(registry=CollectorRegistry())
    markets.begin(StreamSettings.model_validate({"symbols": symbols}))
    (family,) = markets.collect()
    now = time.time_ns()
    told = {sample.labels["symbol"]: sample.value for sample in family.samples}
    assert told == {"COIN": 1.0, "STOCK": market_clock("us-equity").is_open(now)}


def test_a_scrape_of_500_symbols_takes_less_than_50_milliseconds() -> None:
    """By CPU time: what other processes take is not ours to promise."""
    vols = Latest("v", "A vol.", ["symbol", "measure", "window"])
    ages = Latest("t", "A time.", ["symbol", "measure", "window"])
    for symbol in range(500):
        for measure in ("close-to-close", "yang-zhang", "ewma"):
            for window in ("1h", "1d", "7d", "30d"):
                vols.set((f"SYM{symbol}", measure, window), symbol / 7)
                ages.set((f"SYM{symbol}", measure, window), 1.7e9 + symbol)
    took = []
    for _ in range(7):
        began = time.thread_time()
        text = page([vols, ages]).decode()
        took.append(time.thread_time() - began)
    assert text.count('symbol="SYM') == 12_000
    assert min(took) < 0.05, took


def test_the_page_is_served_on_one_connection_for_as_long_as_it_is_asked() -> None:
    port = free_port()
    with served("127.0.0.1", port):
        connection = HTTPConnection("127.0.0.1", port, timeout=10)
        for _ in range(2):
            connection.request("GET", "/metrics")
            answer = connection.getresponse()
            assert answer.status == 200
            assert answer.getheader("Content-Type", "").startswith("text/plain")
            names = {
                family.name
                for family in text_string_to_metric_families(answer.read().decode())
            }
            assert {"volcross_build_info", "volcross_spread_ratio"} <= names
        connection.close()
