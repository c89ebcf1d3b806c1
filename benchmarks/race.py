"""Contenders given the same numbers: the best of some rounds counts.

The rounds of all of them are interleaved, so that a busy machine is unfair to none.
"""

import time
from collections.abc import Callable, Iterable
from typing import NamedTuple


class Contender(NamedTuple):
    """One way to do the work.

    Attributes:
        name: as shown.
        run: does it, on `n` items.
        n: how many items a run works through.
    """

    name: str
    run: Callable[[], object]
    n: int


def race(contenders: Iterable[Contender], rounds: int) -> dict[str, float]:
    """Return each contender's best seconds an item."""
    runners = list(contenders)
    best = {runner.name: float("inf") for runner in runners}
    for _ in range(rounds):
        for runner in runners:
            started = time.perf_counter()
            runner.run()
            spent = (time.perf_counter() - started) / runner.n
            best[runner.name] = min(best[runner.name], spent)
    return best
