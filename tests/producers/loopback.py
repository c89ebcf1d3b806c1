"""Venues on loopback: real sockets, real frames, whatever behaviour a test wants."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import msgspec
from aiohttp import web
from websockets.asyncio.server import ServerConnection, serve

from producers.source import Said, Source
from streams.events import FeedState

Talk = Callable[["Call"], Awaitable[None]]


@dataclass
class Call:
    """One connection as the venue sees it."""

    number: int
    socket: ServerConnection
    heard: list[Any] = field(default_factory=list)

    async def hear(self) -> Any:  # noqa: ANN401 - any JSON
        """Return the next message, decoded."""
        message = msgspec.json.decode(await self.socket.recv())
        self.heard.append(message)
        return message

    async def say(self, *messages: object) -> None:
        """Send each as JSON; text and bytes go as they are."""
        for message in messages:
            raw = message if isinstance(message, str | bytes) else None
            await self.socket.send(raw or msgspec.json.encode(message).decode())

    async def hang(self) -> None:
        """Say nothing more; the connection stays."""
        await self.socket.wait_closed()


@dataclass
class Exchange:
    """A websocket venue."""

    url: str
    calls: list[Call]


@contextlib.asynccontextmanager
async def exchange(talk: Talk, **options: Any) -> AsyncIterator[Exchange]:  # noqa: ANN401 - passed on
    """Run a venue that talks like `talk` on every connection."""
    calls: list[Call] = []

    async def answer(socket: ServerConnection) -> None:
        call = Call(len(calls), socket)
        calls.append(call)
        await talk(call)

    async with serve(answer, "127.0.0.1", 0, ping_interval=None, **options) as server:
        port = server.sockets[0].getsockname()[1]
        yield Exchange(f"ws://127.0.0.1:{port}", calls)


@dataclass
class Site:
    """An HTTP venue."""

    url: str
    asked: list[str]


@contextlib.asynccontextmanager
async def site(
    answer: Callable[[web.Request], Awaitable[web.StreamResponse]],
) -> AsyncIterator[Site]:
    """Run a venue that answers every request with `answer`."""
    asked: list[str] = []

    async def handle(request: web.Request) -> web.StreamResponse:
        asked.append(request.path_qs)
        return await answer(request)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    port = runner.addresses[0][1]
    try:
        yield Site(f"http://127.0.0.1:{port}", asked)
    finally:
        await runner.cleanup()


async def said_by(
    source: Source,
    until: Callable[[list[Said]], bool],
    within: float = 10,
    *,
    states: bool = False,
) -> list[Said]:
    """Return what a source says until `until` is content with it.

    Whether its feeds are up is left out, unless `states` are wanted.
    """
    said: list[Said] = []
    saying = aiter(source)
    try:
        async with asyncio.timeout(within):
            async for each in saying:
                if states or not isinstance(each, FeedState):
                    said.append(each)
                if until(said):
                    return said
    except TimeoutError:
        raise AssertionError(f"after {within} s only {said}") from None
    finally:
        if isinstance(saying, AsyncGenerator):
            await saying.aclose()
    raise AssertionError(f"it ended after {said}")
