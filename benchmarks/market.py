"""The ticks that every contender is given: the same seed, the same market."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

MINUTE = 60_000_000_000
BEGIN = 1_722_384_000_000_000_000
"""2024-07-31 00:00 UTC, on a full minute."""


class Batch(NamedTuple):
    """Consecutive ticks of one symbol, covering ``[start, end)``."""

    symbol: str
    start: int
    end: int
    at: NDArray[np.int64]
    price: NDArray[np.float64]


class Market(NamedTuple):
    """A seeded random walk of several symbols.

    Attributes:
        symbols: how many.
        batch_ticks: ticks in a batch.
        spacing: mean time between two ticks of a symbol, nanoseconds.
        seed: of the random numbers.
    """

    symbols: int = 8
    batch_ticks: int = 500
    spacing: int = 100_000_000
    seed: int = 20240801

    @property
    def names(self) -> list[str]:
        """The symbols."""
        return [f"SYM{number}" for number in range(self.symbols)]

    def batches(self, ticks: int) -> Iterator[Batch]:
        """Yield batches of the symbols in turn until `ticks` ticks are out."""
        random = np.random.default_rng(self.seed)
        # σ = 0.6 a year, spread over the ticks.
        step = 0.6 * np.sqrt(self.spacing / (365 * 86_400e9))
        ends = dict.fromkeys(self.names, BEGIN)
        logs = dict.fromkeys(self.names, float(np.log(100.0)))
        for _ in range(0, ticks, self.symbols * self.batch_ticks):
            for name in self.names:
                gaps = random.integers(1, 2 * self.spacing, self.batch_ticks)
                at = ends[name] + np.cumsum(gaps)
                walk = logs[name] + np.cumsum(
                    random.normal(0.0, step, self.batch_ticks)
                )
                start, ends[name] = ends[name], int(at[-1]) + 1
                logs[name] = float(walk[-1])
                yield Batch(name, start, ends[name], at, np.exp(walk))


def last_minutes(batches: list[Batch]) -> dict[str, int]:
    """Return the end of each symbol's last complete minute (ns UTC)."""
    return {batch.symbol: (batch.end - 1) // MINUTE * MINUTE for batch in batches}
