"""One alert to one destination: try, wait, try again, or give up for a reason.

Whether a failure passes by itself or never will is the only thing that
matters about it, and the channel that met it decides: `DeliveryError`.
"""

import asyncio
import os
import random
import socket
from collections.abc import Iterable
from typing import NamedTuple, Protocol, runtime_checkable

import structlog

from alerts import metrics
from alerts.telling.letter import Letter
from alerts.telling.settings import Retry
from streams.events import Alert, Outcome

_log = structlog.get_logger()


class DeliveryError(Exception):
    """A destination did not take an alert.

    Attributes:
        reason: what it answered, in one line, without any secret.
        permanent: whether trying again cannot help.
        retry_after: how long the destination asks us to wait (seconds).
    """

    def __init__(
        self, reason: str, *, permanent: bool, retry_after: float | None = None
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.permanent = permanent
        self.retry_after = retry_after


def fault(error: BaseException) -> str:
    """Return what the system calls what went wrong, without any address.

    >>> fault(ConnectionRefusedError(111, "Connect call failed ('10.0.0.1', 25)"))
    'Connection refused'
    """
    root = error
    while (cause := getattr(root, "os_error", None) or root.__cause__) is not None:
        root = cause
    if isinstance(root, socket.gaierror):
        return str(root.strerror)
    if isinstance(root, OSError) and root.errno:
        return os.strerror(root.errno)
    return type(root).__name__


class Channel(Protocol):
    """A destination.

    Attributes:
        name: as in the configuration.
        bundles: whether several alerts may come as one message; where a
            machine listens they had better not.
        per_minute: how many messages it takes.
    """

    name: str
    bundles: bool
    per_minute: float

    async def send(self, letter: Letter) -> str:
        """Hand a letter over; returning means that it was taken.

        Returns:
            What the destination calls it; empty where it does not say.

        Raises:
            DeliveryError: it was not taken.
        """

    async def close(self) -> None:
        """Let go of connections."""


@runtime_checkable
class Remembering(Protocol):
    """A channel that must know what it was told before, also by others than us."""

    def resume(self, told: Iterable[tuple[Alert, str]]) -> None:
        """Learn what was taken, oldest first, with its receipts; forget all else."""


class Result(NamedTuple):
    """How a delivery ended."""

    outcome: Outcome
    attempts: int
    reason: str = ""
    receipt: str = ""


class Interrupted(Exception):  # noqa: N818 - we are asked to stop: no fault
    """The wait for the next attempt was cut short; the alert is still due."""


def wait_before(attempt: int, retry: Retry, asked: float | None) -> float:
    """Return how long to wait after a failed attempt (seconds).

    Doubling from `retry.first` to `retry.longest`, of which the upper half is
    left to chance, lest all that failed together come back together; never
    less than what the destination `asked` for.
    """
    ceiling = min(
        retry.longest.total_seconds(),
        retry.first.total_seconds() * 2.0 ** min(attempt - 1, 60),
    )
    jittered = ceiling * random.uniform(0.5, 1.0)  # noqa: S311 - no secret hangs on it
    return max(jittered, asked or 0.0)


async def deliver(
    channel: Channel, letter: Letter, retry: Retry, stop: asyncio.Event
) -> Result:
    """Send until it is taken, refused for good, or not worth more patience.

    Args:
        channel: where to.
        letter: what.
        retry: how patiently.
        stop: cuts a wait between attempts short; never an attempt.

    Raises:
        Interrupted: `stop` was set while it had not been taken.
    """
    clock = asyncio.get_running_loop().time
    began, attempts = clock(), 0
    retrying = metrics.RETRYING.labels(channel.name)
    while True:
        attempts += 1
        try:
            with metrics.attempt(channel.name):
                receipt = await channel.send(letter)
        except DeliveryError as error:
            patience = retry.give_up_after.total_seconds() - (clock() - began)
            wait = wait_before(attempts, retry, error.retry_after)
            if error.permanent or wait > patience:
                retrying.set(0)
                given_up = f"given up after {attempts} attempts: "
                reason = ("" if error.permanent else given_up) + error.reason
                return Result(Outcome.FAILED, attempts, reason)
            retrying.set(1)
            _log.warning(
                "delivery failed, will try again",
                channel=channel.name,
                alert=letter.first.id,
                state=letter.first.state.value,
                attempt=attempts,
                wait_seconds=round(wait, 1),
                reason=error.reason,
            )
            await _pause(wait, stop)
        else:
            retrying.set(0)
            return Result(Outcome.DELIVERED, attempts, receipt=receipt)


async def _pause(seconds: float, stop: asyncio.Event) -> None:
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        return
    raise Interrupted
