"""What a test of the way to Kafka leaves behind."""

import gc
import threading
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def _collected() -> Iterator[None]:
    """Collect the sockets that kafka-python forgets here, where nobody minds."""
    yield
    for thread in threading.enumerate():
        if thread.name.startswith("kafka-link"):
            thread.join(10)
    gc.collect()
