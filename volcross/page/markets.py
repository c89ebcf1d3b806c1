"""When each symbol's market is open, for those who look at its age."""

import asyncio
from collections.abc import Mapping
from typing import Any

from streams.volatility.market_time import MarketClock, market_clock
from volcross.page.holidays import holidays
from volcross.watching.report import instant

SHOWN_BACK = 100 * 86_400 * 10**9
"""As far back as anybody sees sessions (ns): beyond the longest chart."""

SHOWN_AHEAD = 14 * 86_400 * 10**9
"""So far ahead (ns) that a page left open need not ask for days."""


class Markets:
    """The market of each symbol, once their calendars are there.

    Args:
        clocks: the clock's name by symbol, as configured.
    """

    def __init__(self, clocks: Mapping[str, str]) -> None:
        self._clocks = clocks
        self._loaded: dict[str, MarketClock] = {}
        self._known = asyncio.Event()

    async def load(self) -> None:
        """Read the calendars, beside whatever else goes on: one takes seconds."""
        for symbol, name in self._clocks.items():
            self._loaded[symbol] = await asyncio.to_thread(market_clock, name)
        self._known.set()

    async def known(self) -> None:
        """Wait until every calendar is there."""
        await self._known.wait()

    def is_open(self, symbol: str, at: int) -> bool | None:
        """Return whether a market is open (at: ns UTC); None where nobody knows."""
        clock = self._loaded.get(symbol)
        return None if clock is None else clock.is_open(at)

    def report(self, now: int) -> list[dict[str, Any]]:
        """Return every market that ever shuts, with its sessions around `now`.

        It may read a calendar, which takes a second: not for an event loop.
        """
        begin, end = now - SHOWN_BACK, now + SHOWN_AHEAD
        told = []
        for symbol, clock in sorted(self._loaded.items()):
            if not clock.has_nights:
                continue
            sessions = clock.sessions(begin, end)
            told.append(
                {
                    "symbol": symbol,
                    "clock": clock.name,
                    "open": clock.is_open(now),
                    "until": instant(
                        next(
                            at
                            for session in sessions
                            for at in session
                            if at > now  # its opening, or its close
                        )
                    ),
                    "sessions_ms": [
                        [opens // 1_000_000, closes // 1_000_000]
                        for opens, closes in sessions
                    ],
                    "holidays": [
                        {"name": holiday.name, "at_ms": holiday.at // 1_000_000}
                        for holiday in holidays(clock.name, begin, end)
                    ],
                }
            )
        return told
