"""What ``ticks.price`` and ``ticks.vol`` have in common: columns from outside.

Anybody may write to these two topics, so nothing about a record is believed
before it was looked at.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from streams import wire
from streams.agents.stage import Gap, Outcome, Refused
from streams.coverage import Coverage
from streams.events import PriceTicks, Unchecked, VolTicks
from streams.reason import Reason
from streams.stages.screening import TickScreen

Ticks = PriceTicks | VolTicks


class BadColumns(ValueError):  # noqa: N818 - the record is bad, not we
    """A record that is readable but cannot mean anything.

    Attributes:
        reason: what to count it as.
    """

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


class Taken(NamedTuple):
    """Ticks to believe, in order, and the stretch they are all there is to say of."""

    start: int
    end: int
    at: NDArray[np.int64]
    value: NDArray[np.float64]


class TickSeries:
    """One series from outside: how far it is known, and which ticks to believe.

    Args:
        name: for a person.
        screen: what to refuse.
        max_ahead: nanoseconds a tick may be stamped past our clock.
        scale: what to multiply values of given instants by.
    """

    def __init__(
        self,
        name: str,
        screen: TickScreen,
        max_ahead: int,
        scale: Callable[[NDArray[np.int64]], NDArray[np.float64]] = np.ones_like,
    ) -> None:
        self._name = name
        self._screen = screen
        self._max_ahead = max_ahead
        self._scale = scale
        self._coverage = Coverage()

    def take(
        self, record: Ticks, values: Unchecked, now: int
    ) -> tuple[Taken | None, list[Outcome]]:
        """Take a record in.

        Args:
            record: price or vol ticks.
            values: its value column.
            now: the wall clock (ns UTC).

        Returns:
            What is new in it, None if nothing is; and gaps and refusals.
        """
        try:
            ticks = columns(record, values, now + self._max_ahead)
        except BadColumns as bad:
            return None, [refuse_all(record, bad.reason, str(bad))]
        known = self._coverage.watermark
        cover = self._coverage.take(record.start, ticks.end)
        if not cover.fresh:
            said = f"all before {known} is known already"
            again = refuse_all(record, Reason.DUPLICATE, said)
            return None, [again] if record.at else []
        out: list[Outcome] = []
        if cover.gap is not None:
            out.append(Gap(self._name, *cover.gap))
        admitted = self._screen.admit(
            ticks.at,
            ticks.value * self._scale(ticks.at),
            covered=known,
            end=ticks.end,
            now=now,
        )
        out += refuse_rows(record, admitted.refused)
        start = record.start if known is None else known
        return Taken(start, ticks.end, admitted.at, admitted.value), out

    @property
    def known(self) -> int | None:
        """Before when all is said; None where nothing is."""
        return self._coverage.watermark

    def recall(
        self, record: Ticks, values: Unchecked, now: int
    ) -> tuple[Taken | None, list[Outcome]]:
        """Take in a record of time that is known already, for its own sake.

        Nothing is moved by it: neither the watermark, nor what the next tick is
        screened against. Otherwise as `take`.
        """
        try:
            ticks = columns(record, values, now + self._max_ahead)
        except BadColumns as bad:
            return None, [refuse_all(record, bad.reason, str(bad))]
        admitted = self._screen.anew().admit(
            ticks.at,
            ticks.value * self._scale(ticks.at),
            covered=None,
            end=ticks.end,
            now=now,
        )
        taken = Taken(record.start, ticks.end, admitted.at, admitted.value)
        return taken, refuse_rows(record, admitted.refused)

    def state(self) -> dict[str, Any]:
        """Return the watermark and what the screen remembers."""
        return {"watermark": self._coverage.watermark, "screen": self._screen.state()}

    def restore(self, state: dict[str, Any]) -> None:
        """Become what gave `state`."""
        self._coverage.watermark = state["watermark"]
        self._screen.restore(state["screen"])


class TickColumns(NamedTuple):
    """The rows of a record, and the watermark it may be trusted with."""

    at: NDArray[np.int64]
    value: NDArray[np.float64]
    end: int


def columns(record: Ticks, values: Unchecked, furthest: int) -> TickColumns:
    """Return a record's rows as arrays.

    A watermark from the future would shut out every tick until then, so it is
    cut back to the last instant that is not: a producer with a wrong clock
    harms its own ticks only.

    Args:
        record: price or vol ticks.
        values: its value column.
        furthest: the latest instant (ns UTC) that may be believed.

    Raises:
        BadColumns: columns of unequal length, instants that are no int64, or
            an ``end`` that is not after ``start``.
    """
    if len(record.at) != len(values):
        raise BadColumns(
            Reason.UNEQUAL_COLUMNS, f"{len(record.at)} instants, {len(values)} values"
        )
    if record.end <= record.start:
        raise BadColumns(
            Reason.BAD_COVERAGE, f"end {record.end} is not after start {record.start}"
        )
    try:
        at = np.array(record.at, dtype=np.int64)
        np.int64(record.start), np.int64(record.end)
    except OverflowError as error:
        raise BadColumns(Reason.BAD_COVERAGE, f"beyond int64: {error}") from error
    value = np.array(values, dtype=np.float64)
    end = record.end
    if end > furthest:
        past = at[at <= furthest]
        end = int(past.max()) + 1 if len(past) else min(record.start, furthest)
    return TickColumns(at, value, end)


def refuse_all(record: Ticks, reason: Reason, detail: str) -> Refused:
    """Return the refusal of a whole record."""
    return Refused(
        reason, detail, record.symbol, max(1, len(record.at)), wire.encode(record)
    )


def refuse_rows(
    record: Ticks, refused: dict[Reason, NDArray[np.intp]]
) -> list[Outcome]:
    """Return a refusal for each reason, with a record of just those rows."""
    return [
        Refused(
            reason,
            f"{len(rows)} of {len(record.at)} ticks",
            record.symbol,
            len(rows),
            wire.encode(_only(record, rows.tolist())),
        )
        for reason, rows in refused.items()
    ]


def parted(record: VolTicks, at: int | None) -> tuple[VolTicks | None, VolTicks | None]:
    """Return what it says of the time before an instant, and from then on."""
    if at is None or record.start >= at:
        return None, record
    if record.end <= at or len(record.at) != len(record.value):
        return record, None
    ticks = list(zip(record.at, record.value, strict=True))
    before = [tick for tick in ticks if tick[0] < at]
    after = [tick for tick in ticks if tick[0] >= at]
    return (
        msgspec.structs.replace(
            record, end=at, at=[t for t, _ in before], value=[v for _, v in before]
        ),
        msgspec.structs.replace(
            record, start=at, at=[t for t, _ in after], value=[v for _, v in after]
        ),
    )


def _only(record: Ticks, rows: list[int]) -> Ticks:
    at = [record.at[i] for i in rows]
    if isinstance(record, VolTicks):
        return msgspec.structs.replace(
            record, at=at, value=[record.value[i] for i in rows]
        )
    size = [record.size[i] for i in rows] if record.size else []
    return msgspec.structs.replace(
        record, at=at, price=[record.price[i] for i in rows], size=size
    )
