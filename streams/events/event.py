"""What every record has: its version, and words that several of them share."""

from collections.abc import Sequence
from enum import StrEnum

import msgspec

VERSION = 1
"""The wire version this code writes and the only one it reads."""


class Origin(StrEnum):
    """How a number came to be, shown wherever the number is shown."""

    PUBLISHED = "published"
    """Somebody publishes it: an exchange, an index provider."""
    COMPUTED = "computed"
    """volcross worked it out from prices or quotes."""
    INTERPOLATED = "interpolated"
    """Drawn between published points; only implied vols are ever drawn so."""
    SYNTHETIC = "synthetic"
    """Made by the seeded market, for tests and demonstrations."""


Unchecked = Sequence[float | None]
"""A column from outside; JSON has no NaN, so what is no number is null."""


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """What every record has: the version of its own layout."""

    v: int = VERSION
