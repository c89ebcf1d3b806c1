import numpy as np
import pytest

from streams.volatility.market_time import DAY_NS, SESSION_NS, market_clock
from tests.streams.volatility.conftest import ns

NYSE = market_clock("us-equity")
MINUTE = 60 * 10**9


def elapsed(start: str, end: str) -> int:
    return int(NYSE.elapsed(np.array([ns(start)]), np.array([ns(end)]))[0])


def test_a_session_is_one_unit() -> None:
    assert elapsed("2024-07-30T16:00-04:00", "2024-07-31T16:00-04:00") == SESSION_NS
    assert elapsed("2024-07-31T09:30-04:00", "2024-07-31T16:00-04:00") == SESSION_NS


def test_an_early_close_is_one_unit_too_and_its_minutes_weigh_more() -> None:
    assert elapsed("2024-07-03T09:30-04:00", "2024-07-03T13:00-04:00") == SESSION_NS
    assert elapsed("2024-07-03T10:00-04:00", "2024-07-03T10:07-04:00") == 13 * MINUTE


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("2024-07-31T16:00-04:00", "2024-08-01T09:30-04:00"),  # a night
        ("2024-08-02T16:00-04:00", "2024-08-05T09:30-04:00"),  # a week-end
        ("2024-07-03T13:00-04:00", "2024-07-05T09:30-04:00"),  # Independence Day
        ("2024-07-03T14:00-04:00", "2024-07-03T15:00-04:00"),  # after an early close
        ("2025-01-08T16:00-05:00", "2025-01-10T09:30-05:00"),  # a day of mourning
    ],
)
def test_no_time_passes_while_the_market_is_shut(start: str, end: str) -> None:
    assert elapsed(start, end) == 0


@pytest.mark.parametrize(
    "day", ["2024-03-08", "2024-03-11", "2024-11-01", "2024-11-04"]
)
def test_it_opens_at_half_past_nine_new_york_on_both_sides_of_daylight_saving(
    day: str,
) -> None:
    zone = "-04:00" if "03-11" <= day[5:] < "11-03" else "-05:00"
    opening = ns(f"{day}T09:30{zone}")
    assert not NYSE.is_open(opening - 1)
    assert NYSE.is_open(opening)
    assert NYSE.is_open(ns(f"{day}T16:00{zone}") - 1)
    assert not NYSE.is_open(ns(f"{day}T16:00{zone}"))


def test_a_year_has_about_252_sessions() -> None:
    sessions = NYSE.session_closes(ns("2024-01-01"), ns("2025-01-01"))
    assert len(sessions) == NYSE.per_year


def test_unbroken_means_one_session_from_end_to_end() -> None:
    start = np.array([ns("2024-07-31T15:59-04:00")] * 3)
    end = np.array(
        [
            ns("2024-07-31T16:00-04:00"),
            ns("2024-07-31T16:01-04:00"),
            ns("2024-08-01T09:31-04:00"),
        ]
    )
    assert NYSE.unbroken(start, end).tolist() == [True, False, False]


def test_market_time_adds_up_whatever_the_steps() -> None:
    steps = np.arange(ns("2024-06-28"), ns("2024-07-09"), 7 * MINUTE + 1)
    whole = NYSE.elapsed(steps[:1], steps[-1:])[0]
    assert NYSE.elapsed(steps[:-1], steps[1:]).sum() == whole


def test_an_instant_outside_the_calendar_is_refused() -> None:
    with pytest.raises(ValueError, match="outside the us-equity calendar"):
        NYSE.position(np.array([ns("1980-01-01")]))
    with pytest.raises(ValueError, match="outside the us-equity calendar"):
        NYSE.is_open(ns("2100-01-01"))


def test_sessions_are_cut_to_what_is_asked_and_keep_early_closes() -> None:
    asked = ns("2024-07-02T15:00-04:00"), ns("2024-07-05T09:31-04:00")
    assert NYSE.sessions(*asked) == [
        (ns("2024-07-02T15:00-04:00"), ns("2024-07-02T16:00-04:00")),
        (ns("2024-07-03T09:30-04:00"), ns("2024-07-03T13:00-04:00")),
        (ns("2024-07-05T09:30-04:00"), ns("2024-07-05T09:31-04:00")),
    ]
    night = ns("2024-07-03T13:00-04:00"), ns("2024-07-05T09:30-04:00")
    assert NYSE.sessions(*night) == []


def test_a_stretch_has_the_close_it_ends_with_and_not_the_one_it_begins_with() -> None:
    first, last = ns("2024-07-02T16:00-04:00"), ns("2024-07-05T16:00-04:00")
    early = ns("2024-07-03T13:00-04:00")
    assert NYSE.session_closes(first, last).tolist() == [early, last]
    assert NYSE.session_closes(first - 1, last - 1).tolist() == [first, early]


def test_bitcoin_never_sleeps() -> None:
    clock = market_clock("crypto")
    assert clock.is_open(ns("2024-12-25"))
    assert clock.sessions(0, DAY_NS) == [(0, DAY_NS)]
    assert clock.per_year == 365
    midnights = clock.session_closes(ns("2024-07-01"), ns("2024-07-03"))
    assert midnights.tolist() == [ns("2024-07-02"), ns("2024-07-03")]
    assert clock.unit == DAY_NS


def test_an_unknown_clock_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="'moon'"):
        market_clock("moon")
