"""The network before a broker may fail in any way: every tick counts once."""

import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from streams.settings import Kafka
from tests.brokers import Broker
from tests.cable import Cable
from tests.streams.market import BEGIN, HOUR, interleaved, market, settings
from tests.streams.outputs import offline
from tests.streams.pipeline import Workers, prepared, send
from tests.streams.restarting import check

PINCHED_SECONDS = float(os.environ.get("VOLCROSS_PINCHED_SECONDS") or 0)
"""How long nothing comes through. Unless it is given, all is short, and none waits
for a client to notice by itself."""

PATIENCE_SECONDS = 400.0 if PINCHED_SECONDS else 240.0

Fault = Callable[[Cable], None]


def cut(cable: Cable) -> None:
    for _ in range(5):
        cable.cut()
        time.sleep(0.4)


def pinched(cable: Cable) -> None:
    cable.pinch()
    time.sleep(PINCHED_SECONDS or 3)
    cable.release()


def forgotten(cable: Cable) -> None:
    """No reset ever comes: a client notices when its request takes too long."""
    cable.forget()


def slow(cable: Cable) -> None:
    cable.delay = 0.5


def one_after_another(cable: Cable) -> None:
    cut(cable)
    pinched(cable)
    cut(cable)


FAULTS = [cut, pinched, forgotten, slow] if PINCHED_SECONDS else [one_after_another]


@pytest.fixture
def cable(broker: Broker) -> Iterator[Cable]:
    with Cable(broker.port) as running:
        yield running


@pytest.fixture
def workers(kafka_settings: Kafka, cable: Cable, tmp_path: Path) -> Iterator[Workers]:
    """Give workers at the end of a cable; what the test itself asks goes round it."""
    direct = prepared(settings(kafka_settings))
    started = Workers(settings(cable.before(kafka_settings)), tmp_path, "stream")
    started.settings = direct
    yield started
    for process in started.processes:
        process.kill()
        process.wait()


@pytest.mark.kafka
@pytest.mark.timeout(600)
@pytest.mark.parametrize("fault", FAULTS)
def test_a_network_that_fails_delays_and_loses_nothing(
    workers: Workers, cable: Cable, fault: Fault
) -> None:
    records = interleaved(market(end=BEGIN + 24 * HOUR))
    workers.start()
    send(workers.settings, records[:10])
    workers.at_work()
    calls = cable.calls
    load = threading.Thread(
        target=send, args=(workers.settings, records[10:], 5 / len(records))
    )
    load.start()
    time.sleep(0.5)
    fault(cable)
    load.join()
    # Long enough, and a worker gives up, for its supervisor to begin anew.
    expected = offline(records, workers.settings)
    check(workers, expected, supervised=True, within=PATIENCE_SECONDS)
    assert cable.calls > calls or fault in (pinched, slow)
