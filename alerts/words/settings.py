"""In which words a person is told, and where they point."""

from typing import Literal

from alerts.fields import WebAddress
from alerts.words.template import Template
from streams.settings import Table


class Speech(Table):
    """What every channel may be told: how it is spoken to."""

    language: Literal["en", "zh"] = "en"
    template: Template = Template()
    """Words of the user's own, ``[channels.NAME.template]``."""


class Links(Table):
    """Where a message points its reader."""

    dashboard: WebAddress | None = None
    runbook: WebAddress | None = None
