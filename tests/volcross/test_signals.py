"""A process that is over must end, whatever it leaves behind."""

import subprocess
import sys

import pytest

from tests.brokers import ROOT

SCRIPT = """
import asyncio, threading
from volcross.running.signals import run

async def stubborn():
    while True:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            pass

async def work():
    left = asyncio.ensure_future(stubborn())
    threading.Thread(target=threading.Event().wait).start()
    await asyncio.sleep(0)
    {how}

run(work(), grace=0.2)
"""


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    ("how", "code", "said"),
    [
        ('raise RuntimeError("broken")', 70, "ended by force"),
        # Out of the loop itself, past every task: as a lack of memory may.
        (
            "asyncio.get_running_loop().call_soon(exit, 3); await asyncio.sleep(60)",
            70,
            "ended by force",
        ),
        # Asked to, and with its own work done.
        (
            "import os; os.kill(os.getpid(), 15); await asyncio.sleep(60)",
            0,
            "did not let go",
        ),
        # Asked to, and still at it.
        ("import os; os.kill(os.getpid(), 15); await left", 70, "ended by force"),
    ],
)
def test_it_ends_though_not_all_of_it_lets_go(how: str, code: int, said: str) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", SCRIPT.replace("{how}", how)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == code
    assert said in ran.stdout + ran.stderr
