"""A worker may be stopped, or stand still with its broker: every tick counts once."""

import os
import random
import signal
import time

import pytest

from tests.brokers import Broker
from tests.streams.market import interleaved, market
from tests.streams.outputs import offline
from tests.streams.pipeline import Workers, send
from tests.streams.restarting import RESTARTS, check

FROZEN_SECONDS = float(
    os.environ.get("VOLCROSS_FROZEN_SECONDS") or (30 if RESTARTS > 2 else 5)
)
"""Longer ones are run by hand, before a release: 90, and 300 for an outage."""


@pytest.mark.kafka
@pytest.mark.timeout(900)
def test_graceful_restarts_with_a_backlog_lose_and_double_nothing(
    workers: Workers,
) -> None:
    records = interleaved(market())
    size = len(records) // (RESTARTS + 1) + 1
    draw = random.Random(1)
    for first in range(0, len(records), size):
        send(workers.settings, records[first : first + size])
        workers.start()
        workers.at_work()
        time.sleep(draw.uniform(0.0, 1.5))
        workers.end(signal.SIGTERM)
    workers.start()
    check(workers, offline(records, workers.settings))


@pytest.mark.kafka
@pytest.mark.timeout(900)
def test_a_broker_that_freezes_delays_and_loses_nothing(
    workers: Workers, broker: Broker
) -> None:
    records = interleaved(market())
    half = len(records) // 2
    workers.start()
    send(workers.settings, records[:half])
    workers.at_work()
    broker.freeze()
    time.sleep(FROZEN_SECONDS)
    broker.thaw()
    send(workers.settings, records[half:])
    # After 40 s a worker gives up, for its supervisor to begin anew.
    supervised = FROZEN_SECONDS > 30
    check(workers, offline(records, workers.settings), supervised=supervised)
