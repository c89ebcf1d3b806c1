"""Reads the topics once, and tells every viewer what is new."""

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import msgspec
import structlog
from aiokafka.errors import KafkaError

from streams.settings import Kafka, Pair
from volcross.commands.status import FOLLOWED
from volcross.page.history import points
from volcross.page.markets import Markets
from volcross.running.provisioning import Unreachable
from volcross.watching.board import Board, transition
from volcross.watching.lag import lags
from volcross.watching.lights import connected, lit
from volcross.watching.missing import missing
from volcross.watching.observer import Observer
from volcross.watching.report import (
    alert,
    readings,
    silences,
    spread,
    term_structure,
)
from volcross.watching.structure import structures

log = structlog.get_logger(__name__)

TAIL = 2_000
"""Records read back at the start, from each partition: the last hours."""

PERIOD_SECONDS = 0.25
"""Between two messages to the viewers."""

ROWS_PER_MESSAGE = 80

BACKLOG = 40
"""Messages kept for a viewer that does not keep up; past it he starts afresh."""


class Follower:
    """What the page knows, and who is watching.

    Attributes:
        board: what the topics say.
        waiting: records each agent has yet to take in.
        markets: when each symbol's is open.
        why_not_ready: why what is shown may be old, None when all is well.
    """

    def __init__(
        self,
        kafka: Kafka,
        *,
        replayed: bool = False,
        clocks: Mapping[str, str] = MappingProxyType({}),
        pairs: Sequence[Pair] = (),
        clock: Callable[[], int] = time.time_ns,
    ) -> None:
        """Follow a cluster.

        Args:
            kafka: the cluster.
            replayed: the market shown is a recorded one: ages count from how
                far it has come, not from today.
            clocks: the market clock's name of each symbol.
            pairs: what is compared.
            clock: wall clock (ns UTC).
        """
        self.board = Board()
        self.waiting: dict[str, int] = {}
        self.markets = Markets(clocks)
        self.replayed = replayed
        self._pairs = pairs
        self._kafka = kafka
        self._clock = clock
        self._viewers: set[asyncio.Queue[bytes | None]] = set()
        self._sent: dict[tuple[str, str], int] = {}
        self._told: set[tuple[str, str]] = set()
        self._state: dict[str, Any] = {}
        self._number = 0
        self.why_not_ready: str | None = "the topics were not read yet"

    @property
    def now(self) -> int:
        """The time that ages are counted to (ns UTC)."""
        return self.board.now if self.replayed else self._clock()

    async def run(self) -> None:
        """Follow the topics until cancelled, however often the broker goes away."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.markets.load())
            await self._follow_again_and_again()

    async def _follow_again_and_again(self) -> None:
        wait = 0.5
        while True:
            try:
                async with Observer(self._kafka, FOLLOWED, TAIL) as observer:
                    wait = 0.5
                    await self._follow(observer)
            except (Unreachable, KafkaError, OSError) as error:
                # What the client library says of it is for the log, not for a page.
                broker = self._kafka.bootstrap_servers
                self.why_not_ready = f"no Kafka broker answers at {broker}"
                log.warning("broker away", reason=str(error), retry_in_seconds=wait)
                self.tell(self.message())
                await asyncio.sleep(wait)
                wait = min(10.0, wait * 2)

    async def _follow(self, observer: Observer) -> None:
        while await observer.behind():
            for _, _, event in await observer.read():
                self.board.apply(event)
        self._skip_what_is_history()
        looked = 0.0
        while True:
            began = time.monotonic()
            for _, _, event in await observer.read(PERIOD_SECONDS):
                self.board.apply(event)
            # aiokafka reads on in silence when its broker is gone; asking for
            # the ends is what fails.
            if began - looked >= 1.0:
                looked = began
                async with asyncio.timeout(10):
                    self.waiting = await lags(self.board, observer)
                self.why_not_ready = None
            self.tell(self.message())
            spent = time.monotonic() - began
            await asyncio.sleep(max(0.0, PERIOD_SECONDS - spent))

    def _skip_what_is_history(self) -> None:
        for key, line in self.board.spreads.items():
            self._sent[key] = line.at[-1] if line.at else 0
        self._told = self._transitions()

    def message(self) -> dict[str, Any]:
        """Return what is new since the last message; marks it as told."""
        rows = []
        for key, line in self.board.spreads.items():
            known = self._sent.get(key, 0)
            if line.at and line.at[-1] > known:
                new = points(line, since=known + 1, count=ROWS_PER_MESSAGE)
                rows.append({"pair": key[0], "comparison": key[1], **new.plain()})
                self._sent[key] = line.at[-1]
        known_alerts, self._told = self._told, self._transitions()
        alerts = [
            alert(each)
            for each in self.board.alerts
            if transition(each) not in known_alerts
        ]
        known_state, self._state = self._state, self.state()
        changed = {
            key: value
            for key, value in self._state.items()
            if known_state.get(key) != value
        }
        return {"rows": rows, "alerts": alerts, **changed}

    def _transitions(self) -> set[tuple[str, str]]:
        return {transition(each) for each in self.board.alerts}

    def state(self) -> dict[str, Any]:
        """Return everything but the history."""
        now = self.now
        return {
            "now_ms": now // 1_000_000,
            "replayed": self.replayed,
            "ready": self.why_not_ready is None,
            "reason": self.why_not_ready,
            "spreads": [spread(line) for _, line in sorted(self.board.spreads.items())],
            "missing": [one._asdict() for one in missing(self.board, self._pairs)],
            "feeds": [
                lit(feed, now, is_open=self.markets.is_open(feed.symbol, now))
                for _, feed in sorted(self.board.feeds.items())
            ],
            "connections": [
                connected(state, self._clock())
                for _, state in sorted(self.board.connections.items())
            ],
            "readings": readings(self.board),
            "silences": silences(self.board, self._clock()),
            "term_structures": [term_structure(one) for one in structures(self.board)],
            "waiting": self.waiting,
        }

    def tell(self, message: dict[str, Any]) -> None:
        """Hand a message to every viewer; let go of those that do not keep up."""
        if not self._viewers:
            return
        # Written once, whoever watches.
        self._number += 1
        raw = self._written(message)
        for viewer in list(self._viewers):
            try:
                viewer.put_nowait(raw)
            except asyncio.QueueFull:
                self._viewers.discard(viewer)
                viewer.get_nowait()
                viewer.put_nowait(None)

    def _written(self, message: dict[str, Any]) -> bytes:
        return b"id: %d\ndata: %b\n\n" % (self._number, msgspec.json.encode(message))

    async def watch(self) -> AsyncGenerator[bytes, None]:
        """Yield messages, ready for the wire, until the viewer falls behind.

        The first says how everything stands, each further one what has changed.
        """
        queue: asyncio.Queue[bytes | None] = asyncio.Queue(BACKLOG)
        self._viewers.add(queue)
        try:
            yield self._written({"rows": [], "alerts": [], **self._state})
            while (raw := await queue.get()) is not None:
                yield raw
        finally:
            self._viewers.discard(queue)

    async def hang_up(self) -> None:
        """Let every viewer go, so that the server can stop."""
        for viewer in list(self._viewers):
            with contextlib.suppress(asyncio.QueueFull):
                viewer.put_nowait(None)
        self._viewers.clear()
