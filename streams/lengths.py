"""Lengths of time, as a configuration writes them: ``90s``, ``15m``, ``30d``."""

import re
from datetime import timedelta
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)([smhd])")


def seconds(text: str) -> float:
    """Return the seconds in a duration such as ``90s``, ``15m``, ``1h``, ``30d``.

    Raises:
        ValueError: it is not a number followed by s, m, h or d.
    """
    match = _DURATION.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{text!r} is not a duration such as 90s, 15m, 1h or 30d")
    return float(match[1]) * _UNITS[match[2]]


def nanoseconds(duration: timedelta) -> int:
    """Return a duration in the unit of every instant."""
    return int(duration.total_seconds() * 1e9)


def _duration(value: object) -> object:
    return timedelta(seconds=seconds(value)) if isinstance(value, str) else value


def _window(value: str) -> str:
    if seconds(value) <= 0:
        raise ValueError("a window must be longer than nothing")
    return value.strip()


Duration = Annotated[timedelta, BeforeValidator(_duration)]
"""A length of time, written ``15m`` in the file."""

Window = Annotated[str, AfterValidator(_window)]
"""A length of time that is also a label, kept as written: ``30d``."""
