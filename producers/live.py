"""A live source: the lines to one venue, side by side, or a capture of them."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Sequence
from pathlib import Path
from typing import Any

from producers.capture import Capture
from producers.playback import Playback
from producers.polling import PollingLine
from producers.source import Said
from producers.timeline import Pace
from producers.websocket import WebSocketLine

Line = WebSocketLine | PollingLine

_AHEAD = 64


async def merged(lines: Sequence[AsyncIterable[Said]]) -> AsyncGenerator[Said, None]:
    """Yield what any of the lines says, as it says it; end when all have.

    A line that breaks down (which none does for the venue's sake) ends this.
    """
    queue: asyncio.Queue[Said] = asyncio.Queue(_AHEAD)

    async def pump(line: AsyncIterable[Said]) -> None:
        async for said in line:
            await queue.put(said)

    tasks = [asyncio.create_task(pump(line)) for line in lines]
    everything = asyncio.gather(*tasks)
    try:
        while not (everything.done() and queue.empty()):
            taking = asyncio.ensure_future(queue.get())
            either: set[asyncio.Future[Any]] = {taking, everything}
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            if taking.done():
                yield taking.result()
                continue
            taking.cancel()
            if not everything.cancelled() and everything.exception() is not None:
                break
        await everything
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class Live:
    """A venue listened to as it speaks.

    Args:
        lines: the connections it takes.
        record: a file to keep every message in, as it came.
    """

    def __init__(self, lines: Sequence[Line], record: Path | None = None) -> None:
        self.lines = lines
        self._record = record

    def __aiter__(self) -> AsyncIterator[Said]:
        """Listen for ever."""
        return self._listen()

    async def _listen(self) -> AsyncIterator[Said]:
        with Capture(self._record) as capture:
            for line in self.lines:
                line.capture = capture
            async for said in merged(self.lines):
                yield said


class Recorded:
    """A capture played through the lines that would listen to the venue.

    Args:
        lines: the connections that made it.
        path: the capture.
        speed: recorded seconds a second; None says everything at once.
    """

    def __init__(self, lines: Sequence[Line], path: Path, speed: float | None) -> None:
        first = lines[0]
        self._playback = Playback(
            path,
            {line.feed: line.converse for line in lines},
            first.market,
            first.limits,
        )
        self._speed = speed

    async def __aiter__(self) -> AsyncIterator[Said]:
        """Play it once."""
        pace: Pace | None = None
        for at, said in self._playback:
            pace = pace or Pace(self._speed, at)
            await pace.reach(at)
            yield said
