import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from volcross.running.supervisor import Backoff, Program, StartFailed, Supervisor

SLEEPS = (sys.executable, "-c", "import time; time.sleep(60)")
STUBBORN = (
    sys.executable,
    "-c",
    (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
        "print('deaf', flush=True); time.sleep(60)"
    ),
)
QUICK = Backoff(first=0.05, longest=0.4, healthy=5.0)


@pytest.fixture
async def supervisor() -> AsyncIterator[Supervisor]:
    supervisor = Supervisor(QUICK)
    yield supervisor
    await supervisor.stop(within=1.0)


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


async def until(claim: object, within: float = 5.0) -> None:
    assert callable(claim)
    deadline = time.monotonic() + within
    while not claim():
        assert time.monotonic() < deadline, "not within the time given"
        await asyncio.sleep(0.01)


async def test_a_process_that_is_killed_is_started_again(
    supervisor: Supervisor,
) -> None:
    await supervisor.start(Program(name="one", command=SLEEPS))
    first = supervisor.pids()["one"]
    os.kill(first, signal.SIGKILL)
    await until(lambda: supervisor.pids().get("one", first) != first)
    assert supervisor.starts() == {"one": 2}


async def test_each_death_in_a_row_makes_the_wait_longer_up_to_the_cap() -> None:
    backoff = Backoff(first=0.5, longest=30)
    assert [backoff.wait(n) for n in (1, 2, 3, 4, 5, 6, 7, 8)] == [
        *(0.5, 1, 2, 4, 8, 16, 30, 30)
    ]
    assert backoff.wait(100_000) == 30


async def test_a_process_that_always_dies_is_not_started_in_a_busy_loop(
    supervisor: Supervisor,
) -> None:
    dies = (sys.executable, "-S", "-c", "raise SystemExit(3)")
    await supervisor.start(Program(name="dies", command=dies))
    await asyncio.sleep(1.0)
    # 0.05 + 0.1 + 0.2 + 0.4 + 0.4 …: at most five or six in a second.
    assert 3 <= supervisor.starts()["dies"] <= 6


async def test_a_finite_process_that_has_done_its_work_is_left_alone(
    supervisor: Supervisor,
) -> None:
    works = (sys.executable, "-S", "-c", "")
    await supervisor.start(Program(name="works", command=works, finite=True))
    assert await asyncio.wait_for(supervisor.done("works"), 5) == 0
    await asyncio.sleep(0.3)
    assert supervisor.starts() == {"works": 1}


async def test_a_finite_process_that_fails_is_started_again(
    supervisor: Supervisor,
) -> None:
    fails = (sys.executable, "-S", "-c", "raise SystemExit(1)")
    await supervisor.start(Program(name="fails", command=fails, finite=True))
    await until(lambda: supervisor.starts()["fails"] >= 2)


async def test_a_process_that_nobody_waits_for_is_killed_in_the_end(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    await supervisor.start(Program(name="deaf", command=STUBBORN, log=log))
    await until(log.read_text)
    pid = supervisor.pids()["deaf"]
    began = time.monotonic()
    await supervisor.stop(within=1.0)
    assert time.monotonic() - began < 2
    assert gone(pid)


async def test_stages_end_in_the_order_in_which_data_flows(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    program = (
        "import pathlib, signal, sys, time\n"
        "def end(*_):\n"
        "    pathlib.Path(sys.argv[1]).write_text(str(time.monotonic_ns()))\n"
        "    sys.exit()\n"
        "signal.signal(signal.SIGTERM, end); print('ready', flush=True)\n"
        "time.sleep(60)"
    )
    for stage, name in ((2, "alert"), (0, "produce"), (3, "broker"), (1, "stream")):
        log = tmp_path / f"{name}.log"
        await supervisor.start(
            Program(
                name=name,
                command=(sys.executable, "-c", program, str(tmp_path / name)),
                stage=stage,
                log=log,
            )
        )
        await until(log.read_text)
    await supervisor.stop()
    ended = {
        name: int((tmp_path / name).read_text())
        for name in ("produce", "stream", "alert", "broker")
    }
    assert sorted(ended, key=lambda name: ended[name]) == list(ended)


async def test_one_stage_that_hangs_leaves_the_later_ones_their_time(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    await supervisor.start(Program(name="deaf", command=STUBBORN, log=log, stage=0))
    saves = (
        sys.executable,
        "-c",
        (
            "import pathlib, signal, sys, time\n"
            "def end(*_):\n"
            f"    time.sleep(0.7); pathlib.Path({str(tmp_path / 'saved')!r}).touch()\n"
            "    sys.exit()\n"
            "signal.signal(signal.SIGTERM, end); print('ready', flush=True)\n"
            "time.sleep(60)"
        ),
    )
    saving = tmp_path / "saving"
    await supervisor.start(
        Program(name="broker", command=saves, log=saving, stage=3, stop_seconds=1.5)
    )
    await until(lambda: log.read_text() and saving.read_text())
    await supervisor.stop(within=2.5)
    assert (tmp_path / "saved").exists()


async def test_what_never_becomes_ready_is_refused_and_ended(
    supervisor: Supervisor,
) -> None:
    with pytest.raises(StartFailed, match="not ready"):
        await supervisor.start(
            Program(name="mute", command=SLEEPS), ready=lambda: False, within=0.2
        )
    assert supervisor.pids() == {}


async def test_what_ends_before_it_is_ready_is_refused(
    supervisor: Supervisor,
) -> None:
    ends = (sys.executable, "-S", "-c", "raise SystemExit(1)")
    with pytest.raises(StartFailed, match="ended at once"):
        await supervisor.start(
            Program(name="ends", command=ends), ready=lambda: False, within=5
        )
    assert supervisor.starts() == {}
