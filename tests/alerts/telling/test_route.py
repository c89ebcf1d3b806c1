from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from alerts.settings import AlertSettings
from alerts.telling.route import Route, route_of
from tests.alerts.samples import FIRING

HOUR = 3600 * 10**9


def ns(text: str) -> int:
    at = datetime.fromisoformat(text).astimezone(UTC)
    return round(at.timestamp()) * 10**9


def night(zone: str = "UTC", loud: str = "critical") -> Route:
    table = {"quiet": "22:00-07:00", "zone": zone, "loud": [loud]}
    return Route.model_validate(table)


@pytest.mark.parametrize(
    ("zone", "now", "until"),
    [
        ("UTC", "2024-08-05T21:59:59+00:00", None),
        ("UTC", "2024-08-05T22:00:00+00:00", "2024-08-06T07:00:00+00:00"),
        ("UTC", "2024-08-06T06:59:59+00:00", "2024-08-06T07:00:00+00:00"),
        ("UTC", "2024-08-06T07:00:00+00:00", None),
        ("Asia/Shanghai", "2024-08-05T15:00:00+00:00", "2024-08-05T23:00:00+00:00"),
        ("Asia/Shanghai", "2024-08-05T23:00:00+00:00", None),
        # New York's night of 9 March 2024 is an hour short, that of 2 November long.
        ("America/New_York", "2024-03-10T03:00:00+00:00", "2024-03-10T11:00:00+00:00"),
        ("America/New_York", "2024-11-03T02:00:00+00:00", "2024-11-03T12:00:00+00:00"),
    ],
)
def test_quiet_ends_by_the_clock_on_the_wall(
    zone: str, now: str, until: str | None
) -> None:
    expected = None if until is None else ns(until)
    assert night(zone).quiet_until("warning", ns(now)) == expected


def test_a_siesta_is_within_one_day() -> None:
    route = Route(quiet="13:00-15:00")
    assert route.quiet_until("info", ns("2024-08-05T12:59:00+00:00")) is None
    assert route.quiet_until("info", ns("2024-08-05T14:00:00+00:00")) == ns(
        "2024-08-05T15:00:00+00:00"
    )
    assert route.quiet_until("info", ns("2024-08-05T15:00:00+00:00")) is None


@given(
    st.integers(1_700_000_000, 1_800_000_000),
    st.sampled_from(["UTC", "Asia/Shanghai", "America/New_York", "Europe/Zurich"]),
)
def test_whatever_waits_is_told_within_a_night(second: int, zone: str) -> None:
    now = second * 10**9
    until = night(zone).quiet_until("warning", now)
    if until is not None:
        assert now < until <= now + 10 * HOUR
        assert night(zone).quiet_until("warning", until) is None


def test_what_is_loud_does_not_wait() -> None:
    midnight = ns("2024-08-05T00:00:00+00:00")
    assert night().quiet_until("critical", midnight) is None
    assert night(loud="info").quiet_until("critical", midnight) is not None
    assert night(loud="info").quiet_until("info", midnight) is None


def test_the_first_route_that_fits_decides() -> None:
    loud = Route(severities=("critical",), channels=["email"])
    nvda = Route(rules="nvda-*", channels=["slack"])
    assert route_of([loud, nvda], FIRING) is nvda
    critical = msgspec.structs.replace(FIRING, severity="critical")
    assert route_of([loud, nvda], critical) is loud
    assert route_of([loud], FIRING) is None
    assert nvda.narrowed(["email", "slack"]) == ["slack"]


def test_a_test_is_kept_from_nobody() -> None:
    test = msgspec.structs.replace(FIRING, rule="test")
    assert route_of([night()], test) is None


@pytest.mark.parametrize(
    ("route", "why"),
    [
        ({"quiet": "22-7"}, "not a stretch of the day"),
        ({"quiet": "07:00-07:00"}, "not a stretch of the day"),
        ({"quiet": "25:00-07:00"}, "not a stretch of the day"),
        ({"zone": "Shanghai"}, "no time zone 'Shanghai'"),
        ({"zone": "../etc/passwd"}, "no time zone"),
        ({"severities": ["loud"]}, "severities"),
        ({"channels": ["email"]}, r"no \[channels.email\]"),
        ({"channels": []}, "at least 1"),
    ],
)
def test_a_route_that_cannot_be_followed_is_refused(
    route: dict[str, Any], why: str
) -> None:
    slack = {"webhook_url": "http://127.0.0.1/x"}
    with pytest.raises(ValidationError, match=why):
        AlertSettings.model_validate({"routes": [route], "channels": {"slack": slack}})


def test_a_route_that_leaves_a_rule_nowhere_is_refused() -> None:
    given = {
        "rules": [{"name": "r", "pair": "NVDA/BTC", "channels": ["webhook"]}],
        "routes": [{"channels": ["slack"]}],
        "channels": {
            "slack": {"webhook_url": "http://127.0.0.1/x"},
            "webhook": {"url": "http://127.0.0.1/x"},
        },
    }
    with pytest.raises(ValidationError, match="those of the rule r: webhook"):
        AlertSettings.model_validate(given)
