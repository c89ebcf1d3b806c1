"""A live source: the lines to one venue, side by side, or a capture of them."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Sequence
from pathlib import Path
from typing import Any

from producers.listening.capture import Capture
from producers.listening.playback import Playback
from producers.listening.polling import PollingLine
from producers.listening.websocket import WebSocketLine
from producers.recorded.timeline import Pace
from producers.source import Said

Line = WebSocketLine | PollingLine

_AHEAD = 64


async def merged(lines: Sequence[AsyncIterable[Said]]) -> AsyncGenerator[Said, None]:
    """Yield what any of the lines says, as it says it; end when all have.

    A line that breaks down ends this; but none does for the venue's sake.
    """
    queue: asyncio.Queue[Said] = asyncio.Queue(_AHEAD)

    async def pump(line: AsyncIterable[Said]) -> None:
        async for said in line:
            await queue.put(said)

    running = {asyncio.create_task(pump(line)) for line in lines}
    taking: asyncio.Task[Said] | None = None
    try:
        while running or not queue.empty():
            taking = asyncio.create_task(queue.get())
            either: set[asyncio.Task[Any]] = {taking, *running}
            done, _ = await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            if taking in done:
                yield taking.result()
            else:
                taking.cancel()
            for task in running & done:
                running.discard(task)
                task.result()
    finally:
        left = [*running, *([taking] if taking is not None else [])]
        for each in left:
            each.cancel()
        await asyncio.gather(*left, return_exceptions=True)


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
