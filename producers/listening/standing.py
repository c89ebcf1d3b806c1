"""Whether a feed stands: for its log, for Prometheus, for whoever looks on."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import structlog

from producers import metrics
from producers.listening.backoff import Backoff
from producers.listening.failure import Failure
from producers.source import SECOND
from streams.events import FeedState

log = structlog.get_logger(__name__)

REPEAT_SECONDS = 60
"""How often a feed says that it is still up. One whose producer was killed says
nothing, and without a repetition its last word would stand for ever."""

NO_KEY = "no_key"
"""Why a feed is down whose venue wants to know who asks; no attempt mends that."""


@dataclass(slots=True)
class Standing:
    """How one feed stands.

    Attributes:
        feed: its name in logs, in metric labels and on ``feeds``.
    """

    feed: str
    _up: bool = False
    _since: int | None = None
    _told: int = 0

    def __post_init__(self) -> None:
        metrics.CONNECTED.labels(self.feed).set(0)

    def stands(self, now: int) -> Iterator[FeedState]:
        """Note that data came, or might; yield that it is up, if that is due.

        Args:
            now: the wall clock (ns UTC).
        """
        if not self._up or self._since is None:
            self._up, self._since = True, now
            metrics.CONNECTED.labels(self.feed).set(1)
            log.info("feed up", feed=self.feed)
        elif now - self._told < REPEAT_SECONDS * SECOND:
            return
        self._told = now
        yield FeedState(feed=self.feed, up=True, at=now, since=self._since)

    def locked(self, detail: str, now: int) -> FeedState:
        """Note that the venue will not be asked; return what to say of it.

        Args:
            detail: what is missing.
            now: the wall clock (ns UTC).
        """
        self._since = self._since or now
        return FeedState(
            feed=self.feed,
            up=False,
            at=now,
            since=self._since,
            reason=NO_KEY,
            detail=detail,
        )

    def fails(
        self, failure: Failure, backoff: Backoff, now: int, most: float = math.inf
    ) -> tuple[float, FeedState]:
        """Note that an attempt failed; return the seconds to wait, and what to say.

        Args:
            failure: how.
            backoff: how long to wait. What will hardly help waits longest.
            now: the wall clock (ns UTC).
            most: seconds to wait at most.
        """
        least = max(failure.retry_after or 0.0, failure.permanent * backoff.cap)
        wait = min(most, backoff.wait(least))
        if self._up or self._since is None:
            self._up, self._since = False, now
        metrics.CONNECTED.labels(self.feed).set(0)
        metrics.RECONNECTS.labels(self.feed, failure.reason).inc()
        log.warning(
            "feed down, will try again",
            feed=self.feed,
            reason=failure.reason,
            detail=failure.detail,
            attempts=backoff.failures,
            wait_seconds=round(wait, 1),
        )
        return wait, FeedState(
            feed=self.feed,
            up=False,
            at=now,
            since=self._since,
            reason=failure.reason,
            detail=failure.detail,
            attempts=backoff.failures,
            next_try=now + round(wait * SECOND),
        )
