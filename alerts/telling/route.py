"""Who hears of what, and when they want to sleep: one ``[[routes]]`` of the file."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime, time, timedelta
from fnmatch import fnmatchcase
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field

from alerts.fields import TEST_RULE
from alerts.words.wording import moment
from streams.events import Alert
from streams.settings import Table

Severity = Literal["info", "warning", "critical"]

_HOURS = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)")


def _between(text: str) -> tuple[time, time]:
    found = _HOURS.fullmatch(text)
    if found is not None:
        hour, minute, last_hour, last_minute = map(int, found.groups())
        begins, ends = time(hour, minute), time(last_hour, last_minute)
        if begins != ends:
            return begins, ends
    raise ValueError(f"{text!r} is not a stretch of the day such as 22:00-07:00")


def _hours(text: str) -> str:
    _between(text)
    return text


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError(f"no time zone {name!r}, such as Asia/Shanghai") from None
    return name


class Route(Table):
    """Where alerts go, and when they wait; one ``[[routes]]`` of the file.

    The first route that fits an alert decides. It can only narrow what the
    rule says: an alert that no route fits goes where its rule sends it.
    """

    rules: str = "*"
    """The rules it is for: a name, or a pattern such as ``nvda-*``."""
    severities: Annotated[tuple[Severity, ...], Field(min_length=1)] = (
        "info",
        "warning",
        "critical",
    )
    channels: Annotated[list[str], Field(min_length=1)] | None = None
    """Where to; wherever the rule says unless given."""
    quiet: Annotated[str, AfterValidator(_hours)] | None = None
    """When nobody is to be woken, ``22:00-07:00`` of `zone`: kept, and told after."""
    zone: Annotated[str, AfterValidator(_zone)] = "UTC"
    loud: tuple[Severity, ...] = ("critical",)
    """What is told even then."""

    def fits(self, rule: str, severity: str) -> bool:
        """Return whether this route is for alerts of a rule of that severity."""
        return severity in self.severities and fnmatchcase(rule, self.rules)

    def narrowed(self, channels: Iterable[str]) -> list[str]:
        """Return which of a rule's channels are left."""
        return [
            name for name in channels if self.channels is None or name in self.channels
        ]

    def quiet_until(self, severity: str, now: int) -> int | None:
        """Return when the quiet hours end that hold at an instant (ns UTC).

        None when there are none, or when the severity is not to wait.
        """
        if self.quiet is None or severity in self.loud:
            return None
        begins, ends = _between(self.quiet)
        here = moment(now).astimezone(ZoneInfo(self.zone))
        # By the wall clock: on the night the clocks change, seven is seven.
        clock = here.time()
        overnight = begins > ends
        if overnight and not (clock >= begins or clock < ends):
            return None
        if not overnight and not begins <= clock < ends:
            return None
        days = 1 if overnight and clock >= begins else 0
        end = datetime.combine(here.date() + timedelta(days), ends, here.tzinfo)
        since_epoch = end.astimezone(UTC) - datetime(1970, 1, 1, tzinfo=UTC)
        return since_epoch // timedelta(microseconds=1) * 1000


def route_of(routes: Iterable[Route], alert: Alert) -> Route | None:
    """Return the route that decides about `alert`; None: its rule alone does."""
    if alert.rule == TEST_RULE:
        return None
    return next((r for r in routes if r.fits(alert.rule, alert.severity)), None)
