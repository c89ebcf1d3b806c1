"""What a person reads: one wording for every channel.

The channels only set it: Slack in blocks, mail in HTML, a webhook in JSON.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from alerts.fields import TEST_RULE
from alerts.settings import Links
from alerts.telling.wording import both_times, length, percent, points, short_time
from streams.events import Alert, AlertState, LegName, LegValue, Origin

_MEASURES = {
    "dvol": "DVOL",
    "iv30": "implied vol",
    "close-to-close": "realised vol",
    "ewma": "EWMA vol",
}

_ORIGINS = {
    Origin.PUBLISHED: "",
    Origin.COMPUTED: "",
    Origin.INTERPOLATED: "interpolated between published points",
    Origin.SYNTHETIC: "synthetic, made for a test",
}

_COLOURS = {"info": "#1d6fd6", "warning": "#d9730d", "critical": "#c8102e"}
_CALM, _GREY = "#2a8c5a", "#7a7f87"
_LOUDNESS = (_CALM, _GREY, *_COLOURS.values())
_MOST_FACTS = 20
_SILENCES = (AlertState.UNKNOWN, AlertState.KNOWN)


@dataclass(frozen=True, slots=True)
class Leg:
    """One leg, as the message shows it."""

    name: str
    value: str
    standing: str
    """How old it is, how delayed, and whether its market is open."""


@dataclass(frozen=True, slots=True)
class Message:
    """An alert in words.

    Attributes:
        key: the alert's id and state, by which a receiver knows it again.
        headline: the whole news in one sentence; also a mail's subject.
        label: ``FIRING``, ``RESOLVED`` or ``UNKNOWN``, the severity and the id.
        colour: of the bar beside it, ``#rrggbb``.
        legs: the left one and the right one; none in a digest.
        facts: what else there is to know, each with its name.
        notes: what must be borne in mind in reading the numbers.
        links: names and addresses.
    """

    key: tuple[str, AlertState]
    headline: str
    label: str
    colour: str
    legs: tuple[Leg, ...]
    facts: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]
    links: tuple[tuple[str, str], ...]

    @property
    def text(self) -> str:
        """The message without any dress."""
        rows = [(leg.name, f"{leg.value}, {leg.standing}") for leg in self.legs]
        width = max(len(name) for name, _ in (*rows, *self.facts)) + 1
        lines = [self.headline, ""]
        lines += [f"{name + ':':<{width}} {value}" for name, value in rows]
        lines += [f"{name + ':':<{width}} {value}" for name, value in self.facts]
        lines += ["", *self.notes] if self.notes else []
        lines += ["", *(f"{name}: {url}" for name, url in self.links), self.label]
        return "\n".join(lines) + "\n"


def compose(alert: Alert, links: Links) -> Message:
    """Return `alert` in words."""
    return Message(
        key=(alert.id, alert.state),
        headline=_headline(alert),
        label=f"{alert.state.upper()} · {alert.severity} · {alert.id}",
        colour=_colour(alert),
        legs=(_leg(alert.left, alert), _leg(alert.right, alert)),
        facts=tuple(_facts(alert)),
        notes=tuple(_notes(alert)),
        links=tuple(
            (name, url)
            for name, url in (
                ("Dashboard", links.dashboard),
                ("Runbook", links.runbook),
            )
            if url is not None
        ),
    )


def compose_all(alerts: Sequence[Alert], links: Links) -> Message:
    """Return several alerts in the words of one message.

    Raises:
        ValueError: there are none.
    """
    if len(alerts) == 1:
        return compose(alerts[0], links)
    each = [compose(alert, links) for alert in alerts]
    latest, one_pair = alerts[-1], len({alert.pair for alert in alerts}) == 1
    facts = [
        (alert.rule, f"{message.headline}; {short_time(alert.event_time)}")
        for alert, message in zip(alerts, each, strict=True)
    ]
    if len(facts) > _MOST_FACTS:
        left_out = len(facts) - _MOST_FACTS
        facts[_MOST_FACTS:] = [("And more", f"{left_out} alerts, not shown here")]
    states = {alert.state for alert in alerts}
    state = f" {latest.state}" if len(states) == 1 else ""
    many = "rules" if len({alert.rule for alert in alerts}) == len(alerts) else "alerts"
    about = (
        f"{latest.pair}: {len(alerts)} {many}" if one_pair else f"{len(alerts)} alerts"
    )
    return Message(
        key=each[0].key,
        headline=f"{about}{state}",
        label=f"{len(alerts)} ALERTS · {alerts[0].id} to {latest.id}",
        colour=max(each, key=lambda message: _LOUDNESS.index(message.colour)).colour,
        legs=each[-1].legs if one_pair else (),
        facts=tuple(facts),
        notes=tuple(dict.fromkeys(note for one in each for note in one.notes)),
        links=each[0].links,
    )


def leg_name(name: LegName) -> str:
    """Return a leg as people call it: ``NVDA implied vol``, ``BTC DVOL``."""
    measure = _MEASURES.get(name.measure, name.measure)
    looks_back = name.measure in ("close-to-close", "ewma")
    return " ".join([name.symbol, *([name.window] if looks_back else []), measure])


def _headline(alert: Alert) -> str:
    if alert.rule == TEST_RULE:
        return "Test: this is how an alert of volcross will look"
    left, right = leg_name(alert.left.name), leg_name(alert.right.name)
    if alert.state is AlertState.UNKNOWN:
        return f"{left} cannot be compared with {right}: {alert.reason}"
    if alert.state is AlertState.KNOWN:
        return (
            f"{left} {percent(alert.left.value)} can be compared with"
            f" {right} {percent(alert.right.value)} again ({points(alert.spread)})"
        )
    left, right = (
        f"{leg_name(leg.name)} {percent(leg.value)}"
        for leg in (alert.left, alert.right)
    )
    again = "now" if alert.state is AlertState.FIRING else "back"
    if alert.watch in ("left", "right"):
        side = _side(alert)
        level = f"{alert.margin * 100:g}%"
        return f"{left if alert.watch == 'left' else right} is {again} {side} {level}"
    if alert.watch == "ratio":
        ratio = alert.left.value / alert.right.value
        return (
            f"{left} is {again} {ratio:.2f} times {right}"
            f" ({_side(alert)} {alert.margin:g})"
        )
    side = "above" if alert.spread > 0 else "below"
    # With a margin, the news may be that it is less far on the same side.
    if side != _side(alert):
        again = f"{again} close"
    return f"{left} is {again} {side} {right} ({points(alert.spread)})"


def _side(alert: Alert) -> str:
    """Return the side of its margin that an alert announces."""
    other = {"above": "below", "below": "above"}
    return alert.when if alert.state is AlertState.FIRING else other[alert.when]


def _colour(alert: Alert) -> str:
    if alert.state is AlertState.FIRING:
        return _COLOURS[alert.severity]
    return _GREY if alert.state is AlertState.UNKNOWN else _CALM


def _leg(leg: LegValue, alert: Alert) -> Leg:
    age = timedelta(microseconds=(alert.event_time - leg.at) // 1000)
    parts = [f"as of {short_time(leg.at)}"]
    if age >= timedelta(minutes=1):
        parts.append(f"{length(age)} old")
    if not leg.market_open:
        parts.append("its market is closed")
    if leg.name.delay_seconds:
        delay = timedelta(seconds=leg.name.delay_seconds)
        parts.append(f"feed delayed {length(delay)}")
    return Leg(leg_name(leg.name), percent(leg.value), ", ".join(parts))


def _facts(alert: Alert) -> list[tuple[str, str]]:
    facts = []
    if alert.state is AlertState.UNKNOWN:
        facts.append(("Unknown since", both_times(alert.since)))
    elif alert.state is AlertState.KNOWN:
        lasted = length(
            timedelta(microseconds=(alert.event_time - alert.since) // 1000)
        )
        facts.append(("Unknown", f"for {lasted}, from {both_times(alert.since)}"))
    else:
        side = _side(alert).capitalize()
        facts.append((f"{side} since", both_times(alert.since)))
    if alert.began is not None and alert.state is AlertState.RESOLVED:
        lasted = length(timedelta(microseconds=(alert.since - alert.began) // 1000))
        before = f"for {lasted}, from {both_times(alert.began)}"
        facts.append((f"It was {alert.when}", before))
        if alert.peak is not None and alert.peak_at is not None:
            peak = f"{_amount(alert, alert.peak)} at {both_times(alert.peak_at)}"
            facts.append(("Furthest", peak))
    facts.append(("Rule", f"{alert.rule}: {alert.reason}"))
    return facts


def _amount(alert: Alert, value: float) -> str:
    if alert.watch == "spread":
        return points(value)
    return f"{value:.2f}" if alert.watch == "ratio" else percent(value)


def _notes(alert: Alert) -> list[str]:
    notes = []
    drawn: dict[str, list[str]] = {}
    for leg in (alert.left, alert.right):
        if origin := _ORIGINS[leg.name.origin]:
            drawn.setdefault(origin, []).append(leg_name(leg.name))
    for origin, names in drawn.items():
        verb = "is" if len(names) == 1 else "are"
        notes.append(f"{' and '.join(names)} {verb} {origin}.")
    if alert.began is not None and alert.state in _SILENCES:
        stands = f"The alert that began on {both_times(alert.began)} stands"
        until = " until both are known" if alert.state is AlertState.UNKNOWN else ""
        notes.append(f"{stands}{until}: it was neither renewed nor resolved.")
    return notes
