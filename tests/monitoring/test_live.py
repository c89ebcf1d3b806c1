"""Real Prometheus and Alertmanager watch a real pipeline, and its real faults."""

import os
import subprocess
import time
from collections.abc import Iterator
from functools import partial

import pytest
import yaml

from tests.brokers import Broker
from tests.monitoring.asking import panels, shows_something
from tests.monitoring.faults import FAULTS, NOBODY_TO_TELL, Fault
from tests.monitoring.stack import Stack
from tests.monitoring.tools import PROMETHEUS, program

pytestmark = pytest.mark.kafka

ALL = os.environ.get("VOLCROSS_FAULTS") == "all"
AFFORDED = [fault for fault in FAULTS if ALL or fault.cheap]
"""All of them take a quarter of an hour: VOLCROSS_FAULTS=all."""


@pytest.fixture(scope="module")
def stack(broker: Broker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    for name in ("prometheus", "prometheus-alertmanager"):
        program(name)
    running = Stack(tmp_path_factory.mktemp("stack"), broker.bootstrap_servers, "live.")
    yield running
    running.stop()


@pytest.mark.timeout(240)
def test_every_panel_shows_something_or_rightly_nothing(stack: Stack) -> None:
    realised = "volcross_spread_ratio{comparison='close-to-close/10m'}"
    stack.until(lambda: stack.ask(realised), 120, "a spread of realised vols")
    stack.until(lambda: stack.slack.taken, 30, "an alert is delivered")
    stack.until(
        lambda: stack.ask("volcross_deliveries_total{outcome='delivered'} > 0"),
        30,
        "a delivery is counted",
    )

    def empty() -> set[tuple[str, str, str]]:
        now = time.time()
        return {
            (page, panel.title, expression)
            for page, panel in panels(stack.get)
            for expression in panel.expressions
            if not panel.may_be_empty
            and not shows_something(stack.get, expression, now - 60, now)
        }

    stack.until(lambda: not empty(), 60, f"panels are filled, not {empty()}")


def test_nothing_is_wrong_with_a_pipeline_that_works(stack: Stack) -> None:
    stack.until(lambda: stack.ask("min(up) == 1"), 30, "all targets are up")
    stack.until(
        lambda: stack.firing() == {"VolcrossWatchdog"},
        60,
        f"only the watchdog fires, not {stack.firing()}",
    )


@pytest.mark.parametrize("role", ["produce", "stream", "alert"])
def test_metrics_are_named_and_typed_as_prometheus_wants(
    stack: Stack, role: str
) -> None:
    shown = stack.metrics(role)
    assert "volcross_build_info" in shown
    check = [program("promtool"), "check", "metrics"]
    said = subprocess.run(
        check, input=shown, capture_output=True, text=True, check=False
    )
    assert (said.returncode, said.stdout + said.stderr) == (0, "")


@pytest.mark.timeout(180)
def test_whoever_misses_the_watchdog_hears_of_it(stack: Stack) -> None:
    stack.until(lambda: stack.switch.taken, 120, "the watchdog is heard")
    (alert,) = stack.switch.taken[0]["alerts"]
    assert alert["labels"]["alertname"] == "VolcrossWatchdog"


@pytest.mark.timeout(600)
@pytest.mark.parametrize("fault", AFFORDED, ids=lambda fault: fault.name)
def test_a_fault_is_told_and_so_is_its_end(
    stack: Stack, broker: Broker, fault: Fault
) -> None:
    before = len(stack.told())

    def told(alert: str, status: str) -> bool:
        if alert == NOBODY_TO_TELL:
            return (alert in stack.firing()) is (status == "firing")
        return (alert, status) in stack.told()[before:]

    with fault.do(stack, broker):
        for alert in fault.alerts:
            stack.until(partial(told, alert, "firing"), 120, f"{alert} fires")
    for alert in fault.alerts:
        stack.until(partial(told, alert, "resolved"), 150, f"{alert} is over")


def test_every_health_rule_has_its_fault() -> None:
    shown = {alert for fault in FAULTS for alert in fault.alerts}
    assert health_rules() - shown == {"VolcrossWatchdog"}, "which fires always"


def health_rules() -> set[str]:
    text = (PROMETHEUS / "rules" / "health.yml").read_text(encoding="utf-8")
    return {rule["alert"] for rule in yaml.safe_load(text)["groups"][0]["rules"]}
