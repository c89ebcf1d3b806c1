"""A disk that fills up is told of before what it should hold is lost."""

import asyncio
import shutil
from pathlib import Path
from typing import NamedTuple

import pytest
from structlog.testing import capture_logs

from volcross.running.disk import LEAST_BYTES, missing_bytes, watch


class Usage(NamedTuple):
    free: int


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    (tmp_path / "broker").mkdir()
    (tmp_path / "broker" / "kafka.json").write_bytes(b"x" * 1000)
    return tmp_path


@pytest.mark.parametrize(
    ("free", "missing"),
    [(LEAST_BYTES + 1000, 0), (LEAST_BYTES + 999, 1), (0, LEAST_BYTES + 1000)],
)
def test_as_much_again_as_the_broker_wrote_must_be_free(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch, free: int, missing: int
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(free))
    assert missing_bytes(data_dir) == missing


async def test_it_is_told_as_long_as_it_lasts(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    frees = [LEAST_BYTES, LEAST_BYTES, 2 * LEAST_BYTES]
    looked = asyncio.Event()

    def usage(_: Path) -> Usage:
        if len(frees) == 1:
            looked.set()
            return Usage(frees[0])
        return Usage(frees.pop(0))

    monkeypatch.setattr(shutil, "disk_usage", usage)
    with capture_logs() as logs:
        watching = asyncio.create_task(watch(data_dir, every=0))
        await looked.wait()
        watching.cancel()
    assert [line["missing_mib"] for line in logs] == [1, 1]
    assert {line["folder"] for line in logs} == {str(data_dir)}
