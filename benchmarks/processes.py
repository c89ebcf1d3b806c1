"""The processes that are measured: what they used, and their end."""

import os
import subprocess
from collections.abc import Iterable
from pathlib import Path

PATIENCE_SECONDS = 20.0


def cpu_seconds(pid: int) -> float:
    """Return the CPU time a process has used, in user and kernel mode."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def end(processes: Iterable[subprocess.Popen[bytes]]) -> None:
    """Ask each to stop, and kill what does not."""
    told = list(processes)
    for process in told:
        process.terminate()
    for process in told:
        try:
            process.wait(PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
