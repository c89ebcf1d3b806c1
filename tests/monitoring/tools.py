"""Prometheus' own programs, as Debian packages them."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.brokers import ROOT

MONITORING = ROOT / "monitoring"
PROMETHEUS = MONITORING / "prometheus"


def program(name: str) -> str:
    """Return the program's path, or skip the test; in CI that is a failure."""
    path = shutil.which(name)
    if path is None:
        reason = f"{name} is not installed: apt-get install prometheus-alertmanager"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return path


def run(name: str, *arguments: str | Path) -> str:
    """Return what the program says; it must succeed."""
    done = subprocess.run(
        [program(name), *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
    )
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    return said
