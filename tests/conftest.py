"""Fixtures that every room's tests share."""

import logging
import os
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from hypothesis import settings

from streams.settings import Kafka
from tests.alerts.room import Room
from tests.brokers import ROOT, Broker, start_broker
from volcross.running.provisioning import provision

# A machine shared by several test runs is slow by fits and starts. What CI tries
# are the same cases each time: a new one is found where somebody can look at it.
settings.register_profile("unhurried", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True, database=None)
settings.load_profile("unhurried")

LONGEST = (
    "test_restarts.py",
    "test_kills.py",
    "test_room.py",
    "test_live.py",
    "test_page.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the longest files: no worker waits at the end for another's."""
    items.sort(key=lambda item: item.path.name not in LONGEST)


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """Give the broker of this run; a test may hurt it, and finds it well."""
    running = start_broker(tmp_path_factory.mktemp("broker") / "data")
    yield running
    # Nobody reads these records again: a clean stop would write them all down.
    running.kill()


@pytest.fixture(autouse=True)
def _broker_is_well(request: pytest.FixtureRequest) -> None:
    # Before each test, because what hurt it may have failed half way.
    if "broker" in request.fixturenames:
        running: Broker = request.getfixturevalue("broker")
        running.start()


@pytest.fixture(autouse=True)
def _logs_as_they_were() -> Iterator[None]:
    # A command configures logs for its whole process, which here is every test's.
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


@pytest.fixture
def kafka_settings(broker: Broker) -> Kafka:
    """Give settings with topics of the test's own, so that no two tests meet."""
    return Kafka(
        bootstrap_servers=broker.bootstrap_servers,
        topic_prefix=f"t{secrets.token_hex(4)}.",
    )


@pytest.fixture
def kafka(kafka_settings: Kafka) -> Kafka:
    """Give topics that exist, of one partition each: their records have one order."""
    settings = kafka_settings.model_copy(update={"partitions": 1})
    provision(settings)
    return settings


@pytest.fixture
def rooms() -> Iterator[list[Room]]:
    """Give a list for the alerts rooms that a test runs; they end with it."""
    started: list[Room] = []
    yield started
    for room in started:
        room.discard()


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """Give the reference data, which stand beside the checkout and not in it."""
    path = ROOT.parent / "shared" / "data"
    if not path.is_dir():
        reason = f"no reference data: {path} is missing"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return path
