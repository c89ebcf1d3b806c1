"""How far one series is known: the watermark, and what each record adds to it."""

from dataclasses import dataclass
from typing import NamedTuple


class Cover(NamedTuple):
    """What a record's ``[start, end)`` adds to what is already covered."""

    fresh: bool
    """False: a repetition, or nothing new."""
    gap: tuple[int, int] | None
    """The stretch between what was covered and what this record covers."""


@dataclass(slots=True)
class Coverage:
    """One series: everything before ``watermark`` has been said.

    ``watermark`` is None until the first record: where a series begins is not
    a gap.
    """

    watermark: int | None = None

    def take(self, start: int, end: int) -> Cover:
        """Advance to `end` and say what that was."""
        known = self.watermark
        if known is not None and end <= known:
            return Cover(fresh=False, gap=None)
        self.watermark = end
        if known is not None and start > known:
            return Cover(fresh=True, gap=(known, start))
        return Cover(fresh=True, gap=None)
