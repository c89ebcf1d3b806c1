"""A term structure is what one chain says, and says why there is none."""

import msgspec

from streams.events import (
    Event,
    Origin,
    PriceTicks,
    Quality,
    Rejected,
    VolatilityReadings,
)
from volcross.watching.board import Board
from volcross.watching.structure import NO_CHAIN, Structure, structures

MINUTE = 60 * 10**9


def reading(
    measure: str, window: str, minute: int, value: float, origin: Origin
) -> VolatilityReadings:
    return VolatilityReadings(
        symbol="NVDA",
        measure=measure,
        window=window,
        origin=origin,
        source="cboe",
        quality=Quality.OK,
        start=(minute - 1) * MINUTE,
        end=minute * MINUTE + 1,
        at=[minute * MINUTE],
        value=[value],
    )


def computed(
    measure: str, window: str, minute: int, value: float
) -> VolatilityReadings:
    return reading(measure, window, minute, value, Origin.COMPUTED)


def refused(minute: int) -> Rejected:
    return Rejected(
        topic="chains",
        partition=0,
        offset=0,
        symbol="NVDA",
        reason="unusable_chain",
        detail="too_few_strikes",
        original=msgspec.json.encode({"v": 1, "at": minute * MINUTE}),
    )


def nvda(*told: Event) -> Structure:
    board = Board()
    for event in told:
        board.apply(event)
    (one,) = structures(board)
    return one


def test_it_holds_what_the_latest_chain_gave_and_nothing_of_an_earlier_one() -> None:
    one = nvda(
        computed("atm", "7d", 1, 0.5),
        computed("atm", "30d", 1, 0.45),
        computed("atm", "30d", 2, 0.46),
        computed("skew25", "30d", 2, 0.03),
        computed("ewma", "30d", 2, 0.4),
        reading("iv30", "30d", 1, 0.48, Origin.PUBLISHED),
    )
    assert one.tenors == {30: {"atm": 0.46, "skew25": 0.03}}
    assert (one.at, one.source, one.why_not) == (2 * MINUTE, "cboe", None)
    assert [vol.measure for vol in one.published] == ["iv30"]


def test_without_a_chain_it_says_what_would_bring_one() -> None:
    prices = PriceTicks(symbol="NVDA", source="s", start=0, end=1, at=[], price=[])
    assert nvda(prices).why_not == NO_CHAIN


def test_a_chain_that_gave_nothing_is_named_until_one_gives_something() -> None:
    good, later = computed("atm", "30d", 1, 0.45), computed("atm", "30d", 3, 0.45)
    spoilt = nvda(good, refused(2))
    assert spoilt.why_not == "the latest chain could not be read: too_few_strikes"
    assert spoilt.tenors
    assert nvda(good, refused(2), later).why_not is None
    # Whatever order they are read in.
    assert nvda(later, refused(2)).why_not is None
    earlier = msgspec.structs.replace(refused(2), detail="crossed")
    assert nvda(good, refused(3), earlier).why_not == spoilt.why_not


def test_an_original_that_was_cut_off_says_nothing() -> None:
    cut = msgspec.structs.replace(refused(2), original=b'{"v":1,"at":12')
    assert nvda(computed("atm", "30d", 1, 0.45), cut).why_not is None
