"""The configuration file, read again when somebody has changed it."""

from pathlib import Path

from alerts.reloading import Reread
from volcross.config import ConfigError, Settings, load

_RELOADED = {"rules"}


class Rereading:
    """Looks at the file from time to time.

    Args:
        file: which.
        settings: what it said when the process started.
    """

    def __init__(self, file: Path, settings: Settings) -> None:
        self._file = file
        self._started = settings
        # Read once more than needed: it may have changed while we started.
        self._used: bytes | None = None
        self._seen: bytes | None = None

    def __call__(self) -> Reread | None:
        """Return what the file says; None where that is nothing new.

        A change counts once it is read the same twice: whoever saves a file may
        be half way through it.

        Raises:
            ValueError: it is gone, or cannot be used; said once a change.
        """
        content, seen = self._content(), self._seen
        self._seen = content
        if content != seen or content == self._used:
            return None
        self._used = content
        try:
            settings = load(self._file)
        except ConfigError as error:
            raise ValueError(str(error)) from None
        changed = [
            name
            for name in Settings.model_fields
            if name not in _RELOADED
            and getattr(settings, name) != getattr(self._started, name)
        ]
        return Reread(settings, settings, changed)

    def _content(self) -> bytes | None:
        try:
            return self._file.read_bytes()
        except OSError:
            return None
