"""Who does not want to be told, of what, and for how long."""

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase

from alerts.words.wording import both_times
from streams.events import Alert, Silence


def in_force(told: Iterable[Silence], now: int) -> list[Silence]:
    """Return the silences that hold at an instant; the last word on each counts."""
    latest: Mapping[str, Silence] = {silence.id: silence for silence in told}
    return [each for each in latest.values() if each.start <= now < each.end]


def silencing(alert: Alert, silences: Iterable[Silence]) -> Silence | None:
    """Return a silence that covers `alert`; None: it is to be told."""
    return next((s for s in silences if fnmatchcase(alert.rule, s.rule)), None)


def reason(silence: Silence) -> str:
    """Return why nothing was sent, in words."""
    until = both_times(silence.end)
    return f"silenced until {until} by {silence.author}: {silence.comment}"
