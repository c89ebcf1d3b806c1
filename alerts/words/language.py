"""What a language must be able to say of an alert."""

from collections.abc import Sequence
from typing import Protocol

from streams.events import Alert, AlertState, LegName, LegValue

Facts = list[tuple[str, str]]
"""What there is to know, each with its name."""

SILENT = (AlertState.UNKNOWN, AlertState.KNOWN)
"""The states that tell of a leg, not of a breach."""

REALISED = frozenset(
    {
        "bipower",
        "close-to-close",
        "close-to-close-demeaned",
        "ewma",
        "garman-klass",
        "parkinson",
        "rogers-satchell",
        "yang-zhang",
    }
)
"""Measures that look back, and are named with how far."""
CHAINED = frozenset({"atm", "vix", "skew25"})
"""Measures that look ahead from a chain, and are named with how far."""


WITHDRAWN = ("the rule was removed", "the rule was changed to watch something else")
"""Why an alert may end though nothing has changed in the market."""

FIRST_HEARD = "both legs are known, for the first time"
"""Why something can be said of what could never be said before."""


class Language(Protocol):
    """The words of one language.

    Attributes:
        code: of the language, as HTML has it.
        links: what the dashboard and the runbook are called.
        held: what is said of a message that had to wait.
    """

    code: str
    links: tuple[str, str]
    held: str

    def headline(self, alert: Alert) -> str:
        """Return the whole news in one sentence."""

    def label(self, alert: Alert) -> str:
        """Return the state, the severity and the id."""

    def leg_name(self, name: LegName) -> str:
        """Return a leg as people call it: ``NVDA implied vol``, ``BTC DVOL``."""

    def standing(self, leg: LegValue, alert: Alert) -> str:
        """Return how old a leg is, how delayed, and whether its market is open."""

    def facts(self, alert: Alert) -> Facts:
        """Return since when it is so, how far it went, and by which rule."""

    def notes(self, alert: Alert) -> list[str]:
        """Return what must be borne in mind in reading the numbers."""

    def many(self, alerts: Sequence[Alert]) -> tuple[str, str]:
        """Return the headline and the label of several alerts in one message."""

    def told_at(self, line: str, at: int) -> str:
        """Return one alert of several: its line, and when it was (ns UTC)."""

    def left_out(self, count: int) -> tuple[str, str]:
        """Return the fact that `count` more alerts are not shown."""


_BACK = {"above": "below", "below": "above", "outside": "within"}


def side(alert: Alert) -> str:
    """Return where what is watched now is: above, below, outside or within."""
    if alert.when == "crosses":
        return "above" if watched(alert) > alert.margin else "below"
    return _BACK[alert.when] if alert.state is AlertState.RESOLVED else alert.when


def cleared(alert: Alert) -> bool:
    """Return whether a crossing is over because the lines went apart again."""
    return alert.when == "crosses" and alert.state is AlertState.RESOLVED


def parted(name: LegName) -> tuple[str, str]:
    """Return a leg's window, and what is said of it besides: ``at the last close``."""
    window, _, besides = name.window.partition(" ")
    return (window if name.measure in REALISED | CHAINED else ""), besides


def watched(alert: Alert) -> float:
    """Return what the rule watches, in its own unit."""
    if alert.value is not None:
        return alert.value
    return {
        "left": alert.left.value,
        "right": alert.right.value,
        "ratio": alert.left.value / alert.right.value if alert.right.value else 0.0,
    }.get(alert.watch, alert.spread)


def kind(alert: Alert) -> str:
    """Return what is watched, whichever leg it is of: ``rank`` of ``left-rank``."""
    if (alert.comparison, alert.watch) == ("daily_move", "ratio"):
        return "move"
    return alert.watch.removeprefix("left-").removeprefix("right-")


def watched_leg(alert: Alert) -> LegValue:
    """Return the leg that a rule about one leg watches."""
    return alert.right if alert.watch.startswith("right") else alert.left
