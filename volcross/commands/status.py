"""What the running service says of itself, in the terminal."""

import json
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from rich import box
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from alerts.telling.wording import length, moment, percent, points
from streams.events import Quality
from streams.topics import (
    AGENTS,
    ALERTS,
    CONTEXT,
    DELIVERIES,
    FEEDS,
    PRICE_TICKS,
    READINGS,
    REJECTED,
    SPREADS,
    VOL_TICKS,
    checkpoints,
)
from volcross.config import Settings
from volcross.running.provisioning import verify
from volcross.running.signals import run
from volcross.watching.board import Board
from volcross.watching.lag import lags
from volcross.watching.observer import Observer
from volcross.watching.report import report

TAIL = 200
"""Records read back from the end of each partition."""

ALERTS_SHOWN = 5

NUMBERS = {"left", "right", "spread", "z-score", "vol", "age", "ticks"}
"""Columns that stand to the right."""

FOLLOWED = (
    *(PRICE_TICKS, VOL_TICKS, READINGS, SPREADS, CONTEXT),
    *(ALERTS, DELIVERIES, REJECTED, FEEDS),
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
        told: dict[str, Any] = {**report(board), "lag": waiting}
        sys.stdout.write(json.dumps(told, indent=2) + "\n")
    else:
        Console().print(picture(board, waiting, time.time_ns()))


async def _watch(settings: Settings) -> None:
    board = Board()
    async with Observer(settings.reached().kafka, FOLLOWED, TAIL) as observer:
        with Live(screen=True, auto_refresh=False) as live:
            while True:
                for _, _, event in await observer.read(0.5):
                    board.apply(event)
                waiting = await lags(board, observer)
                shown = picture(board, waiting, time.time_ns())
                live.update(shown, refresh=True)


def picture(board: Board, waiting: dict[str, int], now: int) -> RenderableType:
    """Return what a terminal shows.

    Args:
        board: what the topics say.
        waiting: records each agent has yet to take in.
        now: the wall clock (ns UTC), for ages.
    """
    if not board.feeds and not board.spreads:
        return Text("The topics are empty: nothing was ever produced.", "grey50")
    return Group(*_parts(board, waiting, now))


def _parts(board: Board, waiting: dict[str, int], now: int) -> Iterator[RenderableType]:
    yield _spreads(board, now)
    yield from _context(board)
    yield _readings(board, now)
    yield _feeds(board, now)
    yield from _alerts(board)
    told = ", ".join(
        f"{channel} {count} {outcome}"
        for channel in sorted({name for name, _, _ in board.deliveries})
        for outcome, count in sorted(board.outcomes(channel).items())
    )
    refused = ", ".join(
        f"{ticks} {reason} on {topic}"
        for (topic, reason), ticks in board.rejected.most_common(5)
    )
    behind = ", ".join(f"{agent} {count}" for agent, count in waiting.items())
    yield Text.assemble(("deliveries  ", "bold"), told or "none yet")
    yield Text.assemble(("rejected    ", "bold"), refused or "nothing")
    yield Text.assemble(("waiting     ", "bold"), behind, (" records", "grey50"))


def _table(title: str, *columns: str) -> Table:
    table = Table(
        title=title,
        title_justify="left",
        title_style="bold",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        header_style="grey50",
    )
    for name in columns:
        number = name in NUMBERS
        table.add_column(name, justify="right" if number else "left", no_wrap=True)
    return table


def _spreads(board: Board, now: int) -> Table:
    table = _table("Spreads", "pair", "comparison", "left", "right", "spread", "age")
    for line in board.spreads.values():
        spread = line.spread
        if spread is None:
            table.add_row(line.pair, line.comparison, "–", "–", "–", "–")
            continue
        above = "green" if spread > 0 else "yellow"
        table.add_row(
            line.pair,
            line.comparison,
            percent(line.left_value[-1]),
            percent(line.right_value[-1]),
            Text(points(spread), above),
            _age(line.at[-1], now),
        )
    return table


def _context(board: Board) -> Iterator[RenderableType]:
    lines = [line for line in board.spreads.values() if line.context.end]
    if not lines:
        return
    table = _table("Context", "pair", "comparison", "z-score", "ranks", "ahead")
    for line in lines:
        known = line.context
        table.add_row(
            line.pair,
            line.comparison,
            "–" if known.z_score is None else f"{known.z_score:+.1f}",
            f"{_rank(known.left_rank, known.left_days)},"
            f" {_rank(known.right_rank, known.right_days)}",
            ", ".join(known.announcements) or "–",
        )
    yield table


def _rank(rank: float | None, days: int) -> str:
    if rank is None:
        return "–"
    return f"{rank:.0%} of {days} d" if days else f"{rank:.0%}"


def _readings(board: Board, now: int) -> Table:
    table = _table("Readings", "symbol", "measure", "window", "vol", "is", "age")
    for _, reading in sorted(board.readings.items()):
        usable = reading.quality == Quality.OK
        table.add_row(
            reading.symbol,
            reading.measure,
            reading.window,
            Text(percent(reading.value), "" if usable else "grey50"),
            str(reading.origin) if usable else "window still filling",
            _age(reading.at, now),
        )
    return table


def _feeds(board: Board, now: int) -> Table:
    table = _table("Feeds", "symbol", "source", "measure", "last tick", "age")
    for _, feed in sorted(board.feeds.items()):
        last = f"{moment(feed.last_at):%Y-%m-%d %H:%M:%S}" if feed.last_at else "–"
        table.add_row(
            feed.symbol,
            feed.source,
            feed.measure or "price",
            last,
            _age(feed.last_at, now) if feed.last_at else "–",
        )
    return table


def _alerts(board: Board) -> Iterator[RenderableType]:
    yield Text("Alerts", "bold")
    told = list(board.alerts)[-ALERTS_SHOWN:]
    if not told:
        yield Text("none yet", "grey50")
    for alert in reversed(told):
        yield Text(
            f"{moment(alert.event_time):%Y-%m-%d %H:%M} UTC  {alert.rule}"
            f" {alert.state.value}: {alert.left.name.symbol}"
            f" {percent(alert.left.value)} against {alert.right.name.symbol}"
            f" {percent(alert.right.value)}"
        )
    yield Text()


def _age(at: int, now: int) -> str:
    return length(timedelta(seconds=max(0, now - at) / 1e9))
