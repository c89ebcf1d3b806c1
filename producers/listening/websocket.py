"""The loop that owns a websocket: connect, listen, hang up, try again."""

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field

import structlog
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException
from websockets.frames import CloseCode

from producers import metrics
from producers.listening.backoff import Backoff
from producers.listening.bucket import TokenBucket
from producers.listening.capture import NO_CAPTURE, Capture
from producers.listening.conversation import (
    Conversation,
    Frame,
    HungUp,
    Missed,
    Refused,
    Reply,
    Silent,
)
from producers.listening.failure import failure
from producers.listening.listener import Limits, Listener
from producers.listening.standing import Standing
from producers.source import SECOND, Heard, Said, Series, Unusable
from streams.volatility.market_time import MarketClock

log = structlog.get_logger(__name__)

PULSE_SECONDS = 1.0
"""How often a quiet feed is asked whether it still lives, and vouched for."""

INBOX_FRAMES = 10_000
"""Frames read ahead of us; then the venue has to wait."""


@dataclass(slots=True)
class WebSocketLine:
    """One websocket to one venue, for as long as anybody listens.

    Attributes:
        feed: its name in logs and metric labels.
        url: where.
        converse: begins the venue's part, anew for every connection.
        market: whose silence counts.
        limits: how much of it.
        repeat: seconds after which what opened the connection is said again.
        bucket: how fast we may speak.
        now: wall clock (ns UTC).
        sleep: how to wait between attempts.
        capture: keeps what comes, as it comes.
    """

    feed: str
    url: str
    converse: Callable[[], Conversation]
    market: MarketClock
    limits: Limits = field(default_factory=Limits)
    repeat: float | None = None
    bucket: TokenBucket = field(default_factory=lambda: TokenBucket(3, burst=3))
    now: Callable[[], int] = time.time_ns
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    backoff: Backoff = field(default_factory=Backoff)
    capture: Capture = NO_CAPTURE
    _vouched: dict[Series, int] = field(default_factory=dict)
    _standing: Standing = field(init=False)

    def __post_init__(self) -> None:
        self._standing = Standing(self.feed)

    async def __aiter__(self) -> AsyncIterator[Said]:
        """Listen for ever; a connection that ends is made again."""
        while True:
            try:
                async with contextlib.aclosing(self._session()) as session:
                    async for said in session:
                        yield said
            except (Refused, OSError, WebSocketException) as error:
                failed = failure(error)
                wait, down = self._standing.fails(failed, self.backoff, self.now())
                yield down
                await self.sleep(wait)

    async def _session(self) -> AsyncGenerator[Said, None]:
        # Pings are ours: a pong is a sign of life, and the library keeps it quiet.
        async with connect(
            self.url,
            open_timeout=10,
            close_timeout=1,
            ping_interval=None,
            max_size=32 * 1024 * 1024,
        ) as socket:
            conversation = self.converse()
            self.capture.opened(self.feed, self.now())
            await self._open(conversation, socket)
            inbox = _Inbox(socket, self.now)
            async with inbox:
                async for said in self._listen(conversation, socket, inbox):
                    yield said
            raise HungUp(_parting(socket))

    async def _open(self, conversation: Conversation, socket: ClientConnection) -> None:
        for frame in conversation.open():
            await self.bucket.take()
            await socket.send(frame)

    async def _listen(
        self, conversation: Conversation, socket: ClientConnection, inbox: "_Inbox"
    ) -> AsyncGenerator[Said, None]:
        listener = Listener(
            conversation, self.market, self.limits, self.now(), self._vouched
        )
        pulse_at = self.now() + round(PULSE_SECONDS * SECOND)
        repeat_at = self.now() + round((self.repeat or 0) * SECOND)
        while not inbox.over:
            frames = await inbox.take(PULSE_SECONDS)
            async for said in self._take(listener, socket, frames):
                yield said
            now = self.now()
            if now >= pulse_at:
                pulse_at = now + round(PULSE_SECONDS * SECOND)
                listener.alive = max(listener.alive, inbox.alive)
                for quiet in self._pulse(listener, now):
                    yield quiet
                await inbox.ping()
            if self.repeat is not None and now >= repeat_at:
                repeat_at = now + round(self.repeat * SECOND)
                await self._open(conversation, socket)

    async def _take(
        self,
        listener: Listener,
        socket: ClientConnection,
        frames: list[tuple[int, Frame]],
    ) -> AsyncGenerator[Said, None]:
        metrics.MESSAGES.labels(self.feed).inc(len(frames))
        for received, frame in frames:
            self.capture.heard(self.feed, received, frame)
        for said in listener.hear(frames, self.feed):
            if isinstance(said, Reply):
                await socket.send(said.frame)
            elif isinstance(said, Missed):
                metrics.MISSED.labels(self.feed, said.series.symbol).inc(said.ticks)
            else:
                if not isinstance(said, Unusable):
                    for up in self._standing.stands(self.now()):
                        yield up
                self._note(said, listener.alive)
                yield said

    def _pulse(self, listener: Listener, now: int) -> Iterator[Said]:
        yield from listener.quiet()
        complaint = listener.complaint(now)
        if complaint is not None:
            raise Silent(complaint)
        if listener.lasts(now):  # a market that is shut gives no data
            yield from self._standing.stands(now)
        if listener.healthy(now):
            self.backoff.succeeded()

    def _note(self, said: Said, received: int) -> None:
        if isinstance(said, Unusable):
            metrics.UNUSABLE.labels(self.feed, said.reason).inc(said.count)
        elif isinstance(said, Heard) and len(said.at):
            metrics.LAG.labels(self.feed).set((received - int(said.at[-1])) / SECOND)


def _parting(socket: ClientConnection) -> str:
    """Return how a connection ended, in the venue's words if it had any."""
    if socket.close_code == CloseCode.ABNORMAL_CLOSURE:
        return "the connection broke"
    words = socket.close_reason
    return f"the venue hung up: {words}" if words else "the venue hung up"


class _Inbox:
    """Reads a socket as frames come, so that they can be taken all at once."""

    def __init__(self, socket: ClientConnection, now: Callable[[], int]) -> None:
        self._socket = socket
        self._now = now
        self.frames: deque[tuple[int, Frame]] = deque()
        self._news = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()
        self.closed = False
        self.alive = 0
        """When a ping was last answered (ns UTC)."""
        self._pong: Awaitable[float] | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def over(self) -> bool:
        """Whether the connection has ended and all of it has been taken."""
        return self.closed and not self.frames

    async def __aenter__(self) -> None:
        self._task = asyncio.create_task(self._read())

    async def __aexit__(self, *_: object) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def take(self, within: float) -> list[tuple[int, Frame]]:
        """Return all frames there are; wait for the first, but not for long."""
        if not self.frames and not self.closed:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._news.wait(), within)
        taken = list(self.frames)
        self.frames.clear()
        self._news.clear()
        self._room.set()
        return taken

    async def ping(self) -> None:
        """Ask for a sign of life, unless the last one is still awaited."""
        if self._pong is not None:
            return
        with contextlib.suppress(WebSocketException):
            pong = asyncio.ensure_future(await self._socket.ping())
            self._pong = pong
            pong.add_done_callback(self._answered)

    def _answered(self, pong: "asyncio.Future[float]") -> None:
        self._pong = None
        if not pong.cancelled() and pong.exception() is None:
            self.alive = self._now()

    async def _read(self) -> None:
        try:
            async for frame in self._socket:
                self.frames.append((self._now(), frame))
                self._news.set()
                if len(self.frames) >= INBOX_FRAMES:
                    self._room.clear()
                    await self._room.wait()
        except WebSocketException as error:
            log.info("the connection broke", detail=str(error))
        finally:
            self.closed = True
            self._news.set()
