"""One thing that `volcross check` looked at."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        what: ``broker``, ``slack``.
        good: whether it will do.
        said: what was found, in words; never a secret.
    """

    what: str
    good: bool
    said: str
