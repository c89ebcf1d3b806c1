"""What ties a child process to its parent: no orphan survives us.

Linux only. Elsewhere `tie` does nothing, and a supervisor that is SIGKILLed
leaves its children behind.
"""

import ctypes
import os
import signal
import sys
from collections.abc import Callable

_PR_SET_PDEATHSIG = 1


def tie(parent: int) -> Callable[[], None] | None:
    """Return what a child must run before exec so that it ends with `parent`.

    The kernel sends the child SIGTERM when the *thread* that started it ends:
    start children from a thread that lives as long as they may, the main one.

    Args:
        parent: process id of the one about to fork.
    """
    if not sys.platform.startswith("linux"):
        return None
    # Loaded here, before the fork: between fork and exec almost nothing is safe.
    libc = ctypes.CDLL(None, use_errno=True)

    def before_exec() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        # A shell's Ctrl-C reaches the whole process group at once; the parent
        # wants to end its children in an order of its own.
        os.setsid()
        # The parent may have died before prctl: then no signal will ever come.
        if os.getppid() != parent:
            os.kill(os.getpid(), signal.SIGTERM)

    return before_exec
