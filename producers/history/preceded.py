"""A live source, of which each series begins with what its venue remembers."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import msgspec
import structlog

from producers.history.historian import Historian
from producers.history.turn import GAP_NS, Turn
from producers.listening.backoff import Backoff
from producers.listening.conversation import Odd, Refused
from producers.listening.live import merged
from producers.publishing.coverage import Stretch
from producers.settings import Meaning
from producers.source import SECOND, Heard, Said, Source
from streams.events import VolTicks

log = structlog.get_logger(__name__)

MOST_KEPT = 1_000_000
"""Live ticks kept while a history is told; then the source waits."""

_ROUNDS = 3


class Patience(NamedTuple):
    """How long the live word of a series waits for its history.

    Attributes:
        idle: seconds without any progress.
        total: seconds in all.
    """

    idle: float
    total: float


BEGINNING = Patience(idle=120, total=600)
"""A price that begins says nothing for days without its past: it can wait, as long as
a venue that was asked too often wants to be left alone."""
GAP = Patience(idle=10, total=20)
"""What speaks already waits a moment; so does a vol, whose past may come later."""


class Missing(Exception):  # noqa: N818 - the history is missing, nothing broke
    """The history did not come in time, or never will."""


@dataclass(slots=True)
class _Line:
    """One series: whose turn it is, who remembers it, and who waits for whom."""

    historian: Historian
    turn: Turn
    wanted: asyncio.Event = field(default_factory=asyncio.Event)
    released: asyncio.Event = field(default_factory=asyncio.Event)
    late: "asyncio.Queue[tuple[int, int] | None]" = field(default_factory=asyncio.Queue)
    over: bool = False

    def end(self) -> None:
        """The live source has no more to say."""
        self.over = True
        self.wanted.set()
        self.late.put_nowait(None)

    def log(self, what: str, **more: object) -> None:
        series = self.historian.series
        log.info(
            what, symbol=series.symbol, measure=series.measure, by=series.source, **more
        )


class Preceded:
    """A live source and the historians of its series, side by side.

    The source is listened to from the first moment on. Series that have no
    historian pass untouched.

    Args:
        source: the live one.
        historians: who remembers what.
        known: tells how far each is told already; asked once.
        beginning: how long a price that was never told waits for its history.
        gap: how long anything else does.
        now: wall clock (ns UTC).
    """

    def __init__(  # noqa: PLR0913 - three, and what a test wants otherwise
        self,
        source: Source,
        historians: Mapping[Meaning, Historian],
        known: Callable[[], Coroutine[Any, Any, Mapping[Meaning, int]]],
        *,
        beginning: Patience = BEGINNING,
        gap: Patience = GAP,
        now: Callable[[], int] = time.time_ns,
    ) -> None:
        self._source = source
        self._known = known
        self._beginning = beginning
        self._gap = gap
        self._now = now
        self._lines = {
            meaning: _Line(historian, Turn())
            for meaning, historian in historians.items()
        }

    async def __aiter__(self) -> AsyncIterator[Said]:
        """Tell all of it, until the source has no more to say."""
        knowing = asyncio.create_task(self._known())
        lines = self._lines.values()
        speakers: list[AsyncIterator[Said]] = [
            self._live(),
            *(self._past(line, knowing) for line in lines),
            *(self._late(line) for line in lines),
        ]
        try:
            async with contextlib.aclosing(merged(speakers)) as saying:
                async for said in saying:
                    yield said
        finally:
            knowing.cancel()
            await asyncio.gather(knowing, return_exceptions=True)

    async def _live(self) -> AsyncIterator[Said]:
        try:
            async for said in self._source:
                line = None
                if isinstance(said, Heard):
                    line = self._lines.get(said.series.meaning)
                if line is None or not isinstance(said, Heard):
                    yield said
                    continue
                while line.turn.kept_ticks > MOST_KEPT:
                    line.released.clear()
                    await line.released.wait()
                for heard in line.turn.hear(said):
                    yield heard
                if line.turn.past:
                    line.wanted.set()
        finally:
            for line in self._lines.values():
                line.end()

    async def _past(
        self, line: _Line, knowing: "asyncio.Task[Mapping[Meaning, int]]"
    ) -> AsyncIterator[Said]:
        """Tell the history whenever it has its turn, then what was kept."""
        turn, series = line.turn, line.historian.series
        turn.told = (await asyncio.shield(knowing)).get(series.meaning)
        patience = self._gap
        if turn.told is None and series.measure is None:
            patience = self._beginning
        while True:
            try:
                async for heard in self._recalled(line, patience):
                    yield heard
            except Missing as reason:
                line.log("no history", reason=str(reason))
                until = turn.begins or self._now()
                line.late.put_nowait((self._since(line), until))
            for heard in turn.release():
                yield heard
            line.released.set()
            patience = self._gap
            while not turn.past:
                if line.over:
                    return
                line.wanted.clear()
                await line.wanted.wait()

    async def _late(self, line: _Line) -> AsyncIterator[Said]:
        """Tell of a vol what did not come in time; of a price that is over."""
        while (missed := await line.late.get()) is not None:
            if line.historian.series.measure is None:
                continue
            forever = float("inf")
            with contextlib.suppress(Missing):
                async for heard in _told(line.historian, *missed, forever, forever):
                    if len(heard.at):
                        yield _record(heard)
                line.log("history told late")

    async def _recalled(self, line: _Line, patience: Patience) -> AsyncIterator[Heard]:
        """Yield the history up to the live word, or to the present.

        Raises:
            Missing: it did not come in time.
        """
        turn, ticks = line.turn, 0
        deadline = asyncio.get_running_loop().time() + patience.total
        # More than once: while it is told, the live word may begin, and further on.
        for _ in range(_ROUNDS):
            now, since = self._now(), self._since(line)
            short = turn.told is not None and now - since < GAP_NS
            if short and (turn.joined or not turn.exact):
                break
            until = min(now, turn.begins or now)
            async for heard in _told(
                line.historian, since, until, patience.idle, deadline
            ):
                ticks += len(heard.at)
                for part in turn.remember(heard, now):
                    yield part
            if turn.joined:
                break
        if ticks:
            line.log("history told", ticks=ticks)

    def _since(self, line: _Line) -> int:
        back = round(line.historian.back_seconds * SECOND)
        return self._now() - back if line.turn.told is None else line.turn.told


async def _told(
    historian: Historian, since: int, until: int, idle: float, deadline: float
) -> AsyncIterator[Heard]:
    """Yield what a historian tells, however often it has to be asked.

    Args:
        historian: who.
        since: from when (ns UTC).
        until: until when (ns UTC).
        idle: seconds it may take to say anything further.
        deadline: when it has to be done, on the loop's clock.

    Raises:
        Missing: the venue will not tell, or not in time.
    """
    loop = asyncio.get_running_loop()
    backoff, limit = Backoff(first=0.5, cap=15), min(deadline, loop.time() + idle)
    while since < until:
        try:
            async with contextlib.aclosing(historian.tell(since, until)) as telling:
                while True:
                    async with asyncio.timeout_at(limit):
                        heard = await anext(telling, None)
                    if heard is None:
                        return
                    yield heard
                    # What is told is told: the next question goes on from here.
                    since = heard.end
                    limit = min(deadline, loop.time() + idle)
                    backoff.succeeded()
        except (Refused, OSError, Odd, msgspec.DecodeError) as error:
            wait = backoff.wait(getattr(error, "retry_after", None))
            if getattr(error, "permanent", False) or loop.time() + wait > limit:
                raise Missing(str(error) or type(error).__name__) from error
            await asyncio.sleep(wait)


def _record(heard: Heard) -> VolTicks:
    """Return a chapter that comes after what followed it, as it travels."""
    series = replace(heard.series, history=True)
    start = heard.since or 0
    stretch = Stretch(series, start, heard.end, heard.at, heard.value, heard.value)
    record = stretch.record()
    assert isinstance(record, VolTicks)  # noqa: S101 - prices come in time or never
    return record
