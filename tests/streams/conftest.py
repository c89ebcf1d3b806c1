"""Workers of a test's own, of which none outlives it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from streams.settings import Kafka
from tests.streams.market import settings
from tests.streams.pipeline import Workers, prepared


@pytest.fixture
def workers(kafka_settings: Kafka, tmp_path: Path) -> Iterator[Workers]:
    """Give workers of the streams, to be started, stopped and killed."""
    started = Workers(prepared(settings(kafka_settings)), tmp_path, "stream")
    yield started
    for process in started.processes:
        process.kill()
        process.wait()
