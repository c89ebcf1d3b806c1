"""What is compared with what, from the ticks to the spread."""

from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from streams.events import Origin, PriceTicks, SpreadReadings, VolTicks
from streams.settings import StreamSettings
from streams.stages.pairs import DAILY_MOVE, METHODOLOGY_BASIS, RISK_PREMIUM, compared
from streams.topics import PRICE_TICKS, VOL_TICKS
from streams.volatility.market_time import DAY_NS
from tests.streams.market import BEGIN, HOUR, Sent
from tests.streams.outputs import offline

SYMBOLS = {
    "NVDA": {"clock": "us-equity", "implied": "iv30", "grid": "1h"},
    "BTC": {"clock": "crypto", "implied": "dvol", "grid": "1h"},
    "ETH": {"clock": "crypto", "grid": "1h"},
}


def configured(**pair: Any) -> StreamSettings:  # noqa: ANN401 - as in the file
    pairs = [{"left": "BTC", "right": "NVDA", "realised": [], "chains": [], **pair}]
    return StreamSettings.model_validate({"symbols": SYMBOLS, "pairs": pairs})


def prices(symbol: str, days: int, last: float) -> Sent:
    at = list(range(BEGIN + HOUR, BEGIN + days * DAY_NS + 1, HOUR))
    price = [100.0 * (1.01 if i % 2 else 1.0) for i in range(len(at))]
    price[-1] = last
    return (
        PRICE_TICKS,
        symbol,
        PriceTicks(
            symbol=symbol,
            source="test",
            start=BEGIN,
            end=at[-1] + HOUR,
            at=at,
            price=price,
        ),
    )


def vols(symbol: str, measure: str, value: float, days: int) -> Sent:
    at = list(range(BEGIN + HOUR, BEGIN + days * DAY_NS + 1, HOUR))
    return (
        VOL_TICKS,
        symbol,
        VolTicks(
            symbol=symbol,
            source="test",
            measure=measure,
            tenor_days=30,
            origin=Origin.PUBLISHED,
            start=BEGIN,
            end=at[-1] + HOUR,
            at=at,
            value=[value] * len(at),
        ),
    )


def spreads(sent: list[Sent], settings: StreamSettings) -> dict[str, SpreadReadings]:
    """Return the last record with a row of each comparison."""
    return {
        f"{event.pair} {event.comparison}": event
        for event in offline(sent, settings)
        if isinstance(event, SpreadReadings) and event.at
    }


def test_two_readings_of_unlike_kinds_are_compared_when_asked_for() -> None:
    settings = configured(against=[["close-to-close/30d", "implied"]])
    found = spreads([prices("BTC", 32, 101.0), vols("NVDA", "iv30", 0.5, 32)], settings)
    spread = found["BTC/NVDA close-to-close/30d-vs-implied"]
    assert (spread.left.measure, spread.right.measure) == ("close-to-close", "iv30")
    # A return of a hundredth an hour, all year.
    expected = np.log(1.01) * np.sqrt(365 * 24)
    assert spread.left_value[-1] == pytest.approx(expected, rel=1e-3)
    assert spread.right_value[-1] == 0.5
    assert spread.spread[-1] == spread.left_value[-1] - 0.5


def test_the_ratio_of_the_move_of_the_day_is_its_standard_deviations() -> None:
    moved = spreads([prices("BTC", 32, 120.0)], configured())[f"BTC {DAILY_MOVE}"]
    ratio = moved.left_value[-1] / moved.right_value[-1]
    before = np.log(1.01) * np.sqrt(24)  # of a day
    assert ratio == pytest.approx(abs(np.log(120 / 101)) / before, rel=1e-2)
    assert (moved.left.measure, moved.left.window) == ("daily-move", "1d")
    assert moved.right.measure == "close-to-close"
    # Both legs speak at every bar: neither is stale because it stands still.
    assert moved.left_at == moved.right_at == moved.at
    assert len(set(moved.right_value[-23:])) == 1


def test_what_is_compared_of_a_symbol_and_of_a_pair_is_known_by_name() -> None:
    found = compared(configured(chains=["vix/30d"], against=[["implied", "atm/30d"]]))
    assert found == {
        "NVDA": [DAILY_MOVE, RISK_PREMIUM],
        "BTC": [DAILY_MOVE, RISK_PREMIUM],
        "ETH": [DAILY_MOVE],
        "BTC/NVDA": ["implied", "vix/30d", "implied-vs-atm/30d", METHODOLOGY_BASIS],
    }


@pytest.mark.parametrize(
    ("against", "why"),
    [
        (["ewma/3d", "implied"], "against: 'ewma/3d' is no reading of BTC"),
        (["implied", "dvol"], "against: 'dvol' is no reading of NVDA, which has: impl"),
        (["implied"], "against"),
    ],
)
def test_a_reading_that_nobody_makes_is_refused_by_name(
    against: list[str], why: str
) -> None:
    with pytest.raises(ValidationError, match=why):
        configured(against=[against])


def test_a_symbol_without_a_published_vol_cannot_be_asked_for_it() -> None:
    pair = {"left": "ETH", "right": "BTC", "implied": False}
    against = {**pair, "against": [["implied", "implied"]]}
    with pytest.raises(ValidationError, match="'implied' is no reading of ETH"):
        StreamSettings.model_validate({"symbols": SYMBOLS, "pairs": [against]})
