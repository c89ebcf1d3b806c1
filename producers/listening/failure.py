"""Why a venue gives no data, in words that hold no address and no key."""

import contextlib
import os
import socket
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

from websockets.exceptions import InvalidStatus, WebSocketException

from producers.listening.conversation import HungUp, Refused, Silent

_DAY_SECONDS = 86_400.0


@dataclass(frozen=True, slots=True)
class Failure:
    """One attempt that came to nothing, or to an end.

    Attributes:
        reason: one of few, safe as a metric label.
        detail: for people.
        retry_after: seconds the venue wants to be left alone, if it says.
        permanent: asking again will hardly help.
    """

    reason: str
    detail: str
    retry_after: float | None = None
    permanent: bool = False


def failure(error: Refused | OSError | WebSocketException) -> Failure:
    """Return what went wrong."""
    match error:
        case Refused():
            reason = {Silent: "silent", HungUp: "closed"}.get(type(error), "refused")
            return Failure(reason, str(error), error.retry_after, error.permanent)
        case InvalidStatus():
            response = error.response
            asked = seconds_asked(response.headers.get("Retry-After"))
            return Failure("refused", f"HTTP {response.status_code}", asked)
        case OSError():
            return Failure(*_unreached(error))
        case _:
            return Failure("broken", str(error))


def _unreached(error: OSError) -> tuple[str, str]:
    match error:
        case TimeoutError():
            return "no_answer", "none in time"
        case socket.gaierror():
            return "unknown_name", (error.strerror or "no address").lower()
        case ssl.SSLError():
            return "no_tls", error.reason or "TLS failed"
        case OSError(errno=int() as number):
            return "no_connection", os.strerror(number).lower()
        case _:
            return "broken", str(error)


def seconds_asked(
    text: str | None, clock: Callable[[], float] = time.time
) -> float | None:
    """Return the seconds a ``Retry-After`` asks for, a day at most; None if none.

    Args:
        text: seconds, or a date.
        clock: seconds since 1970.
    """
    with contextlib.suppress(TypeError, ValueError):
        return min(_DAY_SECONDS, max(0.0, float(text or "")))
    with contextlib.suppress(TypeError, ValueError):
        until = parsedate_to_datetime(text or "").timestamp()
        return min(_DAY_SECONDS, max(0.0, until - clock()))
    return None
