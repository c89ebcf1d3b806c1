"""Real series, and bars made up by hypothesis."""

import csv
import datetime as dt
from pathlib import Path

import numpy as np
import pytest

from streams.volatility.bars import BarColumns
from streams.volatility.market_time import DAY_NS, market_clock

HOUR_NS = DAY_NS // 24


def ns(text: str) -> int:
    """Return the instant of an ISO time; UTC where it names no zone."""
    instant = dt.datetime.fromisoformat(text)
    if instant.tzinfo is None:
        instant = instant.replace(tzinfo=dt.UTC)
    return round(instant.timestamp()) * 10**9


def _ohlc(path: Path) -> tuple[list[str], list[list[float]]]:
    with path.open() as file:
        rows = list(csv.reader(file))[1:]
    return [row[0] for row in rows], [[float(x) for x in row[1:5]] for row in rows]


@pytest.fixture(scope="session")
def btc(data_dir: Path) -> BarColumns:
    """Give Bitcoin's hourly bars; the file stamps them with their beginning."""
    times, prices = _ohlc(data_dir / "btc_hourly_binance_2024-06_2024-09.csv")
    return BarColumns.of([ns(time) + HOUR_NS for time in times], *np.transpose(prices))


@pytest.fixture(scope="session")
def nvda(data_dir: Path) -> BarColumns:
    """Give Nvidia's daily bars, each at the close of its session."""
    days, prices = _ohlc(data_dir / "nvda_daily_yahoo_2024.csv")
    closes = market_clock("us-equity").session_closes(
        ns(days[0]), ns(days[-1]) + DAY_NS
    )
    assert len(closes) == len(days)
    o, h, l, c = np.transpose(prices)  # noqa: E741 - a bar's own letters
    # Single-precision prices overshoot their own open and close by a bit.
    return BarColumns.of(
        closes, o, np.maximum(h, [o, c]).max(0), np.minimum(l, [o, c]).min(0), c
    )


@pytest.fixture(scope="session")
def dvol(data_dir: Path) -> BarColumns:
    """Give DVOL's daily bars: an index, but a series like another."""
    days, prices = _ohlc(data_dir / "dvol_btc_daily_2024-05_2024-09.csv")
    return BarColumns.of([ns(day) + DAY_NS for day in days], *np.transpose(prices))
