"""Other rules without a restart: the file is read again when it has changed.

What has changed is seen by its content and not by a signal, which in a
container has nobody to send it, nor by its time, which a mounted file may not
have. Rules that cannot be used change nothing: those in force stay.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import NamedTuple

import structlog

from alerts import metrics
from alerts.judging.rule import Rule
from alerts.judging.rulebook import Rulebook, clocks_of
from alerts.settings import AlertSettings
from streams.settings import StreamSettings
from streams.volatility.market_time import MarketClock

EVERY_SECONDS = 2.0

_log = structlog.get_logger()


class Reread(NamedTuple):
    """What the file says now.

    Attributes:
        streams: what there is to watch.
        alerts: what to watch for.
        not_yet: what else has changed, and takes a restart.
    """

    streams: StreamSettings
    alerts: AlertSettings
    not_yet: list[str]


Reader = Callable[[], Reread | None]
"""Reads the file; None: nothing has changed. Raises ValueError: it cannot be used."""


async def follow_file(
    read: Reader,
    book: Rulebook,
    withdraw: Callable[[Iterable[Rule]], Awaitable[object]],
    every: float = EVERY_SECONDS,
) -> None:
    """Keep the book as the file says, until cancelled.

    Args:
        read: reads the file.
        book: the rules in force.
        withdraw: ends what rules that are gone have left open.
        every: how often to look (seconds).
    """
    while True:
        await asyncio.sleep(every)
        try:
            # In a thread: a calendar that was not needed before takes seconds.
            found = await asyncio.to_thread(_usable, read)
        except ValueError as error:
            metrics.RELOAD_FAILED.set(1)
            _log.error("rules not reloaded", reason=str(error))
            continue
        if found is None:
            continue
        metrics.RELOAD_FAILED.set(0)
        reread, clocks = found
        if reread.alerts.rules != book.rules:
            book.exchange(reread.alerts.rules, clocks)
            await withdraw(book.rules)
            names = [rule.name for rule in book.rules]
            _log.info("rules reloaded", rules=names)
        if reread.not_yet:
            _log.warning("needs a restart", changed=reread.not_yet)


def _usable(read: Reader) -> tuple[Reread, dict[str, MarketClock]] | None:
    reread = read()
    return None if reread is None else (reread, clocks_of(reread.streams))
