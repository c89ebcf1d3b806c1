"""Can every source be opened; and, if that is asked, is every feed up?"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping

from producers.choosing.failover import Failover
from producers.choosing.rivals import rivals
from producers.listening.live import Live
from producers.listening.locked import Locked
from producers.settings import SourceSettings
from producers.source import Source
from producers.sources import open_source
from streams.events import FeedState
from volcross.commands.finding import Finding

LISTEN_SECONDS = 20.0
"""Enough for a connection that is made, or given up; a shut market may be silent."""


async def source_findings(
    sources: Mapping[str, SourceSettings], *, listen: bool = False
) -> AsyncIterator[Finding]:
    """Yield what was found of each source.

    Args:
        sources: as configured, by name.
        listen: whether to wait for a word of every feed, too.
    """
    if (told := rivals(sources)) is not None:
        yield Finding("sources", good=False, said=told)
    opened: dict[str, Source] = {}
    for name, settings in sources.items():
        try:
            opened[name] = open_source(settings, name)
        except ValueError as error:
            told = str(error)
            said = told if told.startswith(f"{name}:") else f"{name}: {told}"
            yield Finding("source", good=False, said=said)
            continue
        for venue in venues(opened[name]):
            if isinstance(venue, Locked):
                said = f"{_named(name, venue.feeds[0])}no key: {venue.detail}"
                yield Finding("source", good=False, said=said)
    if not listen:
        return
    heard = await asyncio.gather(*map(_heard, opened.values()))
    for (name, source), states in zip(opened.items(), heard, strict=True):
        for feed in feeds(source):
            yield _finding(name, feed, states.get(feed))


def venues(source: Source) -> Iterator[Source]:
    """Yield what a source is made of: itself, unless it is several."""
    if isinstance(source, Failover):
        for each in source.sources:
            yield from venues(each)
    else:
        yield source


def feeds(source: Source) -> Iterator[str]:
    """Yield the feeds that a source listens to; none, if it is not a live one."""
    for venue in venues(source):
        if isinstance(venue, Live):
            yield from (line.feed for line in venue.lines)


async def _heard(source: Source) -> dict[str, FeedState]:
    """Return the first word of each feed on itself."""
    states: dict[str, FeedState] = {}
    silent = set(feeds(source))
    saying = aiter(source)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(LISTEN_SECONDS):
            while silent:
                said = await anext(saying)
                if isinstance(said, FeedState) and said.feed in silent:
                    states[said.feed] = said
                    silent.discard(said.feed)
    if isinstance(saying, AsyncGenerator):
        await saying.aclose()
    return states


def _finding(name: str, feed: str, state: FeedState | None) -> Finding:
    said = _named(name, feed)
    if state is None:
        return Finding("feed", good=False, said=f"{said}no word yet")
    if not state.up:
        return Finding("feed", good=False, said=f"{said}{state.detail}")
    return Finding("feed", good=True, said=f"{said}up")


def _named(name: str, feed: str) -> str:
    venue, _, _ = feed.partition("/")
    return f"{feed}: " if venue == name else f"{name}, {feed}: "
