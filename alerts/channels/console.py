"""The standard output, for whoever reads it or pipes it on."""

import msgspec

from alerts.channels.settings import Console
from alerts.channels.webhook import document
from alerts.telling.delivery import DeliveryError
from alerts.telling.letter import Letter
from alerts.words.wording import moment


class ConsoleChannel:
    """Prints a line an alert: for people, or the webhook's document."""

    name = "console"
    bundles = False

    def __init__(self, settings: Console) -> None:
        self.per_minute = settings.per_minute
        self._json = settings.form == "json"

    async def send(self, letter: Letter) -> str:
        """Print it; see `alerts.telling.delivery.Channel`."""
        alert, message = letter.first, letter.message
        at = f"{moment(alert.event_time):%Y-%m-%d %H:%M:%SZ}"
        line = f"{at}  {message.label}  {message.line}"
        if self._json:
            line = msgspec.json.encode(document(alert, message)).decode()
        try:
            print(line, flush=True)  # noqa: T201 - what it is for
        except OSError as error:
            # Whoever read it is gone, and does not come back to this pipe.
            raise DeliveryError(f"stdout: {error.strerror}", permanent=True) from error
        return ""

    async def close(self) -> None:
        """Do nothing: the output is not ours to close."""
