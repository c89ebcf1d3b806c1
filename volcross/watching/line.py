"""One comparison of a pair as it moved, and how unusual that is; pure."""

from bisect import bisect_right
from dataclasses import dataclass, field, replace

from streams.events import ContextReadings, LegName, SpreadReadings

KEPT_ROWS = 100_000
"""Rows of one spread kept for its picture: ten weeks of minutes."""


@dataclass(frozen=True, slots=True)
class Context:
    """Where a spread and its legs stand; None while their history is short.

    Attributes:
        end: its watermark (ns UTC).
        z_score: standard deviations from the mean of 30 days.
        left_rank: between the extremes of the leg's year, 0 to 1.
        left_percentile: share of the leg's days that closed below.
        right_rank: as the left one.
        right_percentile: as the left one.
        left_days: how many days the left rank and percentile stand on; 0 unknown.
        right_days: as the left one.
        announcements: of either leg, within its tenor.
    """

    end: int = 0
    z_score: float | None = None
    left_rank: float | None = None
    left_percentile: float | None = None
    right_rank: float | None = None
    right_percentile: float | None = None
    left_days: int = 0
    right_days: int = 0
    announcements: tuple[str, ...] = ()


@dataclass(slots=True)
class SpreadLine:
    """One comparison of a pair as it moved.

    Attributes:
        pair: ``NVDA/BTC``.
        comparison: ``implied``, ``close-to-close/30d``.
        left: what the left leg is.
        right: what the right leg is.
        end: its watermark (ns UTC).
        at: instants (ns UTC), ascending, of the columns below.
        left_value: annualised fractions.
        right_value: annualised fractions.
        left_at: since when the last left value stands (ns UTC).
        right_at: since when the last right value stands (ns UTC).
        context: how unusual that is.
    """

    pair: str
    comparison: str
    left: LegName
    right: LegName
    end: int = 0
    at: list[int] = field(default_factory=list)
    left_value: list[float] = field(default_factory=list)
    right_value: list[float] = field(default_factory=list)
    left_at: int = 0
    right_at: int = 0
    context: Context = Context()

    def extend(self, event: SpreadReadings) -> None:
        """Add a record's rows; what is already covered is skipped."""
        self.left, self.right = event.left, event.right
        known = bisect_right(event.at, self.at[-1]) if self.at else 0
        self.at += event.at[known:]
        self.left_value += event.left_value[known:]
        self.right_value += event.right_value[known:]
        if known < len(event.at):
            self.left_at, self.right_at = event.left_at[-1], event.right_at[-1]
        self.end = max(self.end, event.end)
        if len(self.at) > 2 * KEPT_ROWS:
            for column in (self.at, self.left_value, self.right_value):
                del column[:-KEPT_ROWS]

    def place(self, event: ContextReadings) -> None:
        """Take in where it stands; what is already covered is skipped."""
        if event.end <= self.context.end:
            return
        announcements = tuple(event.announcements)
        if not event.at:  # nothing moved: only the calendar may have
            self.context = replace(
                self.context, end=event.end, announcements=announcements
            )
            return
        self.context = Context(
            end=event.end,
            z_score=event.z_score[-1],
            left_rank=event.left_rank[-1],
            left_percentile=event.left_percentile[-1],
            right_rank=event.right_rank[-1],
            right_percentile=event.right_percentile[-1],
            left_days=event.left_days[-1] if event.left_days else 0,
            right_days=event.right_days[-1] if event.right_days else 0,
            announcements=announcements,
        )

    @property
    def spread(self) -> float | None:
        """Left minus right now, None before both have spoken."""
        if not self.at:
            return None
        return self.left_value[-1] - self.right_value[-1]
