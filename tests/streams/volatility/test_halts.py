"""A market that stands still is a gap, not a series of zero returns."""

import numpy as np
import pytest

from streams.agents.stage import Out
from streams.events import Bars, Event, PriceTicks, VolatilityReadings
from streams.settings import Kafka
from streams.stages.measure import Measure
from streams.stages.sample import Sample
from streams.volatility.bars import BarColumns
from streams.volatility.estimators import ESTIMATORS
from tests.streams.market import settings
from tests.streams.volatility.conftest import ns
from tests.streams.volatility.made_up import DAY, EVERY, MINUTE_NS, NYSE

OPEN = ns("2024-07-31T09:30-04:00")
STEP = 1e-3
STEADY = STEP * np.sqrt(252 * 390)
HALT_BEGINS, HALTED = 90, 60
"""Minutes: from eleven o'clock to noon."""
MINUTES = np.concatenate(
    (np.arange(1, HALT_BEGINS + 1), np.arange(HALT_BEGINS + HALTED, 331))
)


def closes(minutes: np.ndarray) -> np.ndarray:
    """Return prices that move by √(minutes) steps of either sign from bar to bar."""
    moves = np.sqrt(np.diff(minutes, prepend=0)) * STEP
    moves[1::2] *= -1
    prices: np.ndarray = 100 * np.exp(np.cumsum(moves))
    return prices


@pytest.mark.parametrize("name", ["close-to-close", "bipower", "ewma"])
@pytest.mark.parametrize("window", [2 * 3600.0, 3 * 3600.0])
def test_a_halt_is_one_return_over_all_of_it(name: str, window: float) -> None:
    at, close = OPEN + MINUTES * MINUTE_NS, closes(MINUTES)
    value, _ = ESTIMATORS[name](window, NYSE).update(BarColumns.of_closes(at, close))
    steady = STEADY * (np.sqrt(np.pi / 2) if name == "bipower" else 1.0)
    assert value[2:] == pytest.approx(np.full(at.size - 2, steady), rel=1e-9)


def test_zero_returns_instead_would_have_drawn_bipower_down() -> None:
    every = np.arange(1, 331)
    close = closes(MINUTES)[np.searchsorted(MINUTES, every, side="right") - 1]
    bars = BarColumns.of_closes(OPEN + every * MINUTE_NS, close)
    value, _ = ESTIMATORS["bipower"](3 * 3600.0, NYSE).update(bars)
    before, after = value[HALT_BEGINS - 1], value[HALT_BEGINS + HALTED - 1]
    assert before == pytest.approx(STEADY * np.sqrt(np.pi / 2), rel=1e-9)
    assert after < 0.8 * before


@EVERY
def test_a_move_in_no_time_has_no_volatility(name: str) -> None:
    night = OPEN - np.array([180, 120, 60]) * MINUTE_NS
    bars = BarColumns.of_closes(night, [100.0, 103.0, 99.0])
    value, warm = ESTIMATORS[name](7 * DAY, NYSE).update(bars)
    assert np.isnan(value).all()
    assert not warm.any()


def test_nobody_speaks_of_a_stock_while_it_is_halted() -> None:
    configured = settings(Kafka(), pairs=[])
    sample, measure = Sample(configured), Measure(configured)
    price = dict(zip(MINUTES.tolist(), closes(MINUTES).tolist(), strict=True))
    spoken: list[int] = []
    end = OPEN
    for minute in range(1, 331):
        start, end = end, OPEN + minute * MINUTE_NS + 1
        ticks = PriceTicks(
            symbol="NVDA",
            source="test",
            start=start,
            end=end,
            at=[end - 1] if minute in price else [],
            price=[price[minute]] if minute in price else [],
        )
        bars = [o.event for o in sample.apply(ticks, minute, end) if isinstance(o, Out)]
        out: list[Event] = []
        for event in bars:
            assert isinstance(event, Bars)
            out += [
                o.event for o in measure.apply(event, minute, end) if isinstance(o, Out)
            ]
        spoken += [
            (at - OPEN) // MINUTE_NS
            for event in out
            if isinstance(event, VolatilityReadings)
            and (event.measure, event.window) == ("close-to-close", "1h")
            for at in event.at
        ]
    assert spoken == MINUTES[1:].tolist()
