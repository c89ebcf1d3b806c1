"""How records travel: JSON by msgspec, readable in any Kafka tool.

The only codec. A record that cannot be read raises `Unreadable`, which names
the reason in the words used on ``rejected`` and in the reject counter.
"""

from typing import Generic, TypeVar

import msgspec

from streams.events import VERSION, Event
from streams.reason import Reason

T = TypeVar("T", bound=Event)

_encoder = msgspec.json.Encoder()


class _Versioned(msgspec.Struct):
    v: int = VERSION


_version = msgspec.json.Decoder(_Versioned)


class Unreadable(ValueError):  # noqa: N818 - it is an answer, not a fault of ours
    """A record that is not what its topic carries.

    Attributes:
        reason: ``unparseable`` or ``unknown_version``.
        detail: what exactly, and where in the record.
    """

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


def encode(event: Event) -> bytes:
    """Return the record's bytes."""
    return _encoder.encode(event)


class Codec(Generic[T]):
    """Reads the records of one topic."""

    def __init__(self, kind: type[T]) -> None:
        self._decoder = msgspec.json.Decoder(kind)

    def decode(self, raw: bytes | None) -> T:
        """Return the record.

        Raises:
            Unreadable: not JSON, not this record, or another version of it.
        """
        if raw is None:
            raise Unreadable(Reason.UNPARSEABLE, "empty record")
        try:
            event = self._decoder.decode(raw)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            self._explain(raw, error)
        if event.v != VERSION:
            raise Unreadable(Reason.UNKNOWN_VERSION, f"v={event.v}, expected {VERSION}")
        return event

    @staticmethod
    def _explain(raw: bytes, error: Exception) -> None:
        # A newer layout fails the typed decoder too: say that rather than
        # complain about the field which happened to be missing.
        try:
            version = _version.decode(raw).v
        except (msgspec.DecodeError, UnicodeDecodeError):
            version = VERSION
        if version != VERSION:
            raise Unreadable(
                Reason.UNKNOWN_VERSION, f"v={version}, expected {VERSION}"
            ) from error
        raise Unreadable(Reason.UNPARSEABLE, str(error)) from error
