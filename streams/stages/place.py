"""The stage from ``spreads`` to ``context``: is this unusual, by its own history?

A row speaks for a minute of event time and is made when the minute is over,
so that rows follow from the spreads, whatever records they came in.
"""

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streams.agents.stage import Gap, Out, Outcome
from streams.coverage import Coverage
from streams.events import ContextReadings, LegName, SpreadReadings
from streams.lengths import seconds
from streams.settings import StreamSettings
from streams.stages.pairs import PLACED
from streams.topics import CONTEXT
from streams.volatility.announcements import Announcement, in_window
from streams.volatility.bars import Column
from streams.volatility.hourly import HourlyScore
from streams.volatility.standing import Standing

MINUTE_NS = 60 * 10**9
_DAY_SECONDS = 86_400


class _Rows:
    """Spreads as columns: instants of row, left, right; spread, left, right."""

    def __init__(self, at: NDArray[np.int64], value: NDArray[np.float64]) -> None:
        self.at = at
        self.value = value

    @classmethod
    def of(cls, record: SpreadReadings) -> "_Rows":
        """Return a record's rows."""
        at = [record.at, record.left_at, record.right_at]
        value = [record.spread, record.left_value, record.right_value]
        return cls(np.array(at, dtype=np.int64), np.array(value, dtype=np.float64))

    def __getitem__(self, which: slice | NDArray[np.bool_]) -> "_Rows":
        return _Rows(self.at[:, which], self.value[:, which])

    def then(self, later: "_Rows") -> "_Rows":
        """Return these rows and further ones."""
        return _Rows(
            np.concatenate((self.at, later.at), axis=1),
            np.concatenate((self.value, later.value), axis=1),
        )


class _Line:
    """What is remembered of one comparison of a pair."""

    def __init__(self) -> None:
        self.coverage = Coverage()
        self.told: int | None = None
        """The end of the last record of context: the end of a minute."""
        self.waiting = _no_rows()
        """The last row of a minute that is not over; one at most."""
        self.score = HourlyScore()
        self.left = Standing()
        self.right = Standing()

    def close(self, rows: _Rows, end: int) -> _Rows:
        """Return the last row of each minute up to `end`, and let the rest wait."""
        rows = self.waiting.then(rows)
        minute = rows.at[0] // MINUTE_NS
        last = rows[np.diff(minute, append=minute[-1:] + 1) > 0]
        over = last.at[0] < end
        self.waiting = last[~over]
        return last[over]

    def state(self) -> dict[str, Any]:
        """Return everything, JSON-able."""
        return {
            "watermark": self.coverage.watermark,
            "told": self.told,
            "waiting": [self.waiting.at.tolist(), self.waiting.value.tolist()],
            "score": self.score.state(),
            "left": self.left.state(),
            "right": self.right.state(),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Become what returned that state."""
        self.coverage.watermark = state["watermark"]
        self.told = state["told"]
        at, value = state["waiting"]
        self.waiting = _Rows(
            np.array(at, dtype=np.int64), np.array(value, dtype=np.float64)
        )
        self.score.restore(state["score"])
        self.left.restore(state["left"])
        self.right.restore(state["right"])


class Place:
    """z-score of a spread, rank and percentile of its legs, dates ahead."""

    def __init__(self, settings: StreamSettings) -> None:
        self._pairs = {pair.name for pair in settings.pairs}
        self._calendar = [
            # The date as it was written: its own zone's, not Greenwich's.
            Announcement(
                one.symbol,
                round(one.at.timestamp()) * 10**9,
                f"{one.what} {one.at.date().isoformat()}",
            )
            for one in settings.announcements
        ]
        self._lines: dict[tuple[str, str], _Line] = {}

    def apply(self, record: SpreadReadings, offset: int, now: int) -> list[Outcome]:
        """Return the context of the minutes that this record completes."""
        del offset, now
        if record.comparison not in PLACED or record.pair not in self._pairs:
            return []
        line = self._lines.setdefault((record.pair, record.comparison), _Line())
        known = line.coverage.watermark
        cover = line.coverage.take(record.start, record.end)
        if not cover.fresh:
            return []  # told again after a crash; the first telling was used
        out: list[Outcome] = []
        if cover.gap is not None:
            out.append(Gap(f"{record.pair} {record.comparison} spreads", *cover.gap))
        for leg, closes in (
            (line.left, record.left_closes),
            (line.right, record.right_closes),
        ):
            if closes is not None:
                leg.remember(closes.at, closes.value)
        fresh = _Rows.of(record)
        if known is not None:
            fresh = fresh[int(np.searchsorted(fresh.at[0], known)) :]
        start = record.start if line.told is None else line.told
        end = max(start, record.end // MINUTE_NS * MINUTE_NS)
        line.told = end
        rows = line.close(fresh, end)
        if end > start:
            context = self._context(record, line, rows, start, end)
            out.append(Out(CONTEXT, record.pair, context))
        return out

    def _context(
        self, record: SpreadReadings, line: _Line, rows: _Rows, start: int, end: int
    ) -> ContextReadings:
        at, left_at, right_at = rows.at
        spread, left_value, right_value = rows.value
        # A leg's days are those on which it spoke: a weekend has no close.
        left = line.left.update(left_at, left_value)
        right = line.right.update(right_at, right_value)
        return ContextReadings(
            pair=record.pair,
            comparison=record.comparison,
            left=record.left,
            right=record.right,
            start=start,
            end=end,
            at=at.tolist(),
            z_score=_column(line.score.update(at, spread)),
            left_rank=_column(left.rank),
            left_percentile=_column(left.percentile),
            right_rank=_column(right.rank),
            right_percentile=_column(right.percentile),
            left_days=left.days.tolist(),
            right_days=right.days.tolist(),
            announcements=self._ahead((record.left, record.right), end),
            left_value=left_value.tolist(),
            right_value=right_value.tolist(),
            spread=spread.tolist(),
            left_at=left_at.tolist(),
            right_at=right_at.tolist(),
        )

    def _ahead(self, legs: Iterable[LegName], at: int) -> list[str]:
        ahead = [
            one
            for leg in legs
            for one in in_window(
                self._calendar, leg.symbol, at, seconds(leg.window) / _DAY_SECONDS
            )
        ]
        ahead.sort(key=lambda one: one.at)
        return list(dict.fromkeys(f"{one.symbol} {one.what}" for one in ahead))

    def state(self) -> dict[str, Any]:
        """Return each pair's histories by comparison: closes, not rows."""
        state: dict[str, Any] = {}
        for (pair, comparison), line in self._lines.items():
            state.setdefault(pair, {})[comparison] = line.state()
        return state

    def base(self) -> None:
        """Nothing is read again: the closes are remembered."""

    def restore(
        self, state: dict[str, Any], records: Iterable[tuple[int, SpreadReadings]]
    ) -> None:
        """Become what gave `state`."""
        del records
        for pair in state.keys() & self._pairs:
            for comparison, saved in state[pair].items():
                line = self._lines[pair, comparison] = _Line()
                line.restore(saved)


def _no_rows() -> _Rows:
    return _Rows(np.empty((3, 0), dtype=np.int64), np.empty((3, 0)))


def _column(values: Column) -> list[float | None]:
    # JSON has no NaN.
    return [None if np.isnan(value) else value for value in values.tolist()]
