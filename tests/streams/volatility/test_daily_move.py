"""The move of the day against a plain walk through the bars."""

import json
from datetime import UTC, datetime
from itertools import pairwise
from math import log, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.volatility.bars import BarColumns
from streams.volatility.daily_move import DailyMove
from streams.volatility.estimator import Estimates
from streams.volatility.market_time import DAY_NS, market_clock

MINUTE = 60 * 10**9
CRYPTO = market_clock("crypto")
NYSE = market_clock("us-equity")


def ns(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 10**9


def walked(
    at: list[int], close: list[float], vol: list[float]
) -> list[tuple[float, float]]:
    """Return (move, expected) a bar of crypto, each looked up by itself."""
    found = []
    for i, now in enumerate(at):
        midnight = (now - 1) // DAY_NS * DAY_NS
        before = [j for j in range(i) if at[j] <= midnight]
        if not before or at[before[-1]] <= midnight - DAY_NS:
            found.append((np.nan, np.nan))
            continue
        j = before[-1]
        found.append((abs(log(close[i] / close[j])) * sqrt(365), vol[j]))
    return found


@st.composite
def series(draw: st.DrawFn) -> tuple[list[int], list[float], list[float]]:
    steps = st.sampled_from([MINUTE, DAY_NS // 3, DAY_NS // 2, DAY_NS, 5 * DAY_NS // 2])
    at = np.cumsum(draw(st.lists(steps, min_size=1, max_size=20))).tolist()
    n = len(at)
    close = draw(st.lists(st.floats(50, 200), min_size=n, max_size=n))
    vol = draw(st.lists(st.floats(0.1, 2) | st.just(np.nan), min_size=n, max_size=n))
    return at, close, vol


@given(series(), st.lists(st.integers(0, 20)), st.booleans())
def test_it_is_what_a_walk_finds_however_the_bars_come(
    drawn: tuple[list[int], list[float], list[float]], cuts: list[int], restart: bool
) -> None:
    at, close, vol = drawn
    edges = [0, *sorted({cut for cut in cuts if cut < len(at)}), len(at)]
    day, found = DailyMove(CRYPTO), []
    for low, high in pairwise(edges):
        value = np.array(vol[low:high])
        estimates = Estimates(value, np.isfinite(value))
        moves = day.update(
            BarColumns.of_closes(at[low:high], close[low:high]), estimates
        )
        found += list(zip(moves.move.tolist(), moves.expected.tolist(), strict=True))
        if restart:
            state = json.loads(json.dumps(day.state()))
            day = DailyMove(CRYPTO)
            day.restore(state)
    assert np.array(found) == pytest.approx(
        np.array(walked(at, close, vol)), nan_ok=True
    )


def test_a_stock_counts_from_the_close_over_the_night_the_weekend_and_a_holiday() -> (
    None
):
    closes = {
        "2024-08-29 20:00": 100.0,
        "2024-08-30 20:00": 101.0,  # a Friday; Labor Day is the Monday
        "2024-09-03 13:31": 95.0,
        "2024-09-03 20:00": 92.0,
        "2024-09-04 13:31": 93.0,
    }
    bars = BarColumns.of_closes([ns(at) for at in closes], list(closes.values()))
    vol = np.array([0.5, 0.6, 0.7, 0.8, 0.9])
    found = DailyMove(NYSE).update(bars, Estimates(vol, vol > 0))
    year = sqrt(252)
    assert found.move[1:].tolist() == pytest.approx(
        [
            log(101 / 100) * year,
            log(101 / 95) * year,
            log(101 / 92) * year,
            log(93 / 92) * year,
        ]
    )
    assert found.expected[1:].tolist() == [0.5, 0.6, 0.6, 0.8]


def test_whoever_missed_a_session_has_no_move_until_the_next() -> None:
    at = [ns(f"2024-08-{day} 20:00") for day in (27, 29, 30)]
    vol = np.array([0.5, 0.5, 0.5])
    found = DailyMove(NYSE).update(
        BarColumns.of_closes(at, [100.0, 50.0, 50.0]), Estimates(vol, vol > 0)
    )
    assert np.isnan(found.move).tolist() == [True, True, False]
    assert found.move[2] == 0.0
