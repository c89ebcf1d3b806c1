"""A comparison that shows nothing yet says what it waits for."""

from streams.events import (
    Event,
    Origin,
    PriceTicks,
    Quality,
    VolatilityReadings,
    VolTicks,
)
from streams.settings import Pair
from volcross.watching.board import Board
from volcross.watching.missing import missing

PAIR = Pair(
    left="NVDA", right="BTC", realised=["ewma/30d"], chains=["vix/30d", "vix/90d"]
)


def reading(
    symbol: str, measure: str, origin: Origin, quality: Quality = Quality.OK
) -> VolatilityReadings:
    return VolatilityReadings(
        symbol=symbol,
        measure=measure,
        window="30d",
        origin=origin,
        source="test",
        quality=quality,
        start=0,
        end=2,
        at=[1],
        value=[0.5],
    )


def reasons(*told: Event) -> dict[str, str]:
    board = Board()
    for event in told:
        board.apply(event)
    return {one.comparison: one.reason for one in missing(board, [PAIR])}


def test_at_the_start_everything_is_missing_and_says_so() -> None:
    assert reasons() == {
        "implied": "NVDA: no published vol yet, BTC: no published vol yet",
        "ewma/30d": "NVDA: no prices yet, BTC: no prices yet",
        "vix/30d": "NVDA: no option chain yet, BTC: no option chain yet",
        "vix/90d": "NVDA: no option chain yet, BTC: no option chain yet",
    }


def test_prices_and_chains_that_come_are_not_called_missing() -> None:
    prices = PriceTicks(
        symbol="BTC", source="test", start=0, end=2, at=[1], price=[9.0], size=[1.0]
    )
    published = VolTicks(
        symbol="NVDA",
        source="test",
        measure="iv30",
        tenor_days=30,
        start=0,
        end=2,
        at=[1],
        value=[0.5],
    )
    said = reasons(prices, published, reading("BTC", "atm", Origin.COMPUTED))
    assert said["ewma/30d"] == (
        "NVDA: no prices yet, BTC: no bar of its prices is closed yet"
    )
    assert said["vix/30d"] == (
        "NVDA: no option chain yet,"
        " BTC: its chain gives another method's number, not this one's"
    )


def test_only_the_leg_that_lacks_something_is_named() -> None:
    said = reasons(
        reading("BTC", "dvol", Origin.PUBLISHED),
        reading("BTC", "ewma", Origin.COMPUTED),
        reading("NVDA", "ewma", Origin.COMPUTED, Quality.WARMING),
        reading("BTC", "vix", Origin.COMPUTED),
    )
    assert said == {
        "implied": "NVDA: no published vol yet",
        "ewma/30d": "NVDA: its 30d are still filling",
        "vix/30d": "NVDA: no option chain yet",
        "vix/90d": "NVDA: no option chain yet,"
        " BTC: its chain does not reach that maturity",
    }
