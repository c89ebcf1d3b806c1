"""Which ticks of a series to believe, and which not, for which reason."""

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from streams.lengths import nanoseconds
from streams.reason import Reason
from streams.settings import Screen

CONFIRMATIONS = 3
"""So many suspects in a row that agree with each other are a new level."""


class Admitted(NamedTuple):
    """What `TickScreen.admit` let through and what it did not."""

    at: NDArray[np.int64]
    value: NDArray[np.float64]
    refused: dict[Reason, NDArray[np.intp]]
    """Rows of the record, by the first reason that applies to them."""


@dataclass(slots=True)
class TickScreen:
    """Screens the ticks of one series, in the order of their event time.

    A tick is refused where it is no number, not positive, above `ceiling`,
    stamped past our clock, outside what its record covers, a repetition,
    older than what is already covered, or where its logarithm lies further
    than `max_jump` from the last believed tick. One wild tick must not move
    the level, but a level that did move must not be refused for ever: after
    `CONFIRMATIONS` suspects in a row, each within `max_jump` of the one
    before, the next of them is believed. The suspects stay refused.
    """

    max_ahead: int
    """Nanoseconds a tick may be stamped past our clock."""
    max_jump: float
    ceiling: float = float("inf")
    last_at: int | None = None
    last_value: float | None = None
    suspects: list[float] = field(default_factory=list)

    @classmethod
    def of_prices(cls, screen: Screen, max_jump: float) -> "TickScreen":
        """Return the screen of a symbol's prices."""
        return cls(max_ahead=nanoseconds(screen.max_ahead), max_jump=max_jump)

    @classmethod
    def of_vols(cls, screen: Screen) -> "TickScreen":
        """Return the screen of a published implied vol."""
        return cls(
            max_ahead=nanoseconds(screen.max_ahead),
            max_jump=screen.max_vol_jump,
            ceiling=screen.max_vol,
        )

    def anew(self) -> "TickScreen":
        """Return a screen as strict, which has seen nothing."""
        return TickScreen(self.max_ahead, self.max_jump, self.ceiling)

    def admit(
        self,
        at: NDArray[np.int64],
        value: NDArray[np.float64],
        *,
        covered: int | None,
        end: int,
        now: int,
    ) -> Admitted:
        """Return the ticks to believe, in order of event time.

        Args:
            at: instants (ns UTC), in any order.
            value: prices, or annualised vols as fractions.
            covered: the watermark before this record; None at the first.
            end: the record's own watermark.
            now: the wall clock (ns UTC).
        """
        order = np.argsort(at, kind="stable")
        at, value = at[order], value[order]
        tests = [
            (Reason.NOT_FINITE, ~np.isfinite(value)),
            (Reason.NOT_POSITIVE, value <= 0),
            (Reason.ABSURD_LEVEL, value > self.ceiling),
            (Reason.FAR_FUTURE, at > now + self.max_ahead),
            (Reason.OUTSIDE_COVERAGE, at >= end),
        ]
        if self.last_at is not None:
            again = (at == self.last_at) & (value == self.last_value)
            tests.append((Reason.DUPLICATE, again))
        if covered is not None:
            tests.append((Reason.OUT_OF_ORDER, at < covered))
        if len(at) > 1:
            same = np.zeros(len(at), dtype=bool)
            same[1:] = (at[1:] == at[:-1]) & (value[1:] == value[:-1])
            tests.append((Reason.DUPLICATE, same))

        keep = np.ones(len(at), dtype=bool)
        refused: dict[Reason, list[NDArray[np.intp]]] = {}
        for reason, bad in tests:
            rows = np.flatnonzero(bad & keep)
            if len(rows):
                keep[rows] = False
                refused.setdefault(reason, []).append(order[rows])
        kept = np.flatnonzero(keep)
        wild = self._wild(value[kept])
        if len(wild):
            refused[Reason.ABSURD_JUMP] = [order[kept[wild]]]
            kept = np.delete(kept, wild)
        if len(kept):
            self.last_at, self.last_value = int(at[kept[-1]]), float(value[kept[-1]])
        return Admitted(
            at[kept],
            value[kept],
            {reason: np.concatenate(rows) for reason, rows in refused.items()},
        )

    def _wild(self, value: NDArray[np.float64]) -> NDArray[np.intp]:
        """Return the rows that lie too far from the last believed one."""
        if not len(value):
            return np.empty(0, dtype=np.intp)
        level = np.log(value)
        first = level[0] if self.last_value is None else np.log(self.last_value)
        if not self.suspects and np.all(
            np.abs(np.diff(level, prepend=first)) <= self.max_jump
        ):
            return np.empty(0, dtype=np.intp)
        believed, wild = float(first), []
        for row, now in enumerate(level.tolist()):
            confirmed = (
                len(self.suspects) >= CONFIRMATIONS
                and abs(now - self.suspects[-1]) <= self.max_jump
            )
            if abs(now - believed) <= self.max_jump or confirmed:
                believed = now
                self.suspects.clear()
                continue
            if self.suspects and abs(now - self.suspects[-1]) > self.max_jump:
                self.suspects.clear()
            self.suspects.append(now)
            wild.append(row)
        return np.asarray(wild, dtype=np.intp)

    def state(self) -> dict[str, Any]:
        """Return what `restore` needs."""
        return {
            "last_at": self.last_at,
            "last_value": self.last_value,
            "suspects": self.suspects,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Become what gave `state`."""
        self.last_at = state["last_at"]
        self.last_value = state["last_value"]
        self.suspects = list(state["suspects"])
