import msgspec
import pytest

from alerts.words.chinese import CHINESE
from alerts.words.message import compose
from alerts.words.settings import Links
from streams.events import Alert, AlertState, LegValue, Origin
from tests.alerts.samples import FIRING, MINUTE, RESOLVED, in_words


def with_left(alert: Alert, **changes: object) -> Alert:
    name = {k: v for k, v in changes.items() if k in ("delay_seconds", "origin")}
    rest = {k: v for k, v in changes.items() if k not in name}
    left: LegValue = msgspec.structs.replace(
        alert.left, name=msgspec.structs.replace(alert.left.name, **name), **rest
    )
    return msgspec.structs.replace(alert, left=left)


def test_the_headline_is_the_whole_news() -> None:
    assert (
        in_words(FIRING).headline
        == "NVDA implied vol 59.9% is now above BTC DVOL 59.7% (+0.1 points)"
    )
    assert (
        in_words(RESOLVED).headline
        == "NVDA implied vol 82.0% is back below BTC DVOL 83.7% (-1.7 points)"
    )


def test_the_headline_says_of_a_number_that_it_is_of_the_close() -> None:
    # A phone shows nothing else of it.
    shut = with_left(FIRING, at=FIRING.left.at - 90 * MINUTE, market_open=False)
    assert in_words(shut).headline == (
        "NVDA implied vol 59.9% at the close is now above BTC DVOL 59.7% (+0.1 points)"
    )
    assert compose(shut, Links(), CHINESE).headline == (
        "NVDA 隐含波动率 59.9%（收盘值）现已高于 BTC DVOL 59.7%（+0.1 个百分点）"
    )


def test_it_says_since_when_in_utc_and_in_new_york() -> None:
    assert "Fri 26 Jul 2024 17:12 UTC (13:12 New York)" in in_words(FIRING).text


def test_a_resolved_one_says_how_long_it_was_and_how_wide_it_went() -> None:
    text = in_words(RESOLVED).text
    assert "for 1 h 40 min, from Fri 26 Jul 2024 17:12 UTC" in text
    assert "+0.1 points at Fri 26 Jul 2024 17:27 UTC" in text


def test_a_leg_says_how_old_and_how_delayed_it_is_and_that_its_market_is_shut() -> None:
    old = with_left(
        FIRING, at=FIRING.left.at - 90 * MINUTE, market_open=False, delay_seconds=900.0
    )
    standing = in_words(old).legs[0].standing
    assert standing == (
        "as of 26 Jul 15:57 UTC, 1 h 30 min old, its market is closed,"
        " feed delayed 15 min"
    )
    assert in_words(FIRING).legs[0].standing == "as of 26 Jul 17:27 UTC"


@pytest.mark.parametrize(
    ("origin", "said"),
    [
        (Origin.PUBLISHED, ""),
        (Origin.COMPUTED, ""),
        (Origin.INTERPOLATED, "NVDA implied vol is interpolated between published"),
        (Origin.SYNTHETIC, "NVDA implied vol is synthetic"),
    ],
)
def test_a_number_nobody_published_is_called_what_it_is(
    origin: Origin, said: str
) -> None:
    notes = in_words(with_left(FIRING, origin=origin)).notes
    assert bool(notes) == bool(said)
    assert all(note.startswith(said) for note in notes)


def test_an_unknown_never_sounds_like_an_all_clear() -> None:
    unknown = msgspec.structs.replace(
        FIRING, state=AlertState.UNKNOWN, reason="no word of BTC for 1 h of market time"
    )
    message = in_words(unknown)
    assert message.headline == (
        "NVDA implied vol cannot be compared with BTC DVOL:"
        " no word of BTC for 1 h of market time"
    )
    assert "stands until both are known" in message.text
    assert message.colour not in (in_words(FIRING).colour, in_words(RESOLVED).colour)


def test_links_are_there_when_they_are_configured() -> None:
    assert compose(FIRING, Links()).links == ()
    assert in_words(FIRING).links == (
        ("Dashboard", "http://127.0.0.1:3000/d/volcross"),
    )


def test_realised_legs_are_named_with_their_window() -> None:
    left = msgspec.structs.replace(
        FIRING.left,
        name=msgspec.structs.replace(FIRING.left.name, measure="close-to-close"),
    )
    message = in_words(msgspec.structs.replace(FIRING, left=left))
    assert message.legs[0].name == "NVDA 30d realised vol"
