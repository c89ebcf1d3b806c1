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
    "how",
    [
        'raise RuntimeError("broken")',
        # Out of the loop itself, past every task: as a lack of memory may.
        "asyncio.get_running_loop().call_soon(exit, 3); await asyncio.sleep(60)",
        "import os; os.kill(os.getpid(), 15); await asyncio.sleep(60)",
    ],
)
def test_what_breaks_down_ends_though_not_all_of_it_lets_go(how: str) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", SCRIPT.replace("{how}", how)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 70
    assert "ended by force" in ran.stdout + ran.stderr
