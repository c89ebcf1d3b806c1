"""What one connection has said so far, and whether it can still be believed."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Self

import numpy as np

from producers.listening.conversation import (
    Alive,
    Conversation,
    Frame,
    Meaning,
    Missed,
    Odd,
    Refused,
    Reply,
    Tick,
    unusable,
)
from producers.settings import LiveSource
from producers.source import SECOND, Heard, Reason, Said, Series, Unusable
from streams.events import ChainSnapshot
from streams.volatility.market_time import MarketClock

AHEAD_NS = 60 * SECOND
"""How far past our own clock a tick may be stamped. One from next year would be
believed to cover all until then, and shut out every tick that follows it."""


@dataclass(frozen=True, slots=True)
class Limits:
    """When a connection that is open is no longer good enough.

    Attributes:
        silence: seconds of market time without a tick or a chain before it is given up:
            feeds have stayed connected and said nothing for a day and a half.
        deaf: seconds without any sign of life, in any market.
        grace: seconds for which a tick may be on its way to us.
        settled: seconds after which a connection lasts, and with data is healthy.
    """

    silence: float = 60.0
    deaf: float = 15.0
    grace: float = 2.0
    settled: float = 10.0

    @classmethod
    def told(cls, settings: LiveSource) -> Self:
        """Return what a venue's table in the configuration says."""
        return cls(
            silence=settings.silence.total_seconds(),
            deaf=settings.deaf.total_seconds(),
            grace=settings.grace.total_seconds(),
        )


class Listener:
    """Turns the messages of one connection into what a source says.

    The first tick of a series on a connection says ``since``: what came before
    it, nobody heard. (Unless it is the venue repeating its last one: then
    nobody heard what came before the connection.) From then on the listener
    vouches for its quiet, up to the last sign of life, and never further: a
    socket that is half open is not a market that stands still.

    Args:
        conversation: the venue's part.
        market: whose time counts as silence.
        limits: how much of it.
        opened: the wall clock (ns UTC).
        vouched: until when each series is vouched for; outlives connections.
    """

    def __init__(
        self,
        conversation: Conversation,
        market: MarketClock,
        limits: Limits,
        opened: int,
        vouched: dict[Series, int],
    ) -> None:
        self.conversation = conversation
        self._market = market
        self._limits = limits
        self._opened = opened
        self._ticked = opened
        self.alive = opened
        """When there was last a sign of life (ns UTC)."""
        self.heard_data = False
        self._vouched = vouched
        self._spoken: set[Series] = set()

    def again(self, opened: int) -> "Listener":
        """Return one for the next connection, which is still owed a tick.

        It knows what was said before: the same once more is not taken for news.

        Args:
            opened: the wall clock (ns UTC).
        """
        again = Listener(
            self.conversation, self._market, self._limits, opened, self._vouched
        )
        again._ticked = self._ticked
        return again

    def hear(
        self, frames: Iterable[tuple[int, Frame]], source: str
    ) -> Iterator[Said | Reply | Missed]:
        """Yield what messages mean; the ticks of a series come together.

        Args:
            frames: when each came (ns UTC), and it.
            source: whom to name if one cannot be used.

        Raises:
            Refused: the venue says no; what it said before has been yielded.
        """
        ticks: dict[Series, list[Tick]] = {}
        # Ticks of one series follow each other, and a lookup each would show.
        series, column = None, list[Tick]()
        refused: Refused | None = None
        for received, frame in frames:
            self.alive = max(self.alive, received)
            try:
                for meaning in self._meanings(frame, received, source):
                    if isinstance(meaning, Tick):
                        if meaning.series is not series:
                            series = meaning.series
                            column = ticks.setdefault(series, [])
                        column.append(meaning)
                        continue
                    series = None  # its column may be told now
                    yield from self._apart(meaning, received, ticks)
            except Refused as error:
                refused = error
                break
        for series in list(ticks):
            yield from self._column(series, ticks)
        if refused is not None:
            raise refused

    def quiet(self) -> Iterator[Heard]:
        """Yield, for every series that spoke, that there was nothing else."""
        until = self.alive - round(self._limits.grace * SECOND)
        for series in self._spoken:
            if until > self._vouched[series]:
                self._vouched[series] = until
                yield _nothing(series, until)

    def complaint(self, now: int) -> str | None:
        """Return why the connection should be given up; None while it is well."""
        if now - self.alive > self._limits.deaf * SECOND:
            return "no sign of life"
        span = np.array([self._ticked, max(now, self._ticked)], np.int64)
        silent = int(self._market.elapsed(span[:1], span[1:])[0])
        if silent > self._limits.silence * SECOND:
            return "no tick while its market is open"
        return None

    def lasts(self, now: int) -> bool:
        """Say whether the connection has stood for a while."""
        return now - self._opened > self._limits.settled * SECOND

    def healthy(self, now: int) -> bool:
        """Say whether it gave data, and has for a while."""
        return self.heard_data and self.lasts(now)

    def _meanings(self, frame: Frame, received: int, source: str) -> Iterable[Meaning]:
        try:
            return [
                _early(meaning, frame, source)
                if isinstance(meaning, Tick) and meaning.at > received + AHEAD_NS
                else meaning
                for meaning in self.conversation.hear(frame, received)
            ]
        except Refused:
            raise
        except Exception as error:  # noqa: BLE001 - a bad message ends no connection
            return [unusable(source, error, _raw(frame))]

    def _apart(
        self,
        meaning: Missed | Alive | Reply | Heard | ChainSnapshot | Unusable,
        received: int,
        ticks: dict[Series, list[Tick]],
    ) -> Iterator[Said | Reply | Missed]:
        """Yield what a meaning that is no tick comes to."""
        if isinstance(meaning, Alive):
            yield from self._noted(meaning.series, received)
            return
        if isinstance(meaning, Missed):
            yield from self._column(meaning.series, ticks)
            self._spoken.discard(meaning.series)
        elif isinstance(meaning, Heard):
            yield from self._column(meaning.series, ticks)
            self._mark(meaning)
        elif isinstance(meaning, ChainSnapshot):
            self._speaks()
        yield meaning

    def _column(
        self, series: Series, ticks: dict[Series, list[Tick]]
    ) -> Iterator[Heard]:
        rows = ticks.pop(series, None)
        if not rows:
            return
        sizes = [row.size for row in rows]
        heard = Heard(
            series,
            np.array([row.at for row in rows], np.int64),
            np.array([row.value for row in rows], np.float64),
            None if None in sizes else np.array(sizes, np.float64),
            since=self._since(series, min(row.at for row in rows)),
        )
        self._mark(heard)
        yield heard

    def _since(self, series: Series, first: int) -> int | None:
        if series in self._spoken:
            return None
        return first if first >= self._vouched.get(series, 0) else self._opened

    def _speaks(self) -> None:
        self.heard_data = True
        self._ticked = max(self._ticked, self.alive)

    def _mark(self, heard: Heard) -> None:
        self._speaks()
        self._spoken.add(heard.series)
        last = int(heard.at.max()) + 1 if len(heard.at) else 0
        known = self._vouched.get(heard.series, 0)
        self._vouched[heard.series] = max(known, last, heard.until or 0)

    def _noted(self, series: Series, received: int) -> Iterator[Heard]:
        if self.complaint(received) is not None:
            return  # what stands still for so long is not vouched for any more
        self.heard_data = True
        if series not in self._spoken:
            self._spoken.add(series)
            self._vouched[series] = max(received, self._vouched.get(series, 0))
            yield _nothing(series, received, since=received)


def _early(tick: Tick, frame: Frame, source: str) -> Unusable:
    detail = f"stamped {tick.at} ns, which is yet to come"
    odd = Odd(Reason.FAR_FUTURE, detail, tick.series.symbol)
    return unusable(source, odd, _raw(frame))


def _raw(frame: Frame) -> bytes:
    return frame.encode(errors="replace") if isinstance(frame, str) else frame


def _nothing(series: Series, until: int, since: int | None = None) -> Heard:
    empty = np.empty(0, np.int64)
    return Heard(series, empty, empty.astype(np.float64), until=until, since=since)
