"""A worker may be killed at any moment: every tick counts once."""

import random
import signal
import threading
import time

import pytest

from tests.streams.market import interleaved, market
from tests.streams.outputs import offline
from tests.streams.pipeline import Workers, send
from tests.streams.restarting import RESTARTS, check


@pytest.mark.kafka
@pytest.mark.timeout(900)
def test_kills_under_load_lose_and_double_nothing(workers: Workers) -> None:
    records = interleaved(market())
    pause = RESTARTS * 4.0 / len(records)
    load = threading.Thread(target=send, args=(workers.settings, records, pause))
    load.start()
    draw = random.Random(2)
    for _ in range(RESTARTS):
        workers.start()
        workers.at_work()
        time.sleep(draw.uniform(0.0, 1.5))
        workers.end(signal.SIGKILL)
    load.join()
    workers.start()
    check(workers, offline(records, workers.settings))
