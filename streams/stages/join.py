"""The stage from ``legs`` to ``spreads``: two legs meet on event time.

What comes out depends on what went in, never on which leg arrived first: an
instant is joined only when both legs are known up to it, and the instants of
a comparison come out in order. Whichever leg runs ahead waits.

A spread is news. What a venue remembers of the time before it was listened to
is carried like any value, so that a leg whose market is shut has one; but no
instant is joined for its sake. It is told by its daily closes, with the next
spread, as are the days of a leg before the other began.
"""

from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from streams import wire
from streams.agents.stage import Gap, Out, Outcome, Refused
from streams.events import LegName, LegReadings, Origin, Side, SpreadReadings
from streams.reason import Reason
from streams.settings import StreamSettings
from streams.stages.pairs import METHODOLOGY_BASIS, side_of_basis
from streams.stages.waiting import Stretch, WaitingLeg
from streams.topics import LEGS, SPREADS
from streams.volatility.market_time import DAY_NS

Int = NDArray[np.int64]
Float = NDArray[np.float64]

MAX_ROWS = 5_000
"""Rows in one record: some 600 kB, where brokers take 1 MB by default."""

_NONE_AT: Int = np.empty(0, dtype=np.int64)
_NONE: Float = np.empty(0)


class _Comparison:
    """One comparison of one pair."""

    def __init__(self) -> None:
        self.legs = {Side.LEFT: WaitingLeg(), Side.RIGHT: WaitingLeg()}
        self.begin: dict[str, int] = {}
        self.joined: int | None = None

    def ready(self) -> tuple[int, int] | None:
        """Return the stretch ``[start, end)`` that both legs now cover."""
        marks = [leg.coverage.watermark for leg in self.legs.values()]
        known = [mark for mark in marks if mark is not None]
        if len(known) < len(marks):
            return None
        # Nothing can be compared before the later leg begins.
        start = max(self.begin.values()) if self.joined is None else self.joined
        return (start, min(known)) if min(known) > start else None


class Join:
    """Left minus right, for every comparison of every pair."""

    def __init__(self, settings: StreamSettings) -> None:
        self._pairs = {pair.name: pair for pair in settings.pairs}
        self._comparisons: dict[tuple[str, str], _Comparison] = {}

    def apply(self, record: LegReadings, offset: int, now: int) -> list[Outcome]:
        """Return the spreads that this leg's news completes."""
        del now
        key = (record.pair, record.comparison)
        comparison = self._comparisons.setdefault(key, _Comparison())
        leg = comparison.legs[record.side]
        if len(record.at) != len(record.value):
            detail = f"{len(record.at)} instants, {len(record.value)} values"
            raw = wire.encode(record)
            return [Refused(Reason.UNEQUAL_COLUMNS, detail, record.pair, 1, raw)]
        known = leg.coverage.watermark
        cover = leg.coverage.take(record.start, record.end)
        if not cover.fresh:
            # Told again after a crash: the first telling was used. Or history,
            # which may come late and is told by its days.
            if record.name.history:
                leg.remember(_instants(record), np.array(record.value))
            return []
        comparison.begin.setdefault(record.side, record.start)
        leg.push(record, offset, known)
        out: list[Outcome] = []
        if cover.gap is not None:
            out.append(
                Gap(f"{record.pair} {record.comparison} {record.side}", *cover.gap)
            )
        stretch = comparison.ready()
        if stretch is None:
            lost = leg.give_up()
            if lost is not None:
                out.append(Gap(f"{record.pair} {record.comparison} unmatched", *lost))
        else:
            comparison.joined = stretch[1]
            for spread in _join(key, comparison, *stretch):
                out.append(Out(SPREADS, record.pair, spread))
                out += self._legs_of_basis(spread)
        return out

    def _legs_of_basis(self, spread: SpreadReadings) -> Iterator[Out]:
        """Yield the spread as a leg, where it is one of the methodology basis."""
        pair = self._pairs.get(spread.pair)
        side = None if pair is None else side_of_basis(pair, spread.comparison)
        if side is None:
            return
        name = LegName(
            symbol=spread.pair,
            measure=spread.comparison,
            window=spread.left.window,
            origin=Origin.COMPUTED,
            source="volcross",
            delay_seconds=max(spread.left.delay_seconds, spread.right.delay_seconds),
        )
        leg = LegReadings(
            pair=spread.pair,
            comparison=METHODOLOGY_BASIS,
            side=side,
            name=name,
            start=spread.start,
            end=spread.end,
            at=spread.at,
            value=spread.spread,
        )
        yield Out(LEGS, spread.pair, leg)

    def state(self) -> dict[str, Any]:
        """Return watermarks and carried values; what waits is read again."""
        return {
            "\n".join(key): {
                "joined": comparison.joined,
                "begin": comparison.begin,
                "legs": {
                    side: {
                        "watermark": leg.coverage.watermark,
                        "closes": list(leg.closes.values()),
                        "last": None
                        if leg.last is None
                        else {
                            "name": msgspec.to_builtins(leg.last.name),
                            "at": int(leg.last.at[0]),
                            "value": float(leg.last.value[0]),
                        },
                    }
                    for side, leg in comparison.legs.items()
                },
            }
            for key, comparison in self._comparisons.items()
        }

    def base(self) -> int | None:
        """Return the oldest record of which a row still waits."""
        return min(
            (
                leg.waiting[0].offset
                for comparison in self._comparisons.values()
                for leg in comparison.legs.values()
                if leg.waiting
            ),
            default=None,
        )

    def restore(
        self, state: dict[str, Any], records: Iterable[tuple[int, LegReadings]]
    ) -> None:
        """Become what gave `state`, with the rows that waited."""
        for key, saved in state.items():
            pair, name = key.split("\n")
            comparison = self._comparisons[pair, name] = _Comparison()
            comparison.joined = saved["joined"]
            comparison.begin = dict(saved["begin"])
            for side, leg_state in saved["legs"].items():
                leg = comparison.legs[Side(side)]
                # Rows before what was joined are used up; the rest waited.
                leg.coverage.watermark = saved["joined"]
                closes = leg_state.get("closes", [])
                leg.closes = {at // DAY_NS: (at, value) for at, value in closes}
                if leg_state["last"] is not None:
                    last = leg_state["last"]
                    leg.last = Stretch(
                        offset=-1,
                        name=msgspec.convert(last["name"], LegName),
                        at=np.array([last["at"]], dtype=np.int64),
                        value=np.array([last["value"]]),
                    )
        for offset, record in records:
            known = self._comparisons.get((record.pair, record.comparison))
            if known is None:
                continue
            leg = known.legs[record.side]
            before = leg.coverage.watermark
            if leg.coverage.take(record.start, record.end).fresh:
                leg.push(record, offset, before)
        for key, saved in state.items():
            pair, name = key.split("\n")
            for side, leg_state in saved["legs"].items():
                leg = self._comparisons[pair, name].legs[Side(side)]
                leg.coverage.watermark = leg_state["watermark"]


def _instants(record: LegReadings) -> Int:
    return np.array(record.at, dtype=np.int64)


def _join(
    key: tuple[str, str], comparison: _Comparison, start: int, end: int
) -> list[SpreadReadings]:
    """Return the spreads of ``[start, end)``, a record for each pair of names."""
    left_leg, right_leg = comparison.legs[Side.LEFT], comparison.legs[Side.RIGHT]
    left, right = _Carried(left_leg, end), _Carried(right_leg, end)
    begin = max(start, *(rows.at[0] if len(rows.at) else end for rows in (left, right)))
    for leg, rows in ((left_leg, left), (right_leg, right)):
        leg.remember(*rows.untold(begin))
    if not (len(left.at) and len(right.at)):
        return []
    at = np.union1d(left.at[left.live], right.at[right.live])
    at = at[at >= begin]
    rows_left, rows_right = left.rows(at), right.rows(at)
    # A record has one name a leg: cut where a source or its delay changed, and
    # where it would grow beyond what a broker takes.
    whose = left.name_of[rows_left] * len(right.names) + right.name_of[rows_right]
    changes = (np.flatnonzero(np.diff(whose)) + 1).tolist()
    cuts = [0, *sorted({*changes, *range(MAX_ROWS, len(at), MAX_ROWS)}), len(at)]
    spreads = []
    for first, after in pairwise(cuts):
        a, b = rows_left[first:after], rows_right[first:after]
        last = after == len(at)
        left_name = left.names[left.name_of[a[0]] if len(a) else -1]
        right_name = right.names[right.name_of[b[0]] if len(b) else -1]
        spreads.append(
            SpreadReadings(
                pair=key[0],
                comparison=key[1],
                left=left_name,
                right=right_name,
                start=start,
                end=end if last else int(at[after]),
                at=at[first:after].tolist(),
                left_value=left.value[a].tolist(),
                right_value=right.value[b].tolist(),
                spread=(left.value[a] - right.value[b]).tolist(),
                left_at=left.at[a].tolist(),
                right_at=right.at[b].tolist(),
                left_closes=left_leg.tell(),
                right_closes=right_leg.tell(),
            )
        )
        start = spreads[-1].end
    return spreads


class _Carried:
    """A leg's rows up to an instant, looked up by the latest at or before another."""

    def __init__(self, leg: WaitingLeg, end: int) -> None:
        self._carried = leg.last is not None
        stretches = leg.pop(end)
        self.names = list(dict.fromkeys(stretch.name for stretch in stretches))
        self.at = np.concatenate([_NONE_AT, *(s.at for s in stretches)])
        self.value = np.concatenate([_NONE, *(s.value for s in stretches)])
        self.name_of = np.repeat(
            np.array([self.names.index(s.name) for s in stretches], dtype=np.int64),
            [len(s.at) for s in stretches],
        )
        heard = np.array([not name.history for name in self.names], dtype=np.bool_)
        self.live = heard[self.name_of]

    def untold(self, begin: int) -> tuple[Int, Float]:
        """Return the rows that make no spread of their own: history, or too early."""
        untold = ~self.live | (self.at < begin)
        untold[: self._carried] = False  # it was told, or remembered, before
        return self.at[untold], self.value[untold]

    def rows(self, at: Int) -> NDArray[np.intp]:
        """Return the row that is in force at each instant."""
        return np.searchsorted(self.at, at, side="right") - 1
