"""Whether there is still room for what outlives a process.

The embedded broker says nothing of a disk that is full: it goes on from memory, and
what it wrote last stands, older by the minute. It writes all it holds beside that
and then takes its place, so as much again must be free.
"""

import asyncio
import contextlib
import shutil
from pathlib import Path

import structlog

log = structlog.get_logger(__name__)

LEAST_BYTES = 64 * 2**20
"""For spools and logs, and for what a broker holds more the next time it writes."""

EVERY_SECONDS = 60.0


def missing_bytes(data_dir: Path) -> int:
    """Return how much more would have to be free; 0 where there is room.

    Raises:
        OSError: the folder cannot be looked at.
    """
    written = sum(each.stat().st_size for each in data_dir.glob("broker/*.json"))
    return max(0, written + LEAST_BYTES - shutil.disk_usage(data_dir).free)


async def watch(data_dir: Path, every: float = EVERY_SECONDS) -> None:
    """Say so as long as there is too little room, until cancelled."""
    while True:
        # A file may go while we look at it.
        with contextlib.suppress(OSError):
            missing = missing_bytes(data_dir)
            if missing:
                log.error(
                    "the disk is nearly full: what is new may not outlive a stop",
                    folder=str(data_dir),
                    missing_mib=-(-missing // 2**20),
                )
        await asyncio.sleep(every)
