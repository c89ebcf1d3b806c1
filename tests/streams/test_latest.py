"""Gauges that vanish when nobody speaks of them any more."""

import math

import pytest
from prometheus_client.parser import text_string_to_metric_families

from streams.latest import KEPT_SECONDS, Latest, shown
from streams.metrics import SPREAD


class Clock:
    """Seconds that pass when told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def lines(latest: Latest) -> list[str]:
    return [line for line in latest.text().splitlines() if not line.startswith("#")]


def gauge() -> tuple[Latest, Clock]:
    clock = Clock()
    return Latest("vol", "A vol.", ["symbol"], clock=clock), clock


def test_it_shows_the_latest_value_of_each_series() -> None:
    latest, _ = gauge()
    latest.set(("NVDA",), 0.7)
    latest.set(("BTC",), 0.5)
    latest.set(("NVDA",), 0.71)
    assert lines(latest) == ['vol{symbol="NVDA"} 0.71', 'vol{symbol="BTC"} 0.5']


def test_a_value_nobody_confirms_is_no_longer_shown() -> None:
    latest, clock = gauge()
    latest.set(("NVDA",), 0.7)
    clock.now = KEPT_SECONDS
    assert lines(latest) == ['vol{symbol="NVDA"} 0.7']
    clock.now += 1
    assert lines(latest) == []


def test_a_confirmed_value_stays() -> None:
    latest, clock = gauge()
    latest.set(("NVDA",), 0.7)
    clock.now = KEPT_SECONDS
    latest.confirm(("NVDA",))
    clock.now += KEPT_SECONDS
    assert lines(latest) == ['vol{symbol="NVDA"} 0.7']


def test_there_is_nothing_to_confirm_before_the_first_value() -> None:
    latest, _ = gauge()
    latest.confirm(("NVDA",))
    assert lines(latest) == []


def test_a_value_may_stand_for_ever() -> None:
    clock = Clock()
    latest = Latest("t", "A time.", ["symbol"], kept_seconds=math.inf, clock=clock)
    latest.set(("NVDA",), 1.7e9)
    clock.now = 1e9
    assert lines(latest) == ['t{symbol="NVDA"} 1700000000.0']


def test_what_it_writes_prometheus_reads_as_it_was() -> None:
    latest, _ = gauge()
    name = 'a "quoted" \\ name\nin two lines'
    for symbol, value in ((name, 1e-07), ("inf", -math.inf), ("nan", math.nan)):
        latest.set((symbol,), value)
    (family,) = text_string_to_metric_families(latest.text())
    told = {sample.labels["symbol"]: sample.value for sample in family.samples}
    assert told[name] == 1e-07
    assert told["inf"] == -math.inf
    assert math.isnan(told["nan"])
    assert (family.name, family.type, family.documentation) == (
        "vol",
        "gauge",
        "A vol.",
    )


def test_a_name_is_shown_once() -> None:
    with pytest.raises(ValueError, match=f"{SPREAD.name} already"):
        shown(Latest(SPREAD.name, "Another.", []))
