"""The founding story, summer 2024: is Nvidia more volatile than Bitcoin?

NVDA's 30-day implied vol was published on six days, Bitcoin's DVOL as daily
candles. Between those numbers the story draws straight lines, the same for
everybody who replays it, and its records say ``interpolated``. Prices are never
drawn: they come at their own cadence, or realised volatility would vanish.
"""

import csv
from collections.abc import AsyncIterator, Iterable
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np

from producers.recorded.story_facts import (
    BTC_DAILY,
    DVOL_DAILY,
    NVDA_DAILY,
    NVDA_EARLY_CLOSES,
    NVDA_IV30,
)
from producers.recorded.timeline import HOUR, Pace, Recording, play
from producers.source import SECOND, Heard, Instants, Series, Values, instant
from streams.events import Origin

BEGIN: Final = instant(datetime(2024, 7, 22, 20, tzinfo=UTC))
"""Where the implied vols begin: 16:00 New York (ns UTC)."""
END: Final = instant(datetime(2024, 9, 4, tzinfo=UTC))
"""Where everything ends (ns UTC)."""
PRICES_BEGIN: Final = instant(datetime(2024, 6, 18, tzinfo=UTC))
"""Early enough for a 30-day realised vol to be warm at `BEGIN` (ns UTC)."""

HOURLY_FILE: Final = "btc_hourly_binance_2024-06_2024-09.csv"
"""Binance BTCUSDT candles: timestamp (of the open, UTC), …, close."""

_NEW_YORK = ZoneInfo("America/New_York")
_MINUTE = 60 * SECOND
_SESSION_MINUTES = 390
_DAY_MINUTES = 1440


def _new_york(day: date, hour: int, minute: int = 0) -> int:
    return instant(datetime.combine(day, time(hour, minute), _NEW_YORK))


def _columns(rows: Iterable[tuple[int, float]]) -> tuple[Instants, Values]:
    at, value = zip(*rows, strict=True)
    return np.array(at, np.int64), np.array(value, np.float64)


def nvda_iv30() -> Recording:
    """Return NVDA's implied vol on each session minute, linear in session minutes.

    Outside sessions it says nothing: the last value stands, and ages.
    """
    days = [day for day, _, _ in NVDA_DAILY if day > NVDA_IV30[0][0]]
    session = {day: number for number, day in enumerate(days, start=1)}
    points = [_SESSION_MINUTES * session.get(day, 0) for day, _ in NVDA_IV30]
    minutes = np.arange(_SESSION_MINUTES + 1, dtype=np.int64)
    at = [np.array([BEGIN], np.int64)]
    elapsed = [np.zeros(1, np.int64)]
    for number, day in enumerate(days):
        at.append(_new_york(day, 9, 30) + minutes * _MINUTE)
        elapsed.append(_SESSION_MINUTES * number + minutes)
    value = np.interp(np.concatenate(elapsed), points, [vol for _, vol in NVDA_IV30])
    series = Series("NVDA", "fintel-press", "iv30", 30, Origin.INTERPOLATED)
    return Recording(series, BEGIN, END, np.concatenate(at), value)


def btc_dvol() -> Recording:
    """Return DVOL on each minute, drawn through each day's candle.

    The path visits open, low, high, close at 0, 8, 16 and 24 h UTC on a day
    that rose, and open, high, low, close on one that fell.
    """
    minutes = np.arange(_DAY_MINUTES, dtype=np.int64)
    thirds = np.linspace(0, _DAY_MINUTES, 4)
    at, value = [], []
    for day, opened, high, low, closed in DVOL_DAILY:
        turns = (low, high) if closed >= opened else (high, low)
        path = np.array([opened, *turns, closed]) / 100
        midnight = instant(datetime.combine(day, time(), UTC))
        at.append(midnight + minutes * _MINUTE)
        value.append(np.interp(minutes, thirds, path))
    series = Series("BTC", "deribit", "dvol", 30, Origin.INTERPOLATED)
    return _told(series, BEGIN, np.concatenate(at), np.concatenate(value))


def nvda_prices() -> Recording:
    """Return NVDA's opening and closing price of every session."""
    rows = []
    for day, opened, closed in NVDA_DAILY:
        rows.append((_new_york(day, 9, 30), opened))
        rows.append((_new_york(day, 13 if day in NVDA_EARLY_CLOSES else 16), closed))
    return _told(Series("NVDA", "yahoo"), PRICES_BEGIN, *_columns(rows))


def btc_prices(data: Path | None = None) -> Recording:
    """Return Bitcoin's price at the end of every UTC day.

    Args:
        data: a directory that holds `HOURLY_FILE`: then of every hour.

    Raises:
        ValueError: the file is not there, or not what it should be.
    """
    if data is None:
        midnights = (
            (instant(datetime.combine(day, time(), UTC) + timedelta(days=1)), price)
            for day, price in BTC_DAILY
        )
        rows = list(midnights)
    else:
        rows = _hourly(data / HOURLY_FILE)
    return _told(Series("BTC", "binance"), PRICES_BEGIN, *_columns(rows))


def _hourly(path: Path) -> list[tuple[int, float]]:
    try:
        with path.open(newline="") as file:
            rows = [
                (
                    # A candle's close is the price when its hour ends.
                    instant(datetime.fromisoformat(f"{row['timestamp']}+00:00")) + HOUR,
                    float(row["close"]),
                )
                for row in csv.DictReader(file)
            ]
    except FileNotFoundError:
        raise ValueError(f"{path}: no such file") from None
    except (KeyError, ValueError, OSError) as error:
        raise ValueError(f"{path}: not hourly candles: {error!r}") from error
    if not rows:
        raise ValueError(f"{path}: not hourly candles: no rows")
    return rows


def _told(series: Series, start: int, at: Instants, value: Values) -> Recording:
    """Return what the story tells of a series: from `start` to the story's end."""
    told = (at >= start) & (at < END)
    return Recording(series, start, END, at[told], value[told])


class Story:
    """The founding story as a source.

    Args:
        seconds: how long the telling takes, from `BEGIN` on; the prices before
            come at once. None: all of it at once.
        data: a directory with the hourly Bitcoin prices.
    """

    def __init__(self, *, seconds: float | None = 60, data: Path | None = None) -> None:
        self.recordings = (btc_prices(data), nvda_prices(), btc_dvol(), nvda_iv30())
        self._speed = None if seconds is None else (END - BEGIN) / SECOND / seconds

    def __aiter__(self) -> AsyncIterator[Heard]:
        """Tell it, hour by hour of event time."""
        return play(self.recordings, Pace(self._speed, BEGIN))
