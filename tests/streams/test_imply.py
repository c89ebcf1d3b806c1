"""Chains in, readings and legs out: one method on both legs of a pair."""

import json
import math
from typing import get_args

import msgspec
import numpy as np
import pytest
from scipy.special import ndtr

from streams.agents.stage import Out, Refused
from streams.events import (
    ChainSnapshot,
    Event,
    LegReadings,
    Right,
    Side,
    SpreadReadings,
    VolatilityReadings,
    VolTicks,
)
from streams.lengths import nanoseconds
from streams.settings import CHAIN_COMPARISONS, EstimatorName, Kafka, StreamSettings
from streams.stages.imply import Imply
from streams.stages.join import Join
from streams.stages.measure import Measure
from streams.stages.pairs import METHODOLOGY_BASIS, RISK_PREMIUM
from streams.stages.quote import Quote
from streams.topics import LEGS, READINGS
from streams.volatility.estimators import ESTIMATORS
from streams.volatility.implied.measure import TENORS_DAYS, Method
from tests.streams.market import BEGIN, HOUR, MINUTE, settings

DAY = 24 * HOUR
NOW = BEGIN + DAY
RATE = 0.03


def configured() -> StreamSettings:
    pair = {"left": "NVDA", "right": "BTC", "realised": [], "chains": ["vix/30d"]}
    return settings(Kafka(), pairs=[pair], chains={"rate": RATE})


def chain(
    symbol: str, vol: float, at: int = BEGIN, rate: float = RATE
) -> ChainSnapshot:
    """Return an arbitrage-free chain of one vol, in dollars, without a spread."""
    forward = 100.0
    rows: list[tuple[int, float, Right, float]] = []
    for days in (5, 12, 26, 40, 75, 110):
        deviation = vol * math.sqrt(days / 365)
        paid = math.exp(-rate * days / 365)
        for strike in np.arange(40.0, 220.0, 1.0).tolist():
            d1 = math.log(forward / strike) / deviation + deviation / 2
            call = paid * (forward * ndtr(d1) - strike * ndtr(d1 - deviation))
            rows += [
                (at + days * DAY, strike, Right.CALL, call),
                (at + days * DAY, strike, Right.PUT, call - paid * (forward - strike)),
            ]
    price = [float(row[3]) if row[3] > 1e-6 else None for row in rows]
    return ChainSnapshot(
        symbol=symbol,
        source="test",
        at=at,
        spot=forward,
        expiry=[row[0] for row in rows],
        strike=[row[1] for row in rows],
        right=[row[2] for row in rows],
        bid=price,
        ask=price,
        iv=[None] * len(rows),
    )


def readings(events: list[Event]) -> dict[str, float]:
    return {
        f"{e.measure}/{e.window}": e.value[0]
        for e in events
        if isinstance(e, VolatilityReadings)
    }


def test_a_chain_of_one_vol_is_read_as_that_vol_at_every_tenor() -> None:
    outcomes = Imply(configured()).apply(chain("NVDA", 0.5), 0, NOW)
    read = readings([o.event for o in outcomes if isinstance(o, Out)])
    assert set(read) == set(CHAIN_COMPARISONS)
    for days in TENORS_DAYS:
        assert read[f"atm/{days}d"] == pytest.approx(0.5, abs=1e-4)
        assert read[f"vix/{days}d"] == pytest.approx(0.5, abs=2e-3)
        assert read[f"skew25/{days}d"] == pytest.approx(0.0, abs=2e-3)


@pytest.mark.parametrize(("rate", "points"), [(0.02, 0.04), (0.04, -0.04)])
def test_a_point_of_interest_wrong_is_a_25th_of_a_vol_point(
    rate: float, points: float
) -> None:
    outcomes = Imply(configured()).apply(chain("NVDA", 0.5, rate=rate), 0, NOW)
    read = readings([o.event for o in outcomes if isinstance(o, Out)])
    assert 100 * (read["atm/30d"] - 0.5) == pytest.approx(points, abs=0.01)


def test_the_gap_between_published_and_own_spread_is_a_reading() -> None:
    """NVDA 0.60 published and 0.50 computed, BTC 0.55 and 0.45: no basis; then 0.05."""
    imply, quote = Imply(configured()), Quote(configured())
    join = Join(configured())
    inputs: list[tuple[Imply | Quote, Event]] = [
        (quote, vol_tick("NVDA", "iv30", 0.60)),
        (quote, vol_tick("BTC", "dvol", 0.55)),
        (imply, chain("NVDA", 0.50)),
        (imply, chain("BTC", 0.50)),
    ]
    legs: list[Event] = []
    for offset, (stage, event) in enumerate(inputs):
        outcomes = stage.apply(event, offset, NOW)  # type: ignore[arg-type]  # each its own
        legs += [o.event for o in outcomes if isinstance(o, Out) and o.topic is LEGS]
    spreads: dict[str, float] = {}
    offset = 0
    while legs:
        leg = legs.pop(0)
        assert isinstance(leg, LegReadings)
        for outcome in join.apply(leg, offset, NOW):
            assert isinstance(outcome, Out)
            if isinstance(outcome.event, LegReadings):
                legs.append(outcome.event)
            elif isinstance(outcome.event, SpreadReadings) and outcome.event.at:
                spreads[outcome.event.comparison] = outcome.event.spread[-1]
        offset += 1
    assert spreads["implied"] == pytest.approx(0.05)
    assert spreads["vix/30d"] == pytest.approx(0.0, abs=1e-9)
    assert spreads[METHODOLOGY_BASIS] == pytest.approx(0.05, abs=1e-9)


def vol_tick(symbol: str, measure: str, value: float) -> VolTicks:
    return VolTicks(
        symbol=symbol,
        source="test",
        measure=measure,
        tenor_days=30,
        start=BEGIN,
        end=BEGIN + MINUTE,
        at=[BEGIN],
        value=[value],
    )


def test_the_implied_vol_of_a_symbol_is_a_leg_of_its_own_risk_premium() -> None:
    with_month = settings(Kafka(), realised={"windows": ["30d"]}, pairs=[])
    outcomes = Quote(with_month).apply(vol_tick("BTC", "dvol", 0.55), 0, NOW)
    legs = [o.event for o in outcomes if isinstance(o, Out) and o.topic is LEGS]
    # What it asks above what the price did: the asked is on the left.
    assert [(e.pair, e.comparison, e.side) for e in legs if type(e) is LegReadings] == [
        ("BTC", RISK_PREMIUM, Side.LEFT)
    ]
    assert Measure(with_month).state() == {}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"symbol": "DOGE"}, "unknown_symbol"),
        ({"at": NOW + DAY}, "far_future"),
        ({"strike": [1.0]}, "unparseable"),
        (
            {"expiry": [], "strike": [], "right": [], "bid": [], "ask": [], "iv": []},
            "unusable_chain",
        ),
    ],
)
def test_a_bad_chain_is_refused_whole(changes: dict[str, object], reason: str) -> None:
    bad = msgspec.structs.replace(chain("NVDA", 0.5), **changes)
    outcomes = Imply(configured()).apply(bad, 0, NOW)
    assert [o.reason for o in outcomes if isinstance(o, Refused)] == [reason]
    assert not [o for o in outcomes if isinstance(o, Out) and o.topic is READINGS]


def test_a_chain_without_the_number_still_says_how_far_it_is_known() -> None:
    whole = chain("NVDA", 0.5)
    empty = msgspec.structs.replace(
        whole, expiry=[], strike=[], right=[], bid=[], ask=[], iv=[]
    )
    outcomes = Imply(configured()).apply(empty, 0, NOW)
    (leg,) = [o.event for o in outcomes if isinstance(o, Out)]
    assert isinstance(leg, LegReadings)
    assert (leg.comparison, leg.at, leg.end) == ("vix/30d", [], whole.at + 1)


@pytest.mark.parametrize(("later", "refused"), [(0, 0), (1, 1)])
def test_a_chain_from_beyond_what_clocks_differ_by_is_of_the_future(
    later: int, refused: int
) -> None:
    ahead = nanoseconds(configured().screen.max_ahead)
    outcomes = Imply(configured()).apply(
        chain("NVDA", 0.5, NOW + ahead + later), 0, NOW
    )
    assert len([o for o in outcomes if isinstance(o, Refused)]) == refused


def test_a_chain_told_again_is_a_duplicate() -> None:
    imply = Imply(configured())
    imply.apply(chain("NVDA", 0.5), 0, NOW)
    again = imply.apply(chain("NVDA", 0.5), 1, NOW)
    assert [o.reason for o in again if isinstance(o, Refused)] == ["duplicate"]


def test_what_is_put_away_is_taken_out_the_same() -> None:
    imply, new = Imply(configured()), Imply(configured())
    imply.apply(chain("NVDA", 0.5), 0, NOW)
    new.restore(json.loads(json.dumps(imply.state())), [])
    later = chain("NVDA", 0.6, BEGIN + HOUR)
    assert new.apply(later, 1, NOW) == imply.apply(later, 1, NOW)


def test_the_settings_offer_what_the_maths_has() -> None:
    assert set(get_args(EstimatorName)) == set(ESTIMATORS)
    assert set(CHAIN_COMPARISONS) == {
        f"{method}/{days}d" for method in Method for days in TENORS_DAYS
    }
