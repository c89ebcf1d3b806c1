import msgspec
from hypothesis import given
from hypothesis import strategies as st

from alerts.channels.slack_blocks import payload
from alerts.telling.bundling import MOST_MESSAGES, TOGETHER_NS, bundles
from alerts.words.message import compose_all
from alerts.words.settings import Links
from streams.events import Alert, AlertState
from tests.alerts.samples import FIRING, RESOLVED
from volcross.demo.block_kit import refusal


def of(number: int, *, rule: str, after: int = 0, pair: str = "NVDA/BTC") -> Alert:
    return msgspec.structs.replace(
        FIRING,
        id=f"{number:016x}",
        rule=rule,
        pair=pair,
        event_time=FIRING.event_time + after,
    )


ALERTS = st.builds(
    of,
    st.integers(0, 2**60),
    rule=st.sampled_from("abc"),
    after=st.integers(0, 3 * TOGETHER_NS),
    pair=st.sampled_from(["NVDA/BTC", "NVDA/ETH"]),
)


def test_rules_of_one_pair_that_fire_together_are_one_message() -> None:
    three = [of(i, rule=rule, after=i) for i, rule in enumerate("abc")]
    assert bundles(three) == [three]
    message = compose_all(three, Links())
    assert message.headline == "NVDA/BTC: 3 rules firing"
    assert [name for name, _ in message.facts] == ["a", "b", "c"]
    assert len(message.legs) == 2


def test_what_is_another_story_is_another_message() -> None:
    for other in (
        of(2, rule="b", after=TOGETHER_NS + 1),
        of(2, rule="b", pair="NVDA/ETH"),
        of(2, rule="a"),
        msgspec.structs.replace(RESOLVED, rule="b", event_time=FIRING.event_time),
    ):
        assert len(bundles([of(1, rule="a"), other])) == 2


@given(st.lists(ALERTS, max_size=60))
def test_nothing_is_left_out_or_reordered_whatever_waits(waiting: list[Alert]) -> None:
    told = bundles(waiting)
    assert [alert for bundle in told for alert in bundle] == waiting
    assert len(told) <= MOST_MESSAGES
    assert all(told)


def test_a_storm_is_one_digest_that_slack_still_takes() -> None:
    storm = [of(i, rule="a" * 60, after=i * 2 * TOGETHER_NS) for i in range(500)]
    (digest,) = bundles(storm)
    message = compose_all(digest, Links())
    assert message.headline == "NVDA/BTC: 500 alerts firing"
    assert message.facts[-1] == ("And more", "480 alerts, not shown here")
    assert refusal(payload(message)) is None


def test_a_digest_of_several_pairs_shows_no_pair_large() -> None:
    mixed = [of(1, rule="a"), of(2, rule="b", pair="NVDA/ETH"), RESOLVED]
    message = compose_all(mixed, Links())
    assert message.headline == "3 alerts"
    assert message.legs == ()
    assert message.colour == compose_all([FIRING], Links()).colour
    assert refusal(payload(message)) is None
    assert AlertState.FIRING.value.upper() not in message.headline
