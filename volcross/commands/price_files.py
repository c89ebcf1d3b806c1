"""Prices in CSV files. Pure: text in, bars out, or a `Refusal` naming the row."""

import csv
import datetime as dt

import numpy as np

from streams.volatility.bars import BarColumns
from streams.volatility.market_time import DAY_NS, MarketClock
from volcross.commands.chain_files import instant
from volcross.commands.text_files import number
from volcross.refusal import Refusal

_TIMES = ("timestamp", "date", "time", "datetime", "at")
# Vendors keep prices in single precision, where a high may miss its own close.
_SINGLE_PRECISION = 1e-6


def read_bars(text: str, name: str, clock: MarketClock) -> tuple[BarColumns, bool]:
    """Return the bars in a CSV, and whether it has more than closes.

    A day stands for its session's close (crypto: its midnight's end); a time
    is the end of its bar.

    Raises:
        Refusal: a column is missing, or a row is not a bar.
    """
    reader = csv.DictReader(text.splitlines())
    columns = {column.strip().lower(): column for column in reader.fieldnames or ()}
    time = next((columns[name] for name in _TIMES if name in columns), None)
    if time is None or "close" not in columns:
        raise Refusal(f"{name}: needs a column {' or '.join(_TIMES)}, and close")
    whole = all(column in columns for column in ("open", "high", "low"))
    wanted = ("open", "high", "low", "close") if whole else ("close",) * 4
    at: list[int] = []
    prices: list[list[float]] = []
    for line, row in enumerate(reader, start=2):
        try:
            at.append(_end(row[time].strip(), clock))
            prices.append([number(row[columns[column]]) for column in wanted])
        except (ValueError, TypeError, AttributeError, Refusal) as error:
            raise Refusal(f"{name}, line {line}: {error}") from error
    if not at:
        raise Refusal(f"{name}: no prices")
    opened, high, low, close = np.array(prices).T
    top, bottom = np.maximum(opened, close), np.minimum(opened, close)
    high = np.where(high > top * (1 - _SINGLE_PRECISION), np.maximum(high, top), high)
    low = np.where(low < bottom * (1 + _SINGLE_PRECISION), np.minimum(low, bottom), low)
    try:
        return BarColumns.of(at, opened, high, low, close), whole
    except ValueError as error:
        raise Refusal(f"{name}: {error}") from error


def _end(text: str, clock: MarketClock) -> int:
    if len(text) > len("2024-07-31"):
        return instant(text)
    start = instant(dt.date.fromisoformat(text).isoformat())
    closes = clock.session_closes(start, start + DAY_NS)
    if not closes.size:
        raise ValueError(f"{text} is not a session of {clock.name}")
    return int(closes[0])
