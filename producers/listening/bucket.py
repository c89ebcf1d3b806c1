"""How often a venue may be asked."""

import asyncio
import time
from collections.abc import Awaitable, Callable


class TokenBucket:
    """Lets `burst` requests through at once and `rate` a second in the long run.

    Args:
        rate: requests a second.
        burst: requests at once.
        clock: seconds, monotonic.
        sleep: how to wait.
    """

    def __init__(
        self,
        rate: float,
        burst: int = 1,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._rate = rate
        self._burst = burst
        self._clock = clock
        self._sleep = sleep
        self._free_at = clock() - burst / rate

    async def take(self) -> None:
        """Wait for a turn; turns are given in order of asking."""
        now = self._clock()
        # What was not used is kept up to the burst, and no further.
        self._free_at = max(self._free_at, now - self._burst / self._rate)
        self._free_at += 1 / self._rate
        if self._free_at > now:
            await self._sleep(self._free_at - now)
