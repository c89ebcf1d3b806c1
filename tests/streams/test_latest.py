"""Gauges that vanish when nobody speaks of them any more."""

import time

from prometheus_client import CollectorRegistry, generate_latest

from streams.latest import KEPT_SECONDS, Latest


class Clock:
    """Seconds that pass when told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def shown(registry: CollectorRegistry) -> list[str]:
    text = generate_latest(registry).decode()
    return [line for line in text.splitlines() if not line.startswith("#")]


def gauge() -> tuple[Latest, CollectorRegistry, Clock]:
    registry, clock = CollectorRegistry(), Clock()
    latest = Latest("vol", "A vol.", ["symbol"], registry=registry, clock=clock)
    return latest, registry, clock


def test_it_shows_the_latest_value_of_each_series() -> None:
    latest, registry, _ = gauge()
    latest.set(("NVDA",), 0.7)
    latest.set(("BTC",), 0.5)
    latest.set(("NVDA",), 0.71)
    assert shown(registry) == ['vol{symbol="NVDA"} 0.71', 'vol{symbol="BTC"} 0.5']


def test_a_value_nobody_confirms_is_no_longer_shown() -> None:
    latest, registry, clock = gauge()
    latest.set(("NVDA",), 0.7)
    clock.now = KEPT_SECONDS
    assert shown(registry) == ['vol{symbol="NVDA"} 0.7']
    clock.now += 1
    assert shown(registry) == []


def test_a_confirmed_value_stays() -> None:
    latest, registry, clock = gauge()
    latest.set(("NVDA",), 0.7)
    clock.now = KEPT_SECONDS
    latest.confirm(("NVDA",))
    clock.now += KEPT_SECONDS
    assert shown(registry) == ['vol{symbol="NVDA"} 0.7']


def test_there_is_nothing_to_confirm_before_the_first_value() -> None:
    latest, registry, _ = gauge()
    latest.confirm(("NVDA",))
    assert shown(registry) == []


def test_a_scrape_of_500_symbols_takes_less_than_50_milliseconds() -> None:
    registry = CollectorRegistry()
    vols = Latest("vol", "A vol.", ["symbol", "measure", "window"], registry=registry)
    for symbol in range(500):
        for measure in ("close-to-close", "ewma"):
            for window in ("1h", "1d", "7d", "30d"):
                vols.set((f"SYM{symbol}", measure, window), symbol / 7)
    took = []
    for _ in range(7):
        began = time.thread_time()
        text = generate_latest(registry)
        took.append(time.thread_time() - began)
    assert text.count(b"\n") == 4002
    assert min(took) < 0.05, took
