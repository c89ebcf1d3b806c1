"""A pause for brokers that answer an empty fetch at once.

A consumer asks for records and lets the broker wait until there are some.
Apache Kafka does wait; the embedded broker (noida-db 0.2.3) says "none" at
once, and aiokafka asks again at once: 3,000 questions a second and half a
core, for nothing. aiokafka has no setting for it, hence this patch of its
fetcher (0.14.0, pinned). On Apache Kafka it never pauses.
"""

import asyncio
import contextlib
import time
from typing import Any

from aiokafka.consumer.fetcher import Fetcher

AT_ONCE_SECONDS = 0.05
PAUSE_SECONDS = 0.01


def be_patient() -> None:
    """Let every aiokafka consumer of this process pause after a hasty "none"."""
    fetch = Fetcher._proc_fetch_request  # noqa: SLF001 - see above
    if fetch.__module__ == __name__:
        return

    async def patiently(self: Fetcher, *request: Any) -> bool:  # noqa: ANN401 - theirs
        asked = time.monotonic()
        found: bool = await fetch(self, *request)
        if not found and time.monotonic() - asked < AT_ONCE_SECONDS:
            # Cancelled, the original ends quietly: its consumer awaits it after
            # cancelling it, and could not stop otherwise.
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.sleep(PAUSE_SECONDS)
        return found

    Fetcher._proc_fetch_request = patiently  # noqa: SLF001 - see above
