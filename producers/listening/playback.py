"""A capture played through the code that listens to the venue itself."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from producers.listening.capture import Entry, entries
from producers.listening.conversation import Conversation, Missed, Refused, Reply
from producers.listening.listener import Limits, Listener
from producers.source import SECOND, Said, Series
from streams.volatility.market_time import MarketClock


class Playback:
    """What a source said when a capture was made, and when.

    The messages go through the same conversations and listeners as live ones;
    each second of recorded time is a pulse, as it was then.

    Args:
        path: the capture.
        converse: begins the conversation of each feed in it.
        market: as it was.
        limits: as they were.
    """

    def __init__(
        self,
        path: Path,
        converse: Mapping[str, Callable[[], Conversation]],
        market: MarketClock,
        limits: Limits,
    ) -> None:
        self._path = path
        self._converse = converse
        self._market = market
        self._limits = limits
        self._vouched: dict[str, dict[Series, int]] = {}
        self._listeners: dict[str, Listener] = {}

    def __iter__(self) -> Iterator[tuple[int, Said]]:
        """Yield when, and what.

        Raises:
            ValueError: the file is no capture, or of another source.
        """
        pulse_at = 0
        for entry in entries(self._path):
            if entry.at >= pulse_at:
                for listener in self._listeners.values():
                    yield from ((entry.at, quiet) for quiet in listener.quiet())
                pulse_at = entry.at + SECOND
            yield from ((entry.at, said) for said in self._heard(entry))

    def _heard(self, entry: Entry) -> Iterator[Said]:
        frame = entry.frame
        if frame is None or entry.feed not in self._listeners:
            self._listeners[entry.feed] = self._listener(entry)
        if frame is None:
            return
        listener = self._listeners[entry.feed]
        try:
            for said in listener.hear([(entry.at, frame)], entry.feed):
                if not isinstance(said, Reply | Missed):
                    yield said
        except Refused:
            # The line was hung up here; what follows begins a new one.
            del self._listeners[entry.feed]

    def _listener(self, entry: Entry) -> Listener:
        begin = self._converse.get(entry.feed)
        if begin is None:
            raise ValueError(f"{self._path}: no feed {entry.feed!r} in this source")
        vouched = self._vouched.setdefault(entry.feed, {})
        return Listener(begin(), self._market, self._limits, entry.at, vouched)
