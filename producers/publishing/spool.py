"""What a producer could not send before it had to stop, kept on disk."""

import errno
import os
from collections.abc import Sequence
from pathlib import Path

import msgspec


class Spooled(msgspec.Struct, frozen=True):
    """A record with where it goes."""

    topic: str
    """Without the configured prefix."""
    key: str
    value: msgspec.Raw
    """The record as it travels: JSON."""


class Spool:
    """A file of records, one JSON line each, written whole and read whole.

    Sending a record twice does no harm (its coverage says that it is a
    repetition), so the file goes only once all of it is acknowledged.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def prepare(self) -> None:
        """Make the folder: whoever may not write to it hears of it now, not at a stop.

        Raises:
            OSError: nothing can be written there.
        """
        folder = self.path.parent
        folder.mkdir(parents=True, exist_ok=True)
        if not os.access(folder, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(folder))

    def read(self) -> list[Spooled]:
        """Return what waits, oldest first.

        Raises:
            ValueError: the file is not a spool; it names the line.
        """
        try:
            lines = self.path.read_bytes().splitlines()
        except FileNotFoundError:
            return []
        records = []
        for number, line in enumerate(lines, start=1):
            try:
                record = msgspec.json.decode(line, type=Spooled)
            except msgspec.DecodeError as error:
                raise ValueError(f"{self.path}:{number}: no spool: {error}") from error
            records.append(record)
        return records

    def write(self, records: Sequence[Spooled]) -> None:
        """Replace what waits; once this returns it survives a power cut.

        Raises:
            OSError: it could not be written; the old file still stands.
        """
        if not records:
            self.path.unlink(missing_ok=True)
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        draft = self.path.with_suffix(".draft")
        with draft.open("wb") as file:
            for record in records:
                file.write(msgspec.json.encode(record) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self.path)
        # A rename lasts only once the directory is written too.
        directory = os.open(self.path.parent, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)
