"""What venues remember warms windows and ranks, and is no news."""

import json
from collections.abc import Sequence
from itertools import pairwise

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as effort
from hypothesis import strategies as st

from streams.agents.stage import Out, Refused
from streams.events import (
    Bars,
    ContextReadings,
    Event,
    LegReadings,
    PriceTicks,
    Quality,
    SpreadReadings,
    VolatilityReadings,
    VolTicks,
)
from streams.settings import Kafka
from streams.stages.join import Join
from streams.stages.measure import Measure
from streams.stages.quote import Quote
from streams.stages.sample import Sample
from streams.topics import PRICE_TICKS, VOL_TICKS
from streams.volatility.standing import ENOUGH_DAYS
from tests.streams.market import BEGIN, HOUR, MINUTE, Sent, settings
from tests.streams.outputs import FAR, offline, placed, rows

DAY = 24 * HOUR
NOW = BEGIN + 9 * HOUR
"""When we start to listen: a Monday morning, New York is shut."""
CONFIGURED = settings(Kafka(), realised={"windows": ["1h", "1d"]})
RNG = np.random.default_rng(12)
YEAR = NOW // DAY * DAY - 365 * DAY
DVOL = 0.5 + 0.2 * RNG.random(366)


def vols(
    symbol: str, start: int, end: int, at: Sequence[int], value: Sequence[float]
) -> VolTicks:
    measure = "dvol" if symbol == "BTC" else "iv30"
    return VolTicks(
        symbol=symbol,
        source="test",
        measure=measure,
        tenor_days=30,
        start=start,
        end=end,
        at=list(at),
        value=list(value),
        history=end <= NOW,
    )


def sent(record: VolTicks | PriceTicks) -> Sent:
    topic = VOL_TICKS if isinstance(record, VolTicks) else PRICE_TICKS
    return topic, record.symbol, record


def year(start: int = YEAR, days: int = 365) -> VolTicks:
    """Return Bitcoin's daily closes, each told of the last instant of its day."""
    first = (start - YEAR) // DAY
    at = [start + n * DAY - 1 for n in range(1, days + 1)]
    value = DVOL[first : first + days].tolist()
    return vols("BTC", start, start + days * DAY, at, value)


def live(symbol: str, first: int = NOW) -> list[Sent]:
    """Return an hour by the minute, as it is heard."""
    return [
        sent(vols(symbol, at, at + MINUTE, [at], [0.6 if symbol == "BTC" else 0.55]))
        for at in range(first, first + HOUR, MINUTE)
    ]


def spreads(said: Sequence[Event], comparison: str = "implied") -> list[SpreadReadings]:
    records = [event for event in said if isinstance(event, SpreadReadings)]
    return [r for r in records if (r.pair, r.comparison) == ("NVDA/BTC", comparison)]


def contexts(said: Sequence[Event]) -> list[ContextReadings]:
    made = placed(said, CONFIGURED)
    return [e for e in made if isinstance(e, ContextReadings) and e.at]


def after_a_year() -> list[Sent]:
    bridge = vols("BTC", NOW // DAY * DAY, NOW, [], [])
    return [sent(year()), sent(bridge), *live("BTC"), *live("NVDA")]


def test_a_year_of_one_leg_ranks_it_at_the_first_spread() -> None:
    (first, *_) = contexts(offline(after_a_year(), CONFIGURED))
    days = DVOL[:365]
    assert first.right_days[0] == 365
    low, high = days.min(), max(days.max(), 0.6)
    assert first.right_rank[0] == pytest.approx((0.6 - low) / (high - low))
    assert first.right_percentile[0] == np.mean(days < 0.6)
    # Nobody told the other's: that is said, and not guessed.
    assert (first.left_rank[0], first.left_days[0]) == (None, 0)


def test_history_makes_no_spread() -> None:
    said = spreads(offline(after_a_year(), CONFIGURED))
    at = [t for record in said for t in record.at]
    assert min(at) == NOW
    assert len(at) == 60
    assert not any(record.right.history for record in said if record.at)


def test_history_that_comes_late_ranks_as_if_it_had_come_first() -> None:
    early = contexts(offline(after_a_year(), CONFIGURED))
    bridge = vols("BTC", NOW // DAY * DAY, NOW, [], [])
    beginning = [sent(bridge), *live("BTC"), *live("NVDA")]
    parts = [year(YEAR + 200 * DAY, 165), year(YEAR, 200)]
    going_on = [*live("BTC", NOW + HOUR), *live("NVDA", NOW + HOUR)]
    late = offline([*beginning, *map(sent, parts), *going_on], CONFIGURED)
    (before, *_), after = contexts(late), contexts(late)[-1]
    assert before.right_rank[0] is None
    assert after.right_days[-1] == 365
    assert after.right_rank[-1] == early[-1].right_rank[-1]
    assert after.right_percentile[-1] == early[-1].right_percentile[-1]
    # It moved nothing else.
    assert [t for s in spreads(late) for t in s.at] == [
        NOW + n * MINUTE for n in range(120)
    ]


def test_what_is_told_twice_counts_once_and_days_we_heard_ourselves_stand() -> None:
    other = msgspec.structs.replace(year(), value=[9.0] * 365)
    more = [sent(year()), sent(other), *live("BTC", NOW + HOUR)]
    said = offline([*after_a_year(), *more, *live("NVDA", NOW + HOUR)], CONFIGURED)
    first, last = contexts(said)[0], contexts(said)[-1]
    assert last.right_days[-1] == 365
    assert last.right_rank[-1] == first.right_rank[0]


def test_late_history_is_screened_like_any_tick() -> None:
    quote = Quote(CONFIGURED)
    quote.apply(vols("BTC", NOW, NOW + MINUTE, [NOW], [0.6]), 0, FAR)
    bad = vols("BTC", YEAR, YEAR + DAY, [YEAR, YEAR + 1, YEAR + 2], [-1.0, 55.0, 0.5])
    outcomes = quote.apply(bad, 1, FAR)
    refused = {o.reason for o in outcomes if isinstance(o, Refused)}
    assert refused == {"not_positive", "absurd_level"}
    legs = [o.event for o in outcomes if isinstance(o, Out)]
    values = [e.value for e in legs if isinstance(e, LegReadings)]
    assert values
    assert all(value == [0.5] for value in values)


def test_history_that_overlaps_what_is_known_is_parted_there() -> None:
    quote = Quote(CONFIGURED)
    quote.apply(vols("BTC", NOW - HOUR, NOW - MINUTE, [NOW - HOUR], [0.6]), 0, FAR)
    both = vols("BTC", NOW - DAY, NOW, [NOW - DAY, NOW - 1], [0.5, 0.7])
    outcomes = quote.apply(both, 1, FAR)
    assert not any(isinstance(o, Refused) for o in outcomes)
    legs = [o.event for o in outcomes if isinstance(o, Out)]
    found = [
        (e.start, e.end, e.value)
        for e in legs
        if isinstance(e, LegReadings) and (e.pair, e.comparison) == BTC_LEG
    ]
    assert found == [
        (NOW - DAY, NOW - MINUTE, [0.5]),
        (NOW - MINUTE, NOW, [0.7]),
    ]


BTC_LEG = ("NVDA/BTC", "implied")


def prices(symbol: str, step: int = MINUTE) -> list[Sent]:
    """Return four days before `NOW`, and an hour after, as minute candles' ticks."""
    records: list[Sent] = []
    price = 100.0
    edges = [*range(NOW - 4 * DAY, NOW, 6 * HOUR), *range(NOW, NOW + HOUR, MINUTE)]
    for start, end in pairwise([*edges, NOW + HOUR]):
        at: list[int] = []
        value: list[float] = []
        for opened in range(start, end, step):
            hour = (opened - BEGIN) % DAY / HOUR
            weekend = (opened - BEGIN) // DAY % 7 >= 5
            if symbol == "NVDA" and (weekend or not 13.5 <= hour < 20):
                continue
            price *= float(np.exp(RNG.normal(0, 1e-3)))
            at.append(opened + step - 1)
            value.append(price)
        record = PriceTicks(
            symbol=symbol,
            source="test",
            start=start,
            end=end,
            at=at,
            price=value,
            history=end <= NOW,
        )
        records.append(sent(record))
    return records


def test_realised_windows_are_warm_with_the_first_live_bar() -> None:
    said = offline([*prices("NVDA"), *prices("BTC")], CONFIGURED)
    (first, *others) = [r for r in spreads(said, "close-to-close/1d") if r.at]
    # Nvidia's market is shut: it carries Friday's close, and says from when it is.
    friday = BEGIN - 3 * DAY + 20 * HOUR
    assert first.at == [NOW]  # the bar that the first live word closed
    assert first.left_at == [friday]
    assert first.left.history
    assert not first.right.history
    assert first.right_at == first.at
    assert sum(len(record.at) for record in others) == 59
    readings = [e for e in said if isinstance(e, VolatilityReadings)]
    warm = {
        (r.symbol, r.measure, r.window)
        for r in readings
        if r.quality is Quality.OK and r.end > NOW - HOUR
    }
    assert ("BTC", "close-to-close", "1h") in warm
    assert ("BTC", "yang-zhang", "1d") in warm


def test_windows_filled_from_history_are_those_filled_by_listening() -> None:
    told = prices("BTC")
    heard = [
        (topic, key, msgspec.structs.replace(record, history=False))
        for topic, key, record in told
    ]
    key = "BTC close-to-close/1d"
    some, every = (rows(offline(sent, CONFIGURED))[key] for sent in (told, heard))
    # The live hour by the minute; of history, the last of each hour.
    assert some[-60:] == every[-60:]
    past = some[:-60]
    assert set(past) <= set(every)
    hours = [(msgspec.json.decode(row)[0] - 1) // HOUR for row in past]
    assert sorted({*hours}) == [*range(hours[0], NOW // HOUR)]
    assert len(hours) < len({*hours}) + 16  # the records it came in


@effort(max_examples=15, deadline=None)
@given(st.sets(st.integers(0, 200), max_size=6))
def test_history_survives_restarts_anywhere(restarts: set[int]) -> None:
    records = [
        *after_a_year(),
        sent(msgspec.structs.replace(year(YEAR, 100), source="again")),
        *live("BTC", NOW + HOUR),
    ]
    straight = offline(records, CONFIGURED)
    join = Join(CONFIGURED)
    quote, log = Quote(CONFIGURED), list[LegReadings]()
    said: list[Event] = []
    for number, (_, _, record) in enumerate(records):
        assert isinstance(record, VolTicks)
        for leg in quote.apply(record, number, FAR):
            if not (isinstance(leg, Out) and isinstance(leg.event, LegReadings)):
                continue
            log.append(leg.event)
            done = join.apply(leg.event, len(log) - 1, FAR)
            said += [o.event for o in done if isinstance(o, Out)]
        if number in restarts:
            base, state = join.base(), json.loads(json.dumps(join.state()))
            join = Join(CONFIGURED)
            first = len(log) if base is None else base
            join.restore(state, list(enumerate(log))[first:])
    assert spreads(said) == spreads(straight)


def test_a_bar_says_whether_it_is_history() -> None:
    sample, measure = Sample(CONFIGURED), Measure(CONFIGURED)
    flags = []
    for offset, (_, _, record) in enumerate(prices("BTC")):
        assert isinstance(record, PriceTicks)
        for out in sample.apply(record, offset, FAR):
            assert isinstance(out, Out)
            assert isinstance(out.event, Bars)
            flags.append(out.event.history)
            measure.apply(out.event, offset, FAR)
    assert flags == [True] * 16 + [False] * (len(flags) - 16)


def test_fewer_days_than_enough_have_no_rank_but_are_counted() -> None:
    few = year(NOW // DAY * DAY - (ENOUGH_DAYS - 1) * DAY, ENOUGH_DAYS - 1)
    bridge = vols("BTC", NOW // DAY * DAY, NOW, [], [])
    said = offline([sent(few), sent(bridge), *live("BTC"), *live("NVDA")], CONFIGURED)
    (first, *_) = contexts(said)
    assert first.right_rank[0] is None
    assert first.right_days[0] == ENOUGH_DAYS - 1
