"""Rules and routes: valid, each tested by promtool, each explained to people."""

import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.brokers import ROOT
from tests.monitoring.tools import MONITORING, PROMETHEUS, run

HEALTH = PROMETHEUS / "rules" / "health.yml"
TESTS = PROMETHEUS / "tests" / "health_test.yml"
RUNBOOK = ROOT / "docs" / "operations.md"
ALERTMANAGER = MONITORING / "alertmanager" / "alertmanager.yml"


def alerts() -> list[dict[str, Any]]:
    (group,) = yaml.safe_load(HEALTH.read_text(encoding="utf-8"))["groups"]
    rules: list[dict[str, Any]] = group["rules"]
    return rules


def test_each_rule_fires_under_its_fault_and_only_then() -> None:
    assert "SUCCESS" in run("promtool", "test", "rules", TESTS)


def test_every_rule_has_a_case_in_which_it_fires_and_one_in_which_it_does_not() -> None:
    fires: set[str] = set()
    keeps_still: set[str] = set()
    for case in yaml.safe_load(TESTS.read_text(encoding="utf-8"))["tests"]:
        for claim in case["alert_rule_test"]:
            (fires if claim["exp_alerts"] else keeps_still).add(claim["alertname"])
    names = {rule["alert"] for rule in alerts()}
    assert names == fires
    assert names - keeps_still == {"VolcrossWatchdog"}


@pytest.mark.parametrize("place", ["compose", "local"])
def test_prometheus_accepts_its_configuration_as_it_is_laid_out(
    tmp_path: Path, place: str
) -> None:
    shutil.copy(PROMETHEUS / "prometheus.yml", tmp_path)
    shutil.copytree(PROMETHEUS / "rules", tmp_path / "rules")
    shutil.copytree(PROMETHEUS / "targets" / place, tmp_path / "targets")
    said = run("promtool", "check", "config", tmp_path / "prometheus.yml")
    assert "WARNING" not in said
    assert f"{len(alerts())} rules found" in said


def test_alertmanager_accepts_its_configuration() -> None:
    assert "SUCCESS" in run("amtool", "check-config", ALERTMANAGER)


@pytest.mark.parametrize(
    ("alert", "receiver"),
    [("VolcrossWatchdog", "dead-mans-switch"), ("VolcrossDeadLetter", "operators")],
)
def test_the_watchdog_goes_to_whoever_misses_it(alert: str, receiver: str) -> None:
    said = run(
        *("amtool", "config", "routes", "test"),
        *(f"--config.file={ALERTMANAGER}", f"alertname={alert}"),
    )
    # It also warns of a file that the machine may have of its own.
    assert said.splitlines()[0] == receiver


def test_every_alert_has_its_chapter_in_the_runbook() -> None:
    chapters = re.findall(r"^### (\w+)$", RUNBOOK.read_text("utf-8"), re.MULTILINE)
    assert chapters == [rule["alert"] for rule in alerts()]
    for rule in alerts():
        anchor = f"docs/operations.md#{rule['alert'].lower()}"
        assert rule["annotations"]["runbook"] == anchor
