"""Real Prometheus and Alertmanager watch a real pipeline, and its real faults."""

import subprocess
import time
from collections.abc import Iterator

import pytest

from tests.brokers import Broker
from tests.monitoring.asking import panels, shows_something
from tests.monitoring.stack import Stack
from tests.monitoring.tools import program

pytestmark = pytest.mark.kafka


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
def test_a_killed_feed_is_told_and_so_is_its_return(stack: Stack) -> None:
    stack.kill("produce")
    down = ("VolcrossTargetDown", "firing")
    stack.until(lambda: down in stack.told(), 60, "the operators hear of it")
    stack.start("produce")
    up = ("VolcrossTargetDown", "resolved")
    stack.until(lambda: up in stack.told(), 60, "and of its return")


@pytest.mark.timeout(180)
def test_a_broker_that_stops_is_told_and_so_is_its_return(
    stack: Stack, broker: Broker
) -> None:
    broker.freeze()
    try:
        away = ("VolcrossBrokerAway", "firing")
        stack.until(lambda: away in stack.told(), 60, "the operators hear of it")
    finally:
        broker.thaw()
    back = ("VolcrossBrokerAway", "resolved")
    stack.until(lambda: back in stack.told(), 60, "and of its return")


@pytest.mark.timeout(240)
def test_a_channel_that_refuses_is_told_and_so_is_its_return(stack: Stack) -> None:
    stack.slack.refuses = True
    before = len(stack.slack.taken)
    # A rule of another name begins an incident of its own.
    text = (stack.folder / "volcross.toml").read_text(encoding="utf-8")
    renamed = text.replace('name = "always"', 'name = "always-again"')
    (stack.folder / "volcross.toml").write_text(renamed, encoding="utf-8")
    stack.kill("alert")
    stack.start("alert")
    refused = ("VolcrossDeliveryFailing", "firing")
    stack.until(lambda: refused in stack.told(), 90, "the operators hear of it")
    stack.slack.refuses = False
    taken = ("VolcrossDeliveryFailing", "resolved")
    stack.until(lambda: taken in stack.told(), 90, "and that it is over")
    assert len(stack.slack.taken) > before
