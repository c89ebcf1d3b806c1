"""`volcross rv`: the realised volatility of prices in a file."""

import datetime as dt
import json
import math
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from volcross.refusal import Refusal

if TYPE_CHECKING:
    from streams.volatility.bars import BarColumns
    from streams.volatility.market_time import MarketClock

_ALL_TIME = 200 * 365 * 86_400.0


class Calendar(StrEnum):
    """The market clocks, by the names of `streams.settings.Clock`."""

    CRYPTO = "crypto"
    US_EQUITY = "us-equity"


class EstimatorName(StrEnum):
    """The estimators, by the names of `streams.volatility.estimators`."""

    CLOSE_TO_CLOSE = "close-to-close"
    DEMEANED = "close-to-close-demeaned"
    EWMA = "ewma"
    PARKINSON = "parkinson"
    GARMAN_KLASS = "garman-klass"
    ROGERS_SATCHELL = "rogers-satchell"
    YANG_ZHANG = "yang-zhang"
    BIPOWER = "bipower"


_OF_RANGES = {
    EstimatorName.PARKINSON,
    EstimatorName.GARMAN_KLASS,
    EstimatorName.ROGERS_SATCHELL,
    EstimatorName.YANG_ZHANG,
}


def rv(  # noqa: PLR0913, PLR0917 - typer reads the options from the signature
    prices: Annotated[
        Path,
        typer.Argument(
            metavar="PRICES", help="CSV with a date or time, \\[open,high,low,]close."
        ),
    ],
    estimator: Annotated[
        EstimatorName,
        typer.Option(
            metavar="NAME",
            help=f"How it is worked out: {', '.join(EstimatorName)}.",
        ),
    ] = EstimatorName.CLOSE_TO_CLOSE,
    window: Annotated[
        str,
        typer.Option(
            metavar="N|DURATION", help="That many bars, or a calendar span: 21, 30d."
        ),
    ] = "30d",
    calendar: Annotated[Calendar, typer.Option(help="When its market lives.")] = (
        Calendar.CRYPTO
    ),
    until: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="Leave later bars out; UTC without a zone."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Work out the realised volatility at the end of a file's prices."""
    from streams.volatility.market_time import market_clock
    from volcross.commands.chain_files import instant
    from volcross.commands.price_files import read_bars
    from volcross.commands.text_files import text_of

    clock = market_clock(calendar)
    bars, whole = read_bars(text_of(prices), prices.name, clock)
    if estimator in _OF_RANGES and not whole:
        raise Refusal(f"{prices.name}: {estimator} needs open, high and low")
    if until is not None:
        last = instant(until)
        bars = bars[: int((bars.at <= last).sum())]
        if not len(bars):
            raise Refusal(f"{prices.name}: no prices up to {until}")
    value, warm, used = _estimate(bars, estimator, window, clock)
    at = dt.datetime.fromtimestamp(int(bars.at[-1]) // 10**9, dt.UTC)
    report = {
        "estimator": str(estimator),
        "window": window,
        "calendar": str(calendar),
        "at": at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "value": None if math.isnan(value) else value,
        "warm": warm,
        "bars": used,
    }
    if as_json:
        typer.echo(json.dumps(report, indent=2))
    else:
        shown = "not enough prices" if math.isnan(value) else f"{100 * value:.2f}"
        note = "" if warm else "  (the file is shorter than the window)"
        typer.echo(
            f"{prices.name} {estimator} {window} {calendar}: {shown}"
            f"  at {report['at']}, {used} bars{note}"
        )
    if report["value"] is None:
        raise typer.Exit(1)


def _estimate(
    bars: "BarColumns", estimator: EstimatorName, window: str, clock: "MarketClock"
) -> tuple[float, bool, int]:
    """Return the last estimate, whether its window is full, and its bars."""
    import numpy as np

    from streams.lengths import seconds
    from streams.volatility.estimators import ESTIMATORS
    from streams.volatility.market_time import DAY_NS

    try:
        if not window.isdigit():
            span = seconds(window)
            value, warm = ESTIMATORS[estimator](span, clock).update(bars)
            inside = bars.at > bars.at[-1] - round(span * 10**9)
            return float(value[-1]), bool(warm[-1]), int(inside.sum())
        n = int(window)
        if n < 1:
            raise Refusal(f"--window {window}: at least one bar")
        if estimator is EstimatorName.EWMA:
            # n bars of the file's own step, as a calendar span.
            steps = clock.elapsed(bars.at[:-1], bars.at[1:])
            days = n * float(np.median(steps)) / clock.unit * 365 / clock.per_year
            value, _ = ESTIMATORS[estimator](days * DAY_NS / 1e9, clock).update(bars)
        else:
            value, _ = ESTIMATORS[estimator](_ALL_TIME, clock).update(bars[-n - 1 :])
    except (ValueError, OverflowError) as error:
        raise Refusal(str(error)) from error
    return float(value[-1]), len(bars) > n, min(n, len(bars) - 1)
