"""How fast a channel may be written to: a bucket of tokens."""

import asyncio


class Pace:
    """Lets one through every so often, and a few at once after a rest.

    Args:
        per_minute: how many in the long run; None lets everything through.
        burst: how many at once.
    """

    def __init__(self, per_minute: float | None, burst: int = 1) -> None:
        self._each = 60.0 / per_minute if per_minute else 0.0
        self._burst = burst
        self._full_at = 0.0

    def wait(self, now: float) -> float:
        """Take a token and return how long to wait before using it.

        Args:
            now: seconds, steadily increasing.
        """
        self._full_at = max(self._full_at, now) + self._each
        return max(0.0, self._full_at - now - self._burst * self._each)

    async def turn(self, stop: asyncio.Event) -> bool:
        """Wait for our turn; return False when `stop` was set before it came."""
        wait = self.wait(asyncio.get_running_loop().time())
        try:
            await asyncio.wait_for(stop.wait(), wait)
        except TimeoutError:
            return True
        return False
