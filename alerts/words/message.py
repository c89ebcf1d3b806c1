"""What a person reads: one message for every channel, in the language it speaks.

The channels only set it: Slack in blocks, mail in HTML, a webhook in JSON.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from unicodedata import east_asian_width

from alerts.words.english import ENGLISH
from alerts.words.language import Facts, Language
from alerts.words.settings import Links
from alerts.words.wording import percent
from streams.events import Alert, AlertState, LegValue

_COLOURS = {"info": "#1d6fd6", "warning": "#d9730d", "critical": "#c8102e"}
_CALM, _GREY = "#2a8c5a", "#7a7f87"
_LOUDNESS = (_CALM, _GREY, *_COLOURS.values())
_BURNING = (AlertState.FIRING, AlertState.UPDATED)
_MOST_FACTS = 20


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
        headline: the whole news in one sentence; also a mail's subject.
        label: ``FIRING``, ``RESOLVED`` or ``UNKNOWN``, the severity and the id.
        colour: of the bar beside it, ``#rrggbb``.
        legs: the left one and the right one; none in a digest.
        facts: what else there is to know, each with its name.
        notes: what must be borne in mind in reading the numbers.
        links: names and addresses.
        body: the user's own words in place of legs, facts and notes.
        short: the user's own words where there is room for one line only.
        language: of the words, as HTML has it.
    """

    headline: str
    label: str
    colour: str
    legs: tuple[Leg, ...]
    facts: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]
    links: tuple[tuple[str, str], ...]
    body: str = ""
    short: str = ""
    language: str = "en"

    @property
    def line(self) -> str:
        """The message in one line."""
        return self.short or self.headline

    @property
    def text(self) -> str:
        """The message without any dress."""
        if self.body:
            return f"{self.body.rstrip()}\n"
        rows = [(leg.name, f"{leg.value}, {leg.standing}") for leg in self.legs]
        width = max(_width(name) for name, _ in (*rows, *self.facts)) + 2
        lines = [self.headline, ""]
        lines += [_padded(f"{name}:", width) + value for name, value in rows]
        lines += [_padded(f"{name}:", width) + value for name, value in self.facts]
        lines += ["", *self.notes] if self.notes else []
        lines += ["", *(f"{name}: {url}" for name, url in self.links), self.label]
        return "\n".join(lines) + "\n"


def compose(alert: Alert, links: Links, language: Language = ENGLISH) -> Message:
    """Return `alert` in words."""
    return Message(
        headline=language.headline(alert),
        label=language.label(alert),
        colour=_colour(alert),
        legs=tuple(_leg(leg, alert, language) for leg in (alert.left, alert.right)),
        facts=tuple(language.facts(alert)),
        notes=tuple(language.notes(alert)),
        links=tuple(
            (name, url)
            for name, url in zip(
                language.links, (links.dashboard, links.runbook), strict=True
            )
            if url is not None
        ),
        language=language.code,
    )


def compose_all(
    alerts: Sequence[Alert], links: Links, language: Language = ENGLISH
) -> Message:
    """Return several alerts in the words of one message.

    Raises:
        ValueError: there are none.
    """
    return digest(alerts, [compose(each, links, language) for each in alerts], language)


def digest(
    alerts: Sequence[Alert], each: Sequence[Message], language: Language
) -> Message:
    """Return one message made of several, each in its own words already.

    Raises:
        ValueError: there are none.
    """
    if not alerts:
        raise ValueError("nothing to tell")
    if len(alerts) == 1:
        return each[0]
    facts: Facts = [
        (alert.rule, language.told_at(message.line, alert.event_time))
        for alert, message in zip(alerts, each, strict=True)
    ]
    if len(facts) > _MOST_FACTS:
        facts[_MOST_FACTS:] = [language.left_out(len(facts) - _MOST_FACTS)]
    headline, label = language.many(alerts)
    one_pair = len({alert.pair for alert in alerts}) == 1
    return replace(
        each[-1],
        headline=headline,
        label=label,
        colour=max(each, key=lambda message: _LOUDNESS.index(message.colour)).colour,
        legs=each[-1].legs if one_pair else (),
        facts=tuple(facts),
        notes=tuple(dict.fromkeys(note for one in each for note in one.notes)),
        body="",
        short="",
    )


def _leg(leg: LegValue, alert: Alert, language: Language) -> Leg:
    standing = language.standing(leg, alert)
    value = percent(leg.value) if leg.at else "–"
    return Leg(language.leg_name(leg.name), value, standing)


def _colour(alert: Alert) -> str:
    if alert.state in _BURNING:
        return _COLOURS[alert.severity]
    return _GREY if alert.state is AlertState.UNKNOWN else _CALM


def _width(text: str) -> int:
    """Return the columns that `text` takes where all letters are equally wide."""
    return sum(2 if east_asian_width(letter) in "WF" else 1 for letter in text)


def _padded(text: str, width: int) -> str:
    return text + " " * (width - _width(text))
