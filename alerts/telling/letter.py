"""What a channel is handed: alerts, the same in words, perhaps a picture."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from alerts.words.message import Message
from streams.events import Alert

Picture = Callable[[], Awaitable[bytes | None]]
"""Draws, or remembers what was drawn: a PNG, or None where there is nothing to show."""


async def no_picture() -> bytes | None:
    """Return that there is none."""
    return None


@dataclass(frozen=True, slots=True)
class Letter:
    """One message to one channel.

    Attributes:
        alerts: what it tells, in order; never empty.
        message: all of them, in words.
        picture: the lines behind the last of them; asked for only where a
            channel can show it, and answered in a moment or not at all.
    """

    alerts: tuple[Alert, ...]
    message: Message
    picture: Picture = no_picture

    @property
    def first(self) -> Alert:
        """The alert by which the letter is known."""
        return self.alerts[0]
