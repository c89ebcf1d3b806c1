"""The loop that asks a venue which has no stream, again and again."""

import asyncio
import math
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field

from producers import metrics
from producers.listening.backoff import Backoff
from producers.listening.capture import NO_CAPTURE, Capture
from producers.listening.conversation import (
    Conversation,
    Missed,
    Refused,
    Reply,
    Silent,
)
from producers.listening.failure import failure
from producers.listening.fetching import Fetcher
from producers.listening.listener import Limits, Listener
from producers.listening.standing import Standing
from producers.source import SECOND, Said, Series, Unusable
from streams.volatility.market_time import MarketClock

PULSE_SECONDS = 1.0
"""How often the quiet between two questions is vouched for."""


@dataclass(slots=True)
class PollingLine:
    """One address that is asked on a cadence.

    What an answer says counts from when we first saw it: between two questions
    nothing can become known, so the quiet is vouched for up to this moment,
    and a feed asked once a minute holds no other leg back.

    Attributes:
        feed: its name in logs and metric labels.
        url: what to ask.
        converse: the venue's part; made anew after a failure, so that what still
            holds is said again.
        market: whose silence counts.
        cadence: seconds until the next question, at a wall clock (ns UTC).
        fetcher: how to ask.
        limits: how much silence.
        now: wall clock (ns UTC).
        sleep: how to wait.
        capture: keeps what comes, as it comes.
    """

    feed: str
    url: str
    converse: Callable[[], Conversation]
    market: MarketClock
    cadence: Callable[[int], float]
    fetcher: Fetcher = field(default_factory=Fetcher)
    limits: Limits = field(default_factory=lambda: Limits(silence=1200, grace=0))
    now: Callable[[], int] = time.time_ns
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    backoff: Backoff = field(default_factory=lambda: Backoff(first=5, cap=900))
    capture: Capture = NO_CAPTURE
    _vouched: dict[Series, int] = field(default_factory=dict)
    _listener: Listener | None = None
    _stuck: Listener | None = None
    """Who heard the same for too long; whatever else fails meanwhile, only news
    ends that."""
    _standing: Standing = field(init=False)

    def __post_init__(self) -> None:
        self._standing = Standing(self.feed)

    async def __aiter__(self) -> AsyncIterator[Said]:
        """Ask for ever."""
        while True:
            try:
                body = await self.fetcher.get(self.url)
                for said in self._heard(body):
                    yield said
                wait = self.cadence(self.now())
                self.backoff.succeeded()
            except (Refused, OSError) as error:
                # Nobody listens until it works again: a gap, not a quiet market.
                self._listener = None
                now, most = self.now(), math.inf
                if self._stuck is not None and isinstance(error, Silent):
                    most = self.cadence(now)  # it does answer, if only the same
                failed = failure(error)
                wait, down = self._standing.fails(failed, self.backoff, now, most)
                yield down
            async for quiet in self._quiet(wait):
                yield quiet

    def _heard(self, body: bytes) -> Iterator[Said]:
        received = self.now()
        if self._listener is None:
            self.capture.opened(self.feed, received)
            self._listener = self._begun(received)
        self.capture.heard(self.feed, received, body)
        metrics.MESSAGES.labels(self.feed).inc()
        for said in self._listener.hear([(received, body)], self.feed):
            if isinstance(said, Reply | Missed):
                continue
            if isinstance(said, Unusable):
                metrics.UNUSABLE.labels(self.feed, said.reason).inc(said.count)
            else:
                yield from self._standing.stands(received)
            yield said
        complaint = self._listener.complaint(received)
        if complaint is not None:
            self._stuck = self._listener
            raise Silent(complaint)
        if not self._listener.heard_data:
            raise Silent("its answer holds nothing of use")
        self._stuck = None

    def _begun(self, received: int) -> Listener:
        if self._stuck is not None:
            return self._stuck.again(received)
        return Listener(
            self.converse(), self.market, self.limits, received, self._vouched
        )

    async def _quiet(self, wait: float) -> AsyncIterator[Said]:
        until = self.now() + round(wait * SECOND)
        while (left := (until - self.now()) / SECOND) > 0:
            await self.sleep(min(PULSE_SECONDS, left))
            if self._listener is not None:
                self._listener.alive = self.now()
                for still in self._standing.stands(self.now()):
                    yield still
                for quiet in self._listener.quiet():
                    yield quiet
