"""Recorded series played back together, in event time, at any speed."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass

import numpy as np

from producers.source import SECOND, Heard, Instants, Series, Values

HOUR = 3600 * SECOND


@dataclass(frozen=True, slots=True, eq=False)
class Recording:
    """All there is to say about one series in ``[start, end)``, in order of `at`."""

    series: Series
    start: int
    end: int
    at: Instants
    value: Values
    size: Values | None = None

    def stretch(self, since: int, until: int) -> Heard | None:
        """Return what it says in ``[since, until)``; None where it says nothing."""
        since, until = max(since, self.start), min(until, self.end)
        if since >= until:
            return None
        first, last = np.searchsorted(self.at, (since, until))
        return Heard(
            self.series,
            self.at[first:last],
            self.value[first:last],
            None if self.size is None else self.size[first:last],
            until=until,
            since=self.start if since == self.start else None,
        )


class Pace:
    """When recorded time is due on our own clock.

    Args:
        speed: event seconds a second; None says everything at once.
        begin: the event time (ns UTC) that is due first. What is earlier is
            due at once: a story may have a past which nobody wants to watch.
        clock: seconds, monotonic.
        sleep: how to wait.
    """

    def __init__(
        self,
        speed: float | None,
        begin: int,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._speed = speed
        self._begin = begin
        self._clock = clock
        self._sleep = sleep
        self._began: float | None = None

    async def reach(self, event_time: int) -> None:
        """Wait until `event_time` (ns UTC) is due."""
        wait = 0.0
        if self._speed is not None and event_time > self._begin:
            if self._began is None:
                self._began = self._clock()
            played = (event_time - self._begin) / SECOND / self._speed
            wait = max(0.0, self._began + played - self._clock())
        # Even flat out the publisher must get its turn.
        await self._sleep(wait)


async def play(
    recordings: Sequence[Recording], pace: Pace, *, grid: int = HOUR
) -> AsyncIterator[Heard]:
    """Yield the recordings side by side, cut at multiples of `grid` (ns).

    Every recording speaks for every step it covers, with ticks or without, so
    that none is waited for longer than a step.
    """
    if not recordings:
        return
    step = min(recording.start for recording in recordings) // grid * grid
    end = max(recording.end for recording in recordings)
    while step < end:
        await pace.reach(min(step + grid, end))
        for recording in recordings:
            heard = recording.stretch(step, step + grid)
            if heard is not None:
                yield heard
        step += grid
