"""What the running service says of itself, in the terminal."""

import json
import sys
import time
from typing import Any

from rich.console import Console, RenderableType
from rich.live import Live

from streams.topics import (
    AGENTS,
    ALERTS,
    CONTEXT,
    DELIVERIES,
    FEEDS,
    PRICE_TICKS,
    READINGS,
    REJECTED,
    SILENCES,
    SPREADS,
    VOL_TICKS,
    checkpoints,
)
from volcross.config import Settings
from volcross.running.provisioning import verify
from volcross.running.signals import run
from volcross.watching.board import Board
from volcross.watching.lag import lags
from volcross.watching.lights import connected
from volcross.watching.missing import missing
from volcross.watching.observer import Observer
from volcross.watching.picture import picture
from volcross.watching.report import report, silences

TAIL = 2_000
"""Records read back from the end of each partition: some carry no row for minutes."""

FOLLOWED = (
    *(PRICE_TICKS, VOL_TICKS, READINGS, SPREADS, CONTEXT),
    *(ALERTS, DELIVERIES, SILENCES, REJECTED, FEEDS),
    *map(checkpoints, AGENTS),
)


def status(settings: Settings, *, json: bool, watch: bool) -> None:
    """Print how things stand, once or until Ctrl-C.

    Raises:
        Unreachable: the broker does not answer.
        Refusal: its topics are not there.
    """
    verify(settings.reached().kafka)
    run(_watch(settings) if watch else _once(settings, as_json=json))


async def _once(settings: Settings, *, as_json: bool) -> None:
    board = Board()
    async with Observer(settings.reached().kafka, FOLLOWED, TAIL) as observer:
        while await observer.behind():
            for _, _, event in await observer.read():
                board.apply(event)
        waiting = await lags(board, observer)
    if as_json:
        told: dict[str, Any] = {
            **report(board),
            "connections": [
                connected(state, time.time_ns())
                for _, state in sorted(board.connections.items())
            ],
            "silences": silences(board, time.time_ns()),
            "missing": [one._asdict() for one in missing(board, settings.pairs)],
            "lag": waiting,
        }
        sys.stdout.write(json.dumps(told, indent=2) + "\n")
    else:
        Console().print(_picture(settings, board, waiting))


async def _watch(settings: Settings) -> None:
    board = Board()
    async with Observer(settings.reached().kafka, FOLLOWED, TAIL) as observer:
        with Live(screen=True, auto_refresh=False) as live:
            while True:
                for _, _, event in await observer.read(0.5):
                    board.apply(event)
                waiting = await lags(board, observer)
                live.update(_picture(settings, board, waiting), refresh=True)


def _picture(
    settings: Settings, board: Board, waiting: dict[str, int]
) -> RenderableType:
    clock = time.time_ns()
    # A recorded market is as old as it has come, not as it was recorded.
    now = board.now if settings.replayed else clock
    return picture(board, waiting, now, settings.pairs, clock)
