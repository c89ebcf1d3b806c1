import random
from collections.abc import Iterable

import pytest

from producers.listening.backoff import Backoff
from producers.listening.bucket import TokenBucket
from producers.listening.conversation import (
    Alive,
    Frame,
    Meaning,
    Missed,
    Odd,
    Refused,
    Tick,
)
from producers.listening.listener import Limits, Listener
from producers.listening.numbering import Numbering
from producers.source import SECOND, Heard, Reason, Series, Unusable
from streams.events import ChainSnapshot
from streams.volatility.market_time import market_clock
from tests.producers.recorded.test_story import utc

BTC = Series("BTC", "test")
OPENED = utc("2024-07-01T14:00")  # a Monday, New York is open


class Script:
    """A venue whose every message means what the test says."""

    def __init__(self, meanings: dict[str, list[Meaning] | Exception]) -> None:
        self._meanings = meanings

    def open(self) -> Iterable[str]:
        return ()

    def hear(self, frame: Frame, received: int) -> Iterable[Meaning]:  # noqa: ARG002
        meaning = self._meanings[str(frame)]
        if isinstance(meaning, Exception):
            raise meaning
        return meaning


def listener(
    meanings: dict[str, list[Meaning] | Exception],
    vouched: dict[Series, int] | None = None,
    clock: str = "crypto",
) -> Listener:
    return Listener(
        Script(meanings),
        market_clock(clock),
        Limits(silence=60, deaf=15, grace=2, settled=10),
        OPENED,
        {} if vouched is None else vouched,
    )


def tick(second: float, value: float = 1.0) -> Tick:
    return Tick(BTC, OPENED + round(second * SECOND), value)


def test_the_ticks_of_a_series_come_together() -> None:
    ear = listener({"a": [tick(1, 5.0)], "b": [tick(2, 6.0)]})
    (heard,) = ear.hear([(OPENED + SECOND, "a"), (OPENED + 2 * SECOND, "b")], "test")
    assert isinstance(heard, Heard)
    assert heard.value.tolist() == [5.0, 6.0]
    assert heard.since == OPENED + SECOND


def test_quiet_is_vouched_for_up_to_the_last_sign_of_life() -> None:
    ear = listener({"a": [tick(1)]})
    list(ear.hear([(OPENED + SECOND, "a")], "test"))
    ear.alive = OPENED + 9 * SECOND
    (quiet,) = ear.quiet()
    assert (quiet.until, len(quiet.at)) == (OPENED + 7 * SECOND, 0)
    # Nothing more came: nothing more can be said.
    assert list(ear.quiet()) == []


def test_a_series_that_never_spoke_is_not_vouched_for() -> None:
    ear = listener({})
    ear.alive = OPENED + 100 * SECOND
    assert list(ear.quiet()) == []


def test_after_an_outage_the_hole_is_shown() -> None:
    vouched = {BTC: OPENED - 30 * SECOND}
    ear = listener({"a": [tick(1)]}, vouched)
    (heard,) = ear.hear([(OPENED + SECOND, "a")], "test")
    assert isinstance(heard, Heard)
    assert heard.since == OPENED + SECOND


def test_a_repeated_last_tick_does_not_hide_the_hole() -> None:
    vouched = {BTC: OPENED - 30 * SECOND}
    ear = listener({"a": [tick(-40)]}, vouched)
    (heard,) = ear.hear([(OPENED + SECOND, "a")], "test")
    assert isinstance(heard, Heard)
    assert heard.since == OPENED


def test_missed_ticks_leave_a_hole_between_what_came() -> None:
    ear = listener({"a": [tick(1)], "b": [Missed(BTC, 3), tick(5)]})
    first, missed, second = ear.hear([(OPENED, "a"), (OPENED, "b")], "test")
    assert missed == Missed(BTC, 3)
    assert isinstance(first, Heard)
    assert isinstance(second, Heard)
    assert second.since == OPENED + 5 * SECOND


def test_nothing_new_is_still_a_word() -> None:
    ear = listener({"a": [Alive(BTC)]})
    (heard,) = ear.hear([(OPENED + SECOND, "a")], "test")
    assert isinstance(heard, Heard)
    assert (heard.since, len(heard.at)) == (OPENED + SECOND, 0)
    assert list(ear.hear([(OPENED + 2 * SECOND, "a")], "test")) == []


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (Odd(Reason.UNKNOWN_TYPE, "what"), Reason.UNKNOWN_TYPE),
        (ValueError("boom"), Reason.UNPARSEABLE),
        (RecursionError("deep"), Reason.UNPARSEABLE),
    ],
)
def test_a_bad_message_is_refused_alone(error: Exception, reason: Reason) -> None:
    ear = listener({"a": [tick(1)], "bad": error, "b": [tick(2)]})
    said = list(ear.hear([(OPENED, "a"), (OPENED, "bad"), (OPENED, "b")], "test"))
    unusable = [s for s in said if isinstance(s, Unusable)]
    assert [u.reason for u in unusable] == [reason]
    assert unusable[0].original == b"bad"
    assert sum(len(s.at) for s in said if isinstance(s, Heard)) == 2


def test_what_came_before_a_refusal_is_not_lost() -> None:
    ear = listener({"a": [tick(1)], "no": Refused("go away")})
    saying = ear.hear([(OPENED, "a"), (OPENED, "no")], "test")
    assert isinstance(next(saying), Heard)
    with pytest.raises(Refused, match="go away"):
        next(saying)


def test_silence_counts_in_market_time() -> None:
    crypto, stock = listener({}), listener({}, clock="us-equity")
    for ear in (crypto, stock):
        ear.alive = OPENED + 59 * SECOND
        assert ear.complaint(OPENED + 59 * SECOND) is None
        ear.alive = OPENED + 61 * SECOND
        complaint = ear.complaint(OPENED + 61 * SECOND)
        assert complaint == "no tick while its market is open"


def test_a_shut_market_is_not_silent() -> None:
    night = utc("2024-07-03T17:00")  # an early close; 4 July follows
    ear = Listener(
        Script({}), market_clock("us-equity"), Limits(silence=60, deaf=15), night, {}
    )
    ear.alive = utc("2024-07-05T13:30")
    assert ear.complaint(utc("2024-07-05T13:30")) is None
    ear.alive = utc("2024-07-05T13:31:01")
    assert ear.complaint(utc("2024-07-05T13:31:01")) is not None


def test_a_dead_line_is_given_up_in_any_market() -> None:
    ear = listener({})
    assert ear.complaint(OPENED + 15 * SECOND) is None
    assert ear.complaint(OPENED + 16 * SECOND) == "no sign of life"


def test_only_data_over_time_are_health() -> None:
    ear = listener({"a": [tick(1)]})
    assert not ear.healthy(OPENED + 100 * SECOND)
    list(ear.hear([(OPENED + SECOND, "a")], "test"))
    assert not ear.healthy(OPENED + 5 * SECOND)
    assert ear.healthy(OPENED + 11 * SECOND)


def test_waits_double_to_a_cap_with_jitter() -> None:
    waits = [Backoff(rng=random.Random(seed)).wait() for seed in range(100)]
    assert 0.5 <= min(waits) < 0.6
    assert 0.9 < max(waits) <= 1.0
    backoff = Backoff(first=1, cap=60)
    later = [backoff.wait() for _ in range(1100)]
    assert max(later) <= 60
    assert min(later[10:]) >= 30
    backoff.succeeded()
    assert backoff.wait() <= 1


def test_it_waits_at_least_what_it_was_asked_to() -> None:
    assert Backoff().wait(at_least=17.5) == 17.5
    assert Backoff(cap=5).wait(at_least=120) == 120


async def test_a_bucket_lets_through_its_rate_and_no_more() -> None:
    now = 0.0

    async def sleep(seconds: float) -> None:
        nonlocal now
        now += seconds

    bucket = TokenBucket(2, burst=3, clock=lambda: now, sleep=sleep)
    taken = []
    for _ in range(7):
        await bucket.take()
        taken.append(now)
    assert taken == [0, 0, 0, 0.5, 1.0, 1.5, 2.0]
    now = 1000.0  # a long rest fills it, and no further
    for _ in range(4):
        await bucket.take()
    assert now == 1000.5


def test_numbers_show_what_is_missing() -> None:
    numbering = Numbering()
    assert list(numbering.follow(BTC, 10)) == []
    assert list(numbering.follow(BTC, 11)) == []
    assert list(numbering.follow(BTC, 11)) == []
    assert list(numbering.follow(BTC, 15)) == [Missed(BTC, 3)]
    assert list(numbering.follow(BTC, 12)) == []
    assert list(numbering.follow(BTC, None)) == []
    assert list(numbering.follow(Series("ETH", "test"), 99)) == []


def test_a_tick_from_the_future_does_not_shut_out_those_that_follow() -> None:
    ear = listener({"a": [tick(61.5)], "b": [tick(1)]})
    said = list(ear.hear([(OPENED, "a"), (OPENED, "b")], "test"))
    (refused,) = [s for s in said if isinstance(s, Unusable)]
    assert refused.reason is Reason.FAR_FUTURE
    (heard,) = [s for s in said if isinstance(s, Heard)]
    assert heard.at.tolist() == [OPENED + SECOND]


def test_a_chain_is_no_silence() -> None:
    chain = ChainSnapshot(
        symbol="BTC",
        source="test",
        at=OPENED,
        spot=1.0,
        expiry=[],
        strike=[],
        right=[],
        bid=[],
        ask=[],
        iv=[],
    )
    ear = listener({"chain": [chain]})
    assert list(ear.hear([(OPENED + 59 * SECOND, "chain")], "test")) == [chain]
    assert ear.heard_data
    ear.alive = OPENED + 118 * SECOND
    assert ear.complaint(OPENED + 118 * SECOND) is None
    ear.alive = OPENED + 120 * SECOND
    assert ear.complaint(OPENED + 120 * SECOND) is not None
