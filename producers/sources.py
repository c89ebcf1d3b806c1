"""Every source there is: a new one is its file and a line here."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from producers.settings import (
    ReplaySource,
    Sending,
    SourceSettings,
    StorySource,
    SyntheticSource,
)
from producers.source import Source


def _replay(settings: ReplaySource) -> Source:
    from producers.replay import Replay

    return Replay(settings)


def _synthetic(settings: SyntheticSource) -> Source:
    from producers.synthetic import Synthetic

    return Synthetic(settings)


def _story(settings: StorySource) -> Source:
    from producers.story import Story

    return Story(seconds=settings.seconds or None, data=settings.data)


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of source.

    Attributes:
        settings: its table in the configuration.
        open: makes it.
        gives: what it gives, for people.
    """

    settings: type[Sending]
    open: Callable[[Any], Source]
    gives: str


SOURCES: Final[dict[str, Kind]] = {
    "replay": Kind(ReplaySource, _replay, "recorded prices and vols from your files"),
    "synthetic": Kind(SyntheticSource, _synthetic, "a market made up from a seed"),
    "story": Kind(StorySource, _story, "NVDA against BTC in the summer of 2024"),
}


def open_source(settings: SourceSettings) -> Source:
    """Return the source that `settings` describe.

    Raises:
        ValueError: it cannot be opened; the message says why.
    """
    return SOURCES[settings.kind].open(settings)
