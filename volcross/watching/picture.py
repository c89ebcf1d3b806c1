"""How things stand, as a terminal shows it; pure."""

from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from alerts.telling.silences import in_force
from alerts.words.wording import length, moment, percent, points
from streams.events import AlertState, Quality
from streams.lengths import seconds
from streams.settings import Pair
from volcross.watching.board import Board, Reading
from volcross.watching.lights import Light, connection, light
from volcross.watching.line import Context
from volcross.watching.missing import missing
from volcross.watching.structure import CHAIN_MEASURES, structures

ALERTS_SHOWN = 5

NUMBERS = {"left", "right", "spread", "z-score", "vol", "age", "ticks"}
"""Columns that stand to the right."""

SIGNS = {Light.GOOD: "●", Light.LATE: "▲", Light.SILENT: "■"}
COLOURS = {Light.GOOD: "green", Light.LATE: "yellow", Light.SILENT: "red"}
STATES = {
    AlertState.FIRING: "red",
    AlertState.UPDATED: "red",
    AlertState.RESOLVED: "blue",
    AlertState.UNKNOWN: "yellow",
}

CURVES: tuple[tuple[str, str, Callable[[float], str]], ...] = (
    ("atm", "at the money", percent),
    ("vix", "model-free", percent),
    ("skew25", "25-delta skew", lambda skew: points(skew).removesuffix(" points")),
)
"""What is read from a chain: its measure, its name for people, how it is written."""


def picture(
    board: Board,
    waiting: dict[str, int],
    now: int,
    pairs: Iterable[Pair] = (),
    clock: int | None = None,
) -> RenderableType:
    """Return what a terminal shows.

    Args:
        board: what the topics say.
        waiting: records each agent has yet to take in.
        now: the instant that ages count to (ns UTC): of a recorded market, its own.
        pairs: what is compared.
        clock: the wall clock (ns UTC), by which silences end; `now` unless given.
    """
    if not board.feeds and not board.spreads and not board.connections:
        return Text("The topics are empty: nothing was ever produced.", "grey50")
    clock = now if clock is None else clock
    return Group(*_parts(board, now, pairs), *_upkeep(board, waiting, clock))


def _parts(board: Board, now: int, pairs: Iterable[Pair]) -> Iterator[RenderableType]:
    # A terminal that is too short cuts off the end: what matters most comes first.
    yield from _set(_spreads(board, now))
    yield from _alerts(board)
    yield from _feeds(board, now)
    yield from _set(_missing(board, pairs))
    yield from _set(_context(board))
    yield from _set(_readings(board, now))
    yield from _set(_structures(board, now))


def _set(table: Table) -> Iterator[RenderableType]:
    if table.row_count:
        yield table
        yield Text()


def _upkeep(
    board: Board, waiting: dict[str, int], clock: int
) -> Iterator[RenderableType]:
    told = ", ".join(
        f"{channel} {count} {outcome}"
        for channel in sorted({name for name, _, _ in board.deliveries})
        for outcome, count in sorted(board.outcomes(channel).items())
    )
    refused = ", ".join(
        f"{ticks} {reason} on {topic}"
        for (topic, reason), ticks in board.rejected.most_common(5)
    )
    behind = ", ".join(f"{agent} {count}" for agent, count in waiting.items() if count)
    silent = ", ".join(
        f"{silence.rule} until {moment(silence.end):%Y-%m-%d %H:%M} UTC"
        f" by {silence.author}: {silence.comment}"
        for silence in in_force(board.silences.values(), clock)
    )
    yield Text.assemble(("deliveries  ", "bold"), told or "none yet")
    if silent:
        yield Text.assemble(("silenced    ", "bold"), silent)
    yield Text.assemble(("rejected    ", "bold"), refused or "nothing")
    yield Text.assemble(("waiting     ", "bold"), behind or "nothing")


def _table(title: str, *columns: str) -> Table:
    table = Table(
        title=title,
        title_justify="left",
        title_style="bold",
        box=box.SIMPLE_HEAD,
        show_edge=False,
        pad_edge=False,
        header_style="grey50",
    )
    for name in columns:
        number = name in NUMBERS or name.removesuffix("d").isdigit()
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


def _missing(board: Board, pairs: Iterable[Pair]) -> Table:
    table = _table("Compared, and not there yet", "pair", "comparison")
    table.add_column("waits for")  # the one that wraps where it is narrow
    for one in missing(board, pairs):
        table.add_row(*one)
    return table


def _context(board: Board) -> Table:
    table = _table("Context", "pair", "comparison", "z-score", "ranks", "ahead")
    for line in board.spreads.values():
        known = line.context
        if known == Context(end=known.end):
            continue  # its history is short yet
        table.add_row(
            line.pair,
            line.comparison,
            "–" if known.z_score is None else f"{known.z_score:+.1f}",
            f"{_rank(known.left_rank, known.left_days)},"
            f" {_rank(known.right_rank, known.right_days)}",
            ", ".join(known.announcements) or "–",
        )
    return table


def _rank(rank: float | None, days: int) -> str:
    if rank is None:
        return "–"
    return f"{rank:.0%} of {days} d" if days else f"{rank:.0%}"


def _readings(board: Board, now: int) -> Table:
    table = _table("Readings", "symbol", "measure", "window", "vol", "is", "age")
    for reading in sorted(board.readings.values(), key=_place):
        if reading.measure in CHAIN_MEASURES:
            continue  # by maturity, below
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


def _place(reading: Reading) -> tuple[str, str, float]:
    """Return what a reading is listed by: the longer a window, the later."""
    return reading.symbol, reading.measure, seconds(reading.window)


def _structures(board: Board, now: int) -> Table:
    told = structures(board)
    days = sorted({day for one in told for day in one.tenors})
    columns = [f"{day}d" for day in days]
    table = _table("Term structure, from option chains", "symbol", "", *columns, "age")
    for one in told if days else ():
        if not one.tenors:
            table.add_row(one.symbol, "–", *("–" for _ in days), "–")
            continue
        for measure, name, write in CURVES:
            values = [one.tenors.get(day, {}).get(measure) for day in days]
            table.add_row(
                one.symbol if measure == CURVES[0][0] else "",
                name,
                *("–" if value is None else write(value) for value in values),
                _age(one.at, now) if measure == CURVES[0][0] else "",
            )
    return table


def _feeds(board: Board, now: int) -> Iterator[RenderableType]:
    table = _table("Feeds", "symbol", "source", "measure", "", "how it is")
    for _, feed in sorted(board.feeds.items()):
        how, why = light(feed, now)
        table.add_row(
            feed.symbol,
            feed.source,
            feed.measure or "price",
            Text(SIGNS[how], COLOURS[how]),
            why,
        )
    if table.row_count:
        yield table
    for _, state in sorted(board.connections.items()):
        how, why = connection(state, now)
        if not state.up:
            sign = (f"{SIGNS[how]} ", COLOURS[how])
            yield Text.assemble(sign, f"{state.feed}  ", (why, "grey50"))
    yield Text()


def _alerts(board: Board) -> Iterator[RenderableType]:
    yield Text("Alerts", "bold")
    told = list(board.alerts)[-ALERTS_SHOWN:]
    if not told:
        yield Text("none yet", "grey50")
    for alert in reversed(told):
        at = f"{moment(alert.event_time):%Y-%m-%d %H:%M} UTC  {alert.rule} "
        state = (alert.state.value, STATES.get(alert.state, ""))
        if alert.state == AlertState.UNKNOWN:
            yield Text.assemble(at, state, f": {alert.reason}")
            continue
        yield Text.assemble(
            at,
            state,
            f": {alert.left.name.symbol} {percent(alert.left.value)} against"
            f" {alert.right.name.symbol} {percent(alert.right.value)}",
        )
    yield Text()


def _age(at: int, now: int) -> str:
    return length(timedelta(seconds=max(0, now - at) / 1e9))
