"""`volcross history`: a past that no venue tells, from a file of the operator's."""

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from producers.recorded.timeline import Recording
    from streams.events import VolTicks
    from volcross.config import Settings

app = typer.Typer(help="A past that no venue tells.", no_args_is_help=True)

USUAL_TENOR_DAYS = 30
RECORD_ROWS = 5_000


@app.callback()
def history() -> None:
    """Keep `import` a word of its own, though it is the only one."""


@app.command("import")
def take_in(
    context: typer.Context,
    file: Annotated[
        Path,
        typer.Argument(
            help="CSV or Parquet: at, symbol, measure, value; a row a day, say.",
        ),
    ],
) -> None:
    """Give published vols a past, for their rank and percentile; at any time.

    Values are annualised fractions. What is known already stands; the same file
    twice does no harm. Prices have no late past: replay them into a new system.
    """
    from volcross.config import load
    from volcross.running.provisioning import verify

    settings = load(context.obj).reached()
    parts = list(recordings(file, settings, time.time_ns()))
    verify(settings.kafka)
    asyncio.run(_send(settings, parts))
    for part in parts:
        first, last = _day(int(part.at[0])), _day(int(part.at[-1]))
        symbol, measure = part.series.symbol, part.series.measure
        typer.echo(f"{symbol} {measure}: {len(part.at)} values, {first} to {last}")


def recordings(path: Path, settings: "Settings", now: int) -> "Iterator[Recording]":
    """Yield the series of a file, each of them one that somebody waits for.

    Args:
        path: of the file.
        settings: the symbols, and the vol that stands for each.
        now: the wall clock (ns UTC).

    Raises:
        Refusal: the file cannot be used; it names the row and the reason.
    """
    from producers.recorded.replay import BadFile, recordings
    from volcross.refusal import Refusal

    try:
        parts = recordings(path, tenor_days=USUAL_TENOR_DAYS)
    except BadFile as error:
        raise Refusal(str(error)) from error
    for part in parts:
        series = part.series
        if series.measure is None:
            raise Refusal(
                f"{path}: prices: a past of prices cannot come after the present;"
                " replay them into a new system instead"
            )
        known = settings.symbols.get(series.symbol)
        if known is None:
            raise Refusal(f"{path}: {series.symbol}: no [symbols.{series.symbol}]")
        if known.implied != series.measure:
            raise Refusal(
                f"{path}: {series.symbol} {series.measure}:"
                f" symbols.{series.symbol}.implied is {known.implied!r}"
            )
        if part.end > now:
            last = _day(part.end - 1)
            raise Refusal(f"{path}: {series.symbol}: {last} is yet to come")
        yield part


def records(part: "Recording") -> "Iterator[VolTicks]":
    """Yield a series as it travels: as history, whenever it comes."""
    from producers.source import Series
    from streams.events import VolTicks

    series: Series = part.series
    for row in range(0, len(part.at), RECORD_ROWS):
        at = part.at[row : row + RECORD_ROWS].tolist()
        yield VolTicks(
            symbol=series.symbol,
            source=series.source,
            measure=series.measure or "",
            tenor_days=series.tenor_days,
            origin=series.origin,
            start=at[0],
            end=at[-1] + 1,
            at=at,
            value=part.value[row : row + RECORD_ROWS].tolist(),
            history=True,
        )


async def _send(settings: "Settings", parts: "list[Recording]") -> None:
    from streams.topics import VOL_TICKS
    from volcross.watching.recall import publish

    for part in parts:
        symbol = part.series.symbol
        await publish(settings.kafka, VOL_TICKS, symbol, records(part))


def _day(instant: int) -> str:
    from datetime import UTC, datetime

    return datetime.fromtimestamp(instant // 10**9, UTC).date().isoformat()
