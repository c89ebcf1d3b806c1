"""From what a source says to stretches that say all there is in ``[start, end)``."""

from collections import deque
from dataclasses import dataclass, field

import numpy as np

from producers.source import Heard, Instants, Series, Values
from streams.events import PriceTicks, VolTicks


@dataclass(frozen=True, slots=True, eq=False)
class Stretch:
    """All ticks of one series in ``[start, end)``, in order of `at`.

    Ticks before `start` may lead it: they came too late for the stretch they
    belong to, and travel on to be refused by name rather than be lost here.
    """

    series: Series
    start: int
    end: int
    at: Instants
    value: Values
    size: Values

    def halves(self) -> tuple["Stretch", "Stretch"]:
        """Return it as two, of at least two ticks."""
        middle = len(self.at) // 2
        # A stretch leaves a nanosecond for each of its late ticks (see `Coverage`).
        cut = max(int(self.at[middle - 1]) + 1, self.start + middle)
        return (
            self._part(slice(None, middle), self.start, cut),
            self._part(slice(middle, None), cut, self.end),
        )

    def _part(self, rows: slice, start: int, end: int) -> "Stretch":
        return Stretch(
            self.series, start, end, self.at[rows], self.value[rows], self.size[rows]
        )

    def record(self) -> PriceTicks | VolTicks:
        """Return it as it travels."""
        series = self.series
        if series.measure is None:
            return PriceTicks(
                symbol=series.symbol,
                source=series.source,
                start=self.start,
                end=self.end,
                at=self.at.tolist(),
                price=self.value.tolist(),
                size=self.size.tolist(),
                delay_seconds=series.delay_seconds,
                history=series.history,
            )
        return VolTicks(
            symbol=series.symbol,
            source=series.source,
            measure=series.measure,
            tenor_days=series.tenor_days,
            origin=series.origin,
            start=self.start,
            end=self.end,
            at=self.at.tolist(),
            value=self.value.tolist(),
            delay_seconds=series.delay_seconds,
            history=series.history,
        )


@dataclass(slots=True)
class _Spell:
    """What was heard and not yet cut since the source's word last broke off."""

    series: Series
    since: int | None = None
    until: int | None = None
    columns: list[tuple[Instants, Values, Values]] = field(default_factory=list)

    def gather(self) -> tuple[Instants, Values, Values]:
        """Return all its rows, in order of time, and in order heard where equal."""
        if not self.columns:
            return np.empty(0, np.int64), np.empty(0), np.empty(0)
        if len(self.columns) > 1:
            at, value, size = (
                np.concatenate(parts) for parts in zip(*self.columns, strict=True)
            )
        else:
            at, value, size = self.columns[0]
        if np.any(at[1:] < at[:-1]):
            order = np.argsort(at, kind="stable")
            at, value, size = at[order], value[order], size[order]
        # Kept gathered: a long backlog is cut many times and sorted once.
        self.columns = [(at, value, size)]
        return at, value, size


class Coverage:
    """What was said of one thing and not yet sent, cut into stretches on demand.

    One thing is one symbol's price, or one measure of its vol. When another
    source takes over, its word follows the other's, never beside it: whoever
    reads the topic knows one watermark for each thing.

    A tick that comes out of order finds its place as long as that place has
    not been sent. Equal instants, from a venue whose clock is coarse, keep
    their order by being moved on one nanosecond each.

    Args:
        lateness: ns a tick may come behind a later one and still be put in its
            place: ticks are held back that long (in event time), or until the
            source vouches for them.
    """

    def __init__(self, lateness: int = 0) -> None:
        self._lateness = lateness
        self._spells: deque[_Spell] = deque()
        self._sized = False
        self._end: int | None = None  # of the last stretch
        self._vouched: int | None = None  # of that, what the source promised
        self._latest: int | None = None  # raw instant of the last tick sent
        self.ticks = 0
        """Ticks heard and not yet cut."""

    def hear(self, heard: Heard) -> None:
        """Take in what the source says."""
        if not self._spells or self._breaks_off(heard):
            self._spells.append(_Spell(heard.series, since=heard.since))
        spell = self._spells[-1]
        if len(heard.at):
            self._sized = self._sized or heard.size is not None
            size = np.zeros(len(heard.at)) if heard.size is None else heard.size
            spell.columns.append((heard.at, heard.value, size))
            self.ticks += len(heard.at)
        if heard.until is not None:
            spell.until = max(heard.until, spell.until or heard.until)

    def cut(self, limit: int, *, last: bool = False) -> Stretch | None:
        """Return the next stretch, of at most `limit` ticks; None if there is none.

        Args:
            limit: ticks, at least 1.
            last: hold nothing back, because nothing more is to come.
        """
        while self._spells:
            spell = self._spells[0]
            over = last or len(self._spells) > 1
            stretch = self._cut(spell, limit, over=over)
            if not spell.columns and len(self._spells) > 1:
                self._spells.popleft()
            elif stretch is None:
                return None
            if stretch is not None:
                return stretch
        return None

    def _breaks_off(self, heard: Heard) -> bool:
        spell = self._spells[-1]
        if heard.series != spell.series:
            return True
        known = spell.until or self._end
        return heard.since is not None and (known is None or heard.since > known)

    def _cut(self, spell: _Spell, limit: int, *, over: bool) -> Stretch | None:
        at, value, size = spell.gather()
        released = len(at) if over else self._released(spell, at)
        taken = min(released, limit)
        start = self._begin(spell, at)
        if start is None:
            return None
        raw = at[:taken]
        late = int(np.searchsorted(raw, self._due(spell)))
        # One nanosecond for each late tick: a stretch has to be longer than
        # nothing, or it would pass for a repetition.
        moment = np.arange(taken - late, dtype=np.int64)
        placed = np.maximum(raw[late:] - moment, start + late)
        placed = np.maximum.accumulate(placed) + moment
        end = int(placed[-1]) + 1 if len(placed) else start + late
        vouched = self._vouch(spell, at, released) if taken == released else 0
        end = max(end, vouched)
        if end <= start:
            return None
        # Only now: what was vouched for but never sent makes nothing late.
        self._vouched = max(self._vouched or 0, vouched)
        spell.columns = [(at[taken:], value[taken:], size[taken:])]
        if taken == len(at):
            spell.columns = []
        self.ticks -= taken
        spell.since = None
        self._end = end
        if taken > late:
            self._latest = int(raw[-1])
        return Stretch(
            spell.series,
            start,
            end,
            np.concatenate((raw[:late], placed)),
            value[:taken],
            size[:taken] if self._sized else size[:0],
        )

    def _released(self, spell: _Spell, at: Instants) -> int:
        """Return how many of the rows need not wait for an earlier one."""
        if not self._lateness or not len(at):
            return len(at)
        due = max(int(at[-1]) - self._lateness, spell.until or 0)
        return int(np.searchsorted(at, due))

    def _begin(self, spell: _Spell, at: Instants) -> int | None:
        """Return where the next stretch begins; None if nothing says where."""
        if spell.since is not None:
            return max(spell.since, self._end or spell.since)
        if self._end is None:
            if len(at):
                return int(at[0])
            # It vouches up to here, but does not say from where.
            self._end = self._vouched = spell.until
        return self._end

    def _due(self, spell: _Spell) -> int:
        """Return the raw instant before which a tick is late."""
        return max(self._vouched or 0, self._latest or 0, spell.since or 0)

    def _vouch(self, spell: _Spell, at: Instants, released: int) -> int:
        """Return the end the source vouches for once `released` rows are out."""
        vouched = spell.until or 0
        if self._lateness and released < len(at):
            vouched = max(vouched, int(at[-1]) - self._lateness)
        return vouched
