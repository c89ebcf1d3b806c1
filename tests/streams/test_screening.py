"""Which ticks are believed: one case a line of the table of bad input."""

import math

import msgspec
import numpy as np
import pytest

from streams import wire
from streams.agents.stage import Gap, Out, Outcome, Refused
from streams.events import Bars, Event, PriceTicks, VolTicks
from streams.reason import Reason
from streams.settings import Kafka
from streams.stages.quote import Quote
from streams.stages.sample import Sample
from tests.streams.market import BEGIN, HOUR, MINUTE, SECOND, settings

NOW = BEGIN + 2 * HOUR


def ticks(*rows: tuple[int, float], start: int = BEGIN, end: int = 0) -> PriceTicks:
    at, price = [row[0] for row in rows], [row[1] for row in rows]
    last = max(at, default=start) + 1
    return PriceTicks(
        symbol="BTC", source="test", start=start, end=end or last, at=at, price=price
    )


def sampled(*records: PriceTicks) -> list[Outcome]:
    sample = Sample(settings(Kafka()))
    return [
        outcome
        for offset, record in enumerate(records)
        for outcome in sample.apply(record, offset, NOW)
    ]


def refusals(outcomes: list[Outcome]) -> list[tuple[str, int]]:
    return [(o.reason, o.ticks) for o in outcomes if isinstance(o, Refused)]


def used(*records: PriceTicks) -> int:
    """Return how many ticks are in bars once a day later all bars are closed."""
    sample = Sample(settings(Kafka()))
    for offset, record in enumerate(records):
        sample.apply(record, offset, NOW)
    closing = ticks(start=NOW, end=NOW + 24 * HOUR)
    outcomes = sample.apply(closing, len(records), NOW + 24 * HOUR)
    return sum(
        sum(o.event.ticks)
        for o in outcomes
        if isinstance(o, Out) and isinstance(o.event, Bars)
    )


GOOD = (BEGIN + SECOND, 100.0)


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ((BEGIN + 2 * SECOND, math.nan), Reason.NOT_FINITE),
        ((BEGIN + 2 * SECOND, math.inf), Reason.NOT_FINITE),
        ((BEGIN + 2 * SECOND, 0.0), Reason.NOT_POSITIVE),
        ((BEGIN + 2 * SECOND, -100.0), Reason.NOT_POSITIVE),
        ((BEGIN + 2 * SECOND, 100_000.0), Reason.ABSURD_JUMP),
        ((BEGIN + 2 * SECOND, 0.1), Reason.ABSURD_JUMP),
        ((NOW + 2 * MINUTE, 100.0), Reason.FAR_FUTURE),
        (GOOD, Reason.DUPLICATE),
    ],
)
def test_a_bad_tick_is_refused_alone(bad: tuple[int, float], reason: Reason) -> None:
    after = (BEGIN + 3 * SECOND, 101.0)
    record = ticks(GOOD, bad, after)
    assert refusals(sampled(record)) == [(reason, 1)]
    assert used(record) == 2


def test_a_tick_at_the_watermark_itself_is_not_covered() -> None:
    end = BEGIN + 2 * SECOND
    record = ticks(GOOD, (end, 100.0), end=end)
    assert refusals(sampled(record)) == [(Reason.OUTSIDE_COVERAGE, 1)]


def test_a_refused_tick_is_kept_as_it_came() -> None:
    record = ticks(GOOD, (BEGIN + 2 * SECOND, -7.0))
    refused = next(o for o in sampled(record) if isinstance(o, Refused))
    kept = wire.Codec(PriceTicks).decode(refused.original)
    assert (kept.at, kept.price) == ([BEGIN + 2 * SECOND], [-7.0])
    assert refused.symbol == "BTC"


def test_a_record_told_again_is_a_duplicate_whole() -> None:
    record = ticks(GOOD, (BEGIN + 2 * SECOND, 101.0))
    assert refusals(sampled(record, record)) == [(Reason.DUPLICATE, 2)]
    assert used(record, record) == 2


def test_a_tick_older_than_what_is_covered_is_out_of_order() -> None:
    late = ticks(
        (BEGIN + 5 * SECOND, 100.0),
        (BEGIN + 30 * SECOND, 100.0),
        start=BEGIN + 10 * SECOND,
    )
    first = ticks(GOOD, end=BEGIN + 10 * SECOND)
    assert refusals(sampled(first, late)) == [(Reason.OUT_OF_ORDER, 1)]


def test_ticks_may_come_in_any_order_within_their_record() -> None:
    record = ticks((BEGIN + 9 * SECOND, 102.0), GOOD, end=BEGIN + 10 * SECOND)
    assert refusals(sampled(record)) == []
    assert used(record) == 2


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        (
            msgspec.structs.replace(ticks(GOOD), symbol="DOGE"),
            Reason.UNKNOWN_SYMBOL,
        ),
        (msgspec.structs.replace(ticks(GOOD), price=[]), Reason.UNEQUAL_COLUMNS),
        (msgspec.structs.replace(ticks(GOOD), end=BEGIN), Reason.BAD_COVERAGE),
        (msgspec.structs.replace(ticks(GOOD), at=[1 << 70]), Reason.BAD_COVERAGE),
        (msgspec.structs.replace(ticks(GOOD), end=1 << 70), Reason.BAD_COVERAGE),
    ],
)
def test_a_record_without_meaning_is_refused_whole(
    record: PriceTicks, reason: Reason
) -> None:
    assert refusals(sampled(record)) == [(reason, 1)]


def test_a_watermark_from_the_future_does_not_shut_out_what_follows() -> None:
    wrong = ticks(GOOD, end=NOW + 30 * 24 * HOUR)
    right = ticks((BEGIN + 2 * SECOND, 101.0), start=BEGIN + 2 * SECOND)
    assert refusals(sampled(wrong, right)) == []
    assert used(wrong, right) == 2


def test_a_gap_is_reported_and_bridged_by_one_return() -> None:
    first = ticks(GOOD, end=BEGIN + MINUTE)
    later = ticks((BEGIN + HOUR, 101.0), start=BEGIN + HOUR)
    gaps = [o for o in sampled(first, later) if isinstance(o, Gap)]
    assert gaps == [Gap("BTC prices", BEGIN + MINUTE, BEGIN + HOUR)]


def test_a_new_level_is_believed_once_it_is_confirmed() -> None:
    split = [(BEGIN + (2 + i) * SECOND, 10.0 + i / 100) for i in range(8)]
    record = ticks(GOOD, *split)
    assert refusals(sampled(record)) == [(Reason.ABSURD_JUMP, 3)]


def test_suspects_that_disagree_confirm_nothing() -> None:
    wild = [(BEGIN + (2 + i) * SECOND, 1000.0 * 10.0**i) for i in range(6)]
    record = ticks(GOOD, *wild, (BEGIN + 20 * SECOND, 100.0))
    assert refusals(sampled(record)) == [(Reason.ABSURD_JUMP, 6)]


def test_confirmation_counts_across_records() -> None:
    records = [ticks(GOOD)]
    for i in range(6):
        at = BEGIN + (2 + i) * SECOND
        records.append(ticks((at, 10.0), start=records[-1].end))
    assert refusals(sampled(*records)) == [(Reason.ABSURD_JUMP, 1)] * 3


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (math.nan, Reason.NOT_FINITE),
        (0.0, Reason.NOT_POSITIVE),
        (-0.5, Reason.NOT_POSITIVE),
        # A percent sent as a fraction: 59.7 instead of 0.597.
        (59.7, Reason.ABSURD_LEVEL),
    ],
)
def test_a_bad_vol_is_refused(value: float, reason: Reason) -> None:
    record = VolTicks(
        symbol="BTC",
        source="test",
        measure="dvol",
        tenor_days=30,
        start=BEGIN,
        end=BEGIN + MINUTE,
        at=[BEGIN, BEGIN + SECOND],
        value=[0.6, value],
    )
    outcomes = Quote(settings(Kafka())).apply(record, 0, NOW)
    assert refusals(outcomes) == [(reason, 1)]


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", Reason.UNPARSEABLE),
        (None, Reason.UNPARSEABLE),
        (b"null", Reason.UNPARSEABLE),
        (b"[]", Reason.UNPARSEABLE),
        (b"{}", Reason.UNPARSEABLE),
        (b"\xff\xfe garbage", Reason.UNPARSEABLE),
        (b'{"v":2}', Reason.UNKNOWN_VERSION),
        (wire.encode(ticks(GOOD)).replace(b'"v":1', b'"v":9'), Reason.UNKNOWN_VERSION),
        (wire.encode(ticks(GOOD)).replace(b"100.0", b"NaN"), Reason.UNPARSEABLE),
        (wire.encode(ticks(GOOD)).replace(b"100.0", b'"100"'), Reason.UNPARSEABLE),
    ],
)
def test_bytes_that_are_no_record_are_named(raw: bytes | None, reason: Reason) -> None:
    with pytest.raises(wire.Unreadable) as refusal:
        wire.Codec(PriceTicks).decode(raw)
    assert refusal.value.reason == reason


def test_a_field_from_the_future_is_ignored() -> None:
    raw = wire.encode(ticks(GOOD)).replace(b'"v":1', b'"v":1,"mood":"calm"')
    assert wire.Codec(PriceTicks).decode(raw) == ticks(GOOD)


def test_a_nan_travels_as_null_and_is_refused_alone() -> None:
    record = ticks(GOOD, (BEGIN + 2 * SECOND, math.nan))
    travelled: Event = wire.Codec(PriceTicks).decode(wire.encode(record))
    assert isinstance(travelled, PriceTicks)
    assert travelled.price == [100.0, None]
    assert refusals(sampled(travelled)) == [(Reason.NOT_FINITE, 1)]
    assert np.isnan(np.array(travelled.price, dtype=float)[1])
