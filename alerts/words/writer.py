"""How one channel is spoken to: in its language, or in its user's own words."""

from collections.abc import Sequence
from dataclasses import asdict, replace

import structlog

from alerts.words.chinese import CHINESE
from alerts.words.english import ENGLISH
from alerts.words.language import Language
from alerts.words.message import Message, compose, digest
from alerts.words.settings import Links, Speech
from alerts.words.template import rendered, variables
from streams.events import Alert

_log = structlog.get_logger()

LANGUAGES: dict[str, Language] = {"en": ENGLISH, "zh": CHINESE}
"""Every language there is: a new one is its file and a line here."""


class Writer:
    """Puts alerts into words.

    Args:
        speech: what the channel's table says about it.

    Attributes:
        language: of the built-in words.
    """

    def __init__(self, speech: Speech | None = None) -> None:
        speech = speech or Speech()
        self.language = LANGUAGES[speech.language]
        self._templates = speech.template.given

    def write(
        self, alerts: Sequence[Alert], links: Links, *, held: bool = False
    ) -> Message:
        """Return the alerts as one message.

        Args:
            alerts: what is to be told; not none.
            links: where the reader is pointed.
            held: whether it had to wait for the end of quiet hours.
        """
        each = [self._worded(alert, links) for alert in alerts]
        message = digest(alerts, each, self.language)
        if not held:
            return message
        return replace(message, notes=(*message.notes, self.language.held))

    def _worded(self, alert: Alert, links: Links) -> Message:
        message = compose(alert, links, self.language)
        if not self._templates:
            return message
        told = {
            **asdict(message),
            "line": message.line,
            "text": message.text,
            "links": dict(message.links),
        }
        known = variables(alert, told)
        own: dict[str, str] = {}
        for name, source in self._templates.items():
            try:
                own[name] = rendered(name, source, known)
            except Exception as error:  # noqa: BLE001 - our words, then
                # It was tried on a sample; real alerts have more to go wrong.
                _log.warning("template failed", template=name, reason=str(error))
        return replace(
            message,
            headline=own.get("headline", message.headline),
            short=own.get("short", ""),
            body=own.get("text", ""),
        )
