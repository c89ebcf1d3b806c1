"""A cable between clients and their broker, which a test may cut, pinch or prolong."""

import asyncio
import contextlib
import socket
import struct
import threading
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Self

from streams.settings import Kafka

HOST = "127.0.0.1"
_ABORT = struct.pack("ii", 1, 0)
"""SO_LINGER of no seconds: closing is a reset."""

Receive = Callable[[], Awaitable[bytes]]


class _Line:
    """One connection through the cable: what comes in at one end leaves at the other.

    Made in the cable's loop, and touched only there.
    """

    def __init__(
        self, client: asyncio.StreamWriter, broker: asyncio.StreamWriter
    ) -> None:
        self.ends = client, broker
        self.passable = asyncio.Event()
        self.passable.set()
        self._clock = asyncio.get_running_loop().time

    async def carry(
        self, receive: Receive, to: asyncio.StreamWriter, delay: Callable[[], float]
    ) -> None:
        """Carry one way until either end hangs up."""
        under_way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()

        async def hand_out() -> None:
            while True:
                due, data = await under_way.get()
                await asyncio.sleep(max(0.0, due - self._clock()))
                await self.passable.wait()
                to.write(data)
                await to.drain()

        handing = asyncio.ensure_future(hand_out())
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            try:
                while data := await receive():
                    under_way.put_nowait((self._clock() + delay(), data))
            finally:
                handing.cancel()
                await asyncio.gather(handing, return_exceptions=True)
        # What hangs up is not heard of either while nothing comes through.
        await self.passable.wait()
        self.reset()

    def reset(self) -> None:
        """End it at once, as if somebody had pulled the plug."""
        for end in self.ends:
            wire = end.get_extra_info("socket")
            with contextlib.suppress(OSError):
                wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _ABORT)
            end.transport.abort()


class Cable:
    """A TCP proxy before a broker, on a thread and a loop of its own.

    Whoever asks a Kafka broker where it is would go round the cable; so in each
    of its answers our port stands in place of its own, which is just as long.

    Args:
        port: where the broker listens.

    Attributes:
        port: where the cable begins.
        delay: seconds that everything takes, each way.
        calls: how many connections there have been.
    """

    def __init__(self, port: int) -> None:
        self.port = 0
        self.delay = 0.0
        self.calls = 0
        self._broker = port
        self._pinched = False
        self._lines: set[_Line] = set()
        self._ready = threading.Event()
        self._thread = threading.Thread(
            target=lambda: asyncio.run(self._serve()), name="cable"
        )

    def __enter__(self) -> Self:
        """Take calls."""
        self._thread.start()
        assert self._ready.wait(10)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Hang up."""
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join()

    def before(self, kafka: Kafka) -> Kafka:
        """Return the way to the same broker through this cable."""
        return kafka.model_copy(update={"bootstrap_servers": f"{HOST}:{self.port}"})

    def cut(self) -> None:
        """Reset every connection; new ones are taken."""
        self._loop.call_soon_threadsafe(self._cut)

    def pinch(self) -> None:
        """Let nothing through, and say so to neither end."""
        self._loop.call_soon_threadsafe(self._pinch)

    def release(self) -> None:
        """Let through what was held back, and what follows."""
        self._loop.call_soon_threadsafe(self._release)

    def forget(self) -> None:
        """Let nothing through on what is connected now, ever again.

        So does a firewall that was restarted: new connections work.
        """
        self._loop.call_soon_threadsafe(self._forget)

    def _cut(self) -> None:
        for line in self._lines:
            line.reset()

    def _pinch(self) -> None:
        self._pinched = True
        self._forget()

    def _forget(self) -> None:
        for line in self._lines:
            line.passable.clear()

    def _release(self) -> None:
        self._pinched = False
        for line in self._lines:
            line.passable.set()

    async def _serve(self) -> None:
        self._loop, self._over = asyncio.get_running_loop(), asyncio.Event()
        server = await asyncio.start_server(self._answer, HOST, 0)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._over.wait()
        server.close()
        self._release()
        self._cut()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        await asyncio.gather(*others, return_exceptions=True)

    async def _answer(
        self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter
    ) -> None:
        self.calls += 1
        try:
            broker, to_broker = await asyncio.open_connection(HOST, self._broker)
        except OSError:
            to_client.transport.abort()
            return
        theirs, ours = (
            HOST.encode() + struct.pack(">i", port)
            for port in (self._broker, self.port)
        )

        async def question() -> bytes:
            return await client.read(65_536)

        async def answer() -> bytes:
            # Whole: what is to be replaced may be anywhere in it.
            size = await broker.readexactly(4)
            body = await broker.readexactly(int.from_bytes(size))
            return size + body.replace(theirs, ours)

        line = _Line(to_client, to_broker)
        if self._pinched:
            line.passable.clear()
        self._lines.add(line)
        try:
            await asyncio.gather(
                line.carry(question, to_broker, lambda: self.delay),
                line.carry(answer, to_client, lambda: self.delay),
            )
        finally:
            line.reset()
            self._lines.discard(line)
