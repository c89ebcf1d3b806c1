"""A venue's messages as they came, kept in a file.

One JSON line a message: the feed it came on, when, and what: an opened
connection or a frame. Whatever may go wrong in parsing stands there unparsed.
"""

import base64
import os
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Final, Self

import msgspec
import structlog

from producers.listening.conversation import Frame

log = structlog.get_logger(__name__)

_CUT = "Input data was truncated"


class Entry(msgspec.Struct, frozen=True, omit_defaults=True):
    """One line of a capture."""

    feed: str
    at: int
    """When it came (ns UTC)."""
    text: str | None = None
    binary: str | None = None
    """Base64; neither text nor binary means that a connection was opened."""

    @property
    def frame(self) -> Frame | None:
        """The message, None where a connection was opened."""
        if self.binary is not None:
            return base64.b64decode(self.binary)
        return self.text


class Capture:
    """Writes entries as they come; flushed, so that a crash keeps them.

    Args:
        path: None keeps nothing.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._file: BinaryIO | None = None
        self._encode = msgspec.json.Encoder().encode

    def __enter__(self) -> Self:
        if self._path is not None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self._path.open("ab+")
            if self._unfinished():
                self._file.write(b"\n")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._file is not None:
            self._file.close()

    def opened(self, feed: str, at: int) -> None:
        """Note that a connection was opened."""
        self._write(Entry(feed, at))

    def heard(self, feed: str, at: int, frame: Frame) -> None:
        """Note what came."""
        if self._file is None:
            return
        if isinstance(frame, bytes):
            binary = base64.b64encode(frame).decode()
            self._write(Entry(feed, at, binary=binary))
        else:
            self._write(Entry(feed, at, frame))

    def _unfinished(self) -> bool:
        """Say whether a crash left a line without an end; nothing may join on to it."""
        if self._file is None or self._file.seek(0, os.SEEK_END) == 0:
            return False
        self._file.seek(-1, os.SEEK_END)
        return self._file.read() != b"\n"

    def _write(self, entry: Entry) -> None:
        if self._file is not None:
            self._file.write(self._encode(entry) + b"\n")
            self._file.flush()


NO_CAPTURE: Final = Capture(None)


def entries(path: Path) -> Iterator[Entry]:
    """Yield a capture's entries, less those that a crash cut short.

    Raises:
        ValueError: there is no such file, or a line is no entry; it is named.
    """
    decoder = msgspec.json.Decoder(Entry)
    try:
        file = path.open("rb")
    except OSError as error:
        raise ValueError(f"{path}: no capture: {error.strerror}") from error
    with file:
        for number, line in enumerate(file, start=1):
            try:
                yield decoder.decode(line.removesuffix(b"\n"))
            except msgspec.DecodeError as error:
                if str(error) != _CUT:
                    raise ValueError(f"{path}:{number}: no capture: {error}") from error
                log.warning("an entry was cut short", file=str(path), line=number)
