"""An event loop in which nobody waits: when nothing happens, time goes on at once.

Sockets are real. A timer is due as soon as no socket has had anything to say
for a moment, and the clock then says that its time has come.
"""

import asyncio
import selectors
import time

MOMENT_SECONDS = 0.05
"""How long sockets are given; on the loopback they need far less."""


class _Hurried(selectors.DefaultSelector):
    skipped = 0.0

    def select(
        self, timeout: float | None = None
    ) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None or timeout <= MOMENT_SECONDS:
            return super().select(timeout)
        ready = super().select(MOMENT_SECONDS)
        if not ready:
            self.skipped += timeout - MOMENT_SECONDS
        return ready


class HurriedLoop(asyncio.SelectorEventLoop):
    """Skips what would be waited for; `time` has it in."""

    def __init__(self) -> None:
        self._hurried = _Hurried()
        super().__init__(self._hurried)

    def time(self) -> float:
        return time.monotonic() + self._hurried.skipped
