import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.volatility.announcements import (
    FOUNDING_STORY,
    Held,
    after_the_close,
    held,
    in_window,
)
from streams.volatility.bars import BarColumns
from streams.volatility.implied.instruments import us_expiry
from streams.volatility.market_time import DAY_NS
from streams.volatility.standing import Standing
from tests.streams.volatility.conftest import HOUR_NS, ns

# -- rank and percentile -------------------------------------------------------


def test_rank_and_percentile_are_those_of_the_days_before(dvol: BarColumns) -> None:
    now = Standing().update(dvol.at - 1, dvol.close)
    enough = 20
    for row in range(enough, len(dvol)):
        past, value = dvol.close[:row], dvol.close[row]
        low, high = min(past.min(), value), max(past.max(), value)
        assert now.rank[row] == pytest.approx((value - low) / (high - low))
        assert now.percentile[row] == np.mean(past < value)
    assert np.isnan(now.rank[:enough]).all()


def test_a_day_counts_once_by_its_last_value() -> None:
    at = np.arange(24 * 60) * HOUR_NS
    value = np.sin(np.arange(at.size))
    hourly, daily = Standing(), Standing()
    hours = hourly.update(at, value)
    days = daily.update(at[23::24], value[23::24])
    assert hours.rank[23::24].tobytes() == days.rank.tobytes()
    assert hours.percentile[23::24].tobytes() == days.percentile.tobytes()


def test_what_is_older_than_a_year_is_forgotten() -> None:
    at = np.arange(500) * DAY_NS
    value = np.where(np.arange(500) < 50, 5.0, 0.5)
    now = Standing().update(at, value)
    assert now.rank[300] == 0
    assert now.rank[499] == 0.5  # a year without movement has no rank but the middle
    assert now.days[499] == 365


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 1439))
def test_standings_survive_batches_and_restarts(cut: int) -> None:
    at = np.arange(24 * 60) * HOUR_NS
    value = np.random.default_rng(cut).random(at.size)
    whole = Standing().update(at, value)
    first = Standing()
    before = first.update(at[:cut], value[:cut])
    second = Standing()
    second.restore(json.loads(json.dumps(first.state())))
    after = second.update(at[cut:], value[cut:])
    for one, two, all_ in zip(before, after, whole, strict=True):
        assert np.concatenate((one, two)).tobytes() == all_.tobytes()


def test_days_that_fall_are_refused() -> None:
    standing = Standing()
    standing.update(np.array([5 * DAY_NS]), np.array([0.5]))
    with pytest.raises(ValueError, match="fall"):
        standing.update(np.array([4 * DAY_NS]), np.array([0.5]))


# -- announcements and differences ------------------------------------------------


def test_nvidias_report_enters_its_30_days_on_july_29() -> None:
    entered = ns("2024-08-28T16:00-04:00") - 30 * DAY_NS
    assert in_window(FOUNDING_STORY, "NVDA", entered, 30) == []
    (report,) = in_window(FOUNDING_STORY, "NVDA", entered + 1, 30)
    assert report.what == "earnings"
    assert in_window(FOUNDING_STORY, "NVDA", report.at + 1, 30) == []
    assert in_window(FOUNDING_STORY, "BTC", entered + 1, 30) == []


def test_the_far_weekly_expiry_first_holds_the_report_on_july_25() -> None:
    report = after_the_close("NVDA", "2024-08-28")
    weeklies = [us_expiry(f"2024-08-{day}") for day in (16, 23, 30)]

    def holds(day: str) -> Held:
        target = ns(f"{day}T16:00-04:00") + 30 * DAY_NS
        near = max(expiry for expiry in weeklies if expiry <= target)
        far = min(expiry for expiry in weeklies if expiry >= target)
        return held(report, near, far)

    assert holds("2024-07-24") is Held.NEITHER
    assert holds("2024-07-25") is Held.FAR
    assert holds("2024-07-30") is Held.FAR
    assert holds("2024-07-31") is Held.BOTH


def test_options_that_expire_at_the_close_do_not_hold_what_is_said_after_it() -> None:
    report = after_the_close("NVDA", "2024-08-28")
    before, same, after = map(us_expiry, ("2024-08-23", "2024-08-28", "2024-08-30"))
    assert held(report, same, after) is Held.FAR
    assert held(report, before, same) is Held.NEITHER


def test_the_storys_calendar_is_the_one_of_that_summer() -> None:
    assert [(one.symbol, one.at) for one in FOUNDING_STORY] == [
        (symbol, ns(f"2024-{day}T16:00-04:00"))
        for symbol, day in (
            ("GOOGL", "07-23"),
            ("MSFT", "07-30"),
            ("AMD", "07-30"),
            ("META", "07-31"),
            ("NVDA", "08-28"),
        )
    ]
