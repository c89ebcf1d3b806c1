"""Holidays have names, and the page is told them."""

import datetime as dt

import pytest

from volcross.page.holidays import holidays
from volcross.page.markets import Markets


def at(when: str) -> int:
    return int(dt.datetime.fromisoformat(when).timestamp()) * 10**9


def test_days_off_and_early_closes_bear_their_names() -> None:
    found = holidays("us-equity", at("2026-11-20T00:00Z"), at("2026-12-31T00:00Z"))
    assert found == (
        ("Thanksgiving", at("2026-11-26T12:00-05:00")),
        ("Black Friday", at("2026-11-27T12:00-05:00")),
        ("Christmas Eve", at("2026-12-24T12:00-05:00")),
        ("Christmas", at("2026-12-25T12:00-05:00")),
    )


def test_noon_is_the_summer_s_in_summer() -> None:
    [labor_day] = holidays(
        "us-equity", at("2026-09-05T00:00Z"), at("2026-09-10T00:00Z")
    )
    assert labor_day == ("Labor Day", at("2026-09-07T16:00Z"))


def test_a_market_that_never_shuts_has_none() -> None:
    assert holidays("crypto", 0, at("2026-09-10T00:00Z")) == ()


@pytest.mark.parametrize(
    ("now", "is_open", "until"),
    [
        ("2026-11-26T16:00Z", False, "2026-11-27T14:30:00+00:00"),
        ("2026-11-27T16:00Z", True, "2026-11-27T18:00:00+00:00"),
    ],
)
async def test_a_market_says_until_when_and_around_which_holidays(
    now: str, is_open: bool, until: str
) -> None:
    markets = Markets({"NVDA": "us-equity", "BTC": "crypto"})
    await markets.load()
    [told] = markets.report(at(now))
    assert (told["symbol"], told["open"], told["until"]) == ("NVDA", is_open, until)
    named = {each["name"]: each["at_ms"] for each in told["holidays"]}
    assert named["Thanksgiving"] == at("2026-11-26T17:00Z") // 10**6
    assert {"Labor Day", "Thanksgiving", "Black Friday"} == named.keys()
