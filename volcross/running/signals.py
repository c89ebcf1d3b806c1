"""Runs a coroutine until a signal asks it to end."""

import asyncio
import contextlib
import os
import signal
import threading
from collections.abc import Coroutine
from typing import Any

import structlog

from volcross.refusal import Refusal

log = structlog.get_logger(__name__)

GRACE_SECONDS = 8.0
"""What a clean end may take. A supervisor waits ten."""

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def run(work: Coroutine[Any, Any, None], grace: float = GRACE_SECONDS) -> None:
    """Run `work`; SIGINT, SIGTERM or SIGHUP cancels it, and that is success.

    A second signal, or `grace` seconds, end the process without more ado: a
    blocked event loop must not make it immortal. Nor must what `work` leaves
    behind: a supervisor waits for the end of the process. If `work` itself was
    over by then, that is success still.

    Args:
        work: returns or raises when it is over; on cancellation it flushes.
        grace: seconds from the first signal, or from the break-down.
    """
    over = threading.Event()
    with asyncio.Runner() as runner:
        try:
            runner.run(_until_signal(work, grace, over))
        except Refusal:
            raise
        except BaseException:
            # Faust's thread, or a client that waits for its broker, may never end.
            _end_in(grace, over)
            raise


async def _until_signal(
    work: Coroutine[Any, Any, None], grace: float, over: threading.Event
) -> None:
    task = asyncio.ensure_future(work)
    asked = False

    def stop(number: signal.Signals) -> None:
        nonlocal asked
        if asked:
            os._exit(128 + number)
        asked = True
        log.info("stopping", signal=number.name)
        _end_in(grace, over)
        task.cancel()

    loop = asyncio.get_running_loop()
    for number in _SIGNALS:
        loop.add_signal_handler(number, stop, number)
    try:
        with contextlib.suppress(asyncio.CancelledError):
            await task
        if task.cancelled() and not asked:
            raise asyncio.CancelledError
        over.set()
    finally:
        for number in _SIGNALS:
            loop.remove_signal_handler(number)


def _end_in(grace: float, over: threading.Event) -> None:
    # A thread, because what hangs may be the loop itself.
    watchdog = threading.Timer(grace, _give_up, [grace, over])
    watchdog.daemon = True
    watchdog.start()


def _give_up(grace: float, over: threading.Event) -> None:
    if over.is_set():
        log.warning("ended, leaving behind what did not let go", seconds=grace)
        os._exit(0)
    log.error("not stopped in time, ended by force", seconds=grace)
    os._exit(70)
