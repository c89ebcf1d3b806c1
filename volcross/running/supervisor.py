"""Runs processes: starts them, starts them again, and ends them in order."""

import asyncio
import contextlib
import os
import signal
import time
from asyncio.subprocess import DEVNULL, Process
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import structlog

from volcross.refusal import Refusal
from volcross.running.lifeline import tie

log = structlog.get_logger(__name__)


class StartFailed(Refusal):
    """A process that everything else needs did not come up."""


@dataclass(frozen=True, slots=True)
class Backoff:
    """How long to wait before a process that died is started again.

    Doubles with each death, up to `longest`; a process that lived for
    `healthy` seconds has earned a fresh start.
    """

    first: float = 0.5
    longest: float = 30.0
    healthy: float = 60.0

    def wait(self, deaths: int) -> float:
        """Return the seconds to wait after so many deaths in a row, from 1."""
        return float(min(self.longest, self.first * 2 ** min(deaths - 1, 32)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A process to be kept running.

    Attributes:
        name: as people know it: ``stream``, ``produce deribit``.
        command: what to run.
        stage: programs of a lower stage end before those of a higher one, so
            that what flows still finds its way: producers 0, streams 1,
            alerts 2, broker 3.
        stop_seconds: what it needs to end cleanly.
        finite: whether exit code 0 means that its work is done.
        environment: variables besides ours.
        log: file that takes its output; None: it shares ours.
    """

    name: str
    command: tuple[str, ...]
    stage: int = 0
    stop_seconds: float = 2.0
    finite: bool = False
    environment: Mapping[str, str] = field(default_factory=dict)
    log: Path | None = None

    def among(self, environment: Mapping[str, str], logs: Path) -> "Program":
        """Return the same, told more variables, and logging into a folder."""
        return replace(
            self,
            environment={**self.environment, **environment},
            log=logs / f"{self.name.replace(' ', '-')}.log",
        )


@dataclass(slots=True)
class _Running:
    """One program and the process that runs it now."""

    program: Program
    process: Process
    keeper: asyncio.Task[None] | None = None
    starts: int = 1
    exit_code: int | None = None


class Supervisor:
    """Keeps programs running until it is told to stop.

    Start it from the main thread: children end with the thread that started
    them (see `volcross.running.lifeline`).
    """

    def __init__(
        self,
        backoff: Backoff = Backoff(),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._backoff = backoff
        self._clock = clock
        self._running: dict[str, _Running] = {}

    async def start(
        self,
        program: Program,
        ready: Callable[[], bool] | None = None,
        within: float = 15.0,
    ) -> None:
        """Start a program and keep it running.

        Args:
            program: what to run.
            ready: says whether it serves; without it, running is enough.
            within: seconds it may take to become ready the first time.

        Raises:
            StartFailed: it ended or was not ready in time; it is not kept.
        """
        running = _Running(program, await _spawn(program))
        self._running[program.name] = running
        deadline = self._clock() + within
        while ready is not None and not await asyncio.to_thread(ready):
            if running.process.returncode is not None:
                del self._running[program.name]
                raise StartFailed(f"{program.name} ended at once")
            if self._clock() > deadline:
                await self._end([running], 1.0)
                del self._running[program.name]
                raise StartFailed(f"{program.name} is not ready after {within:g} s")
            await asyncio.sleep(0.02)
        running.keeper = asyncio.create_task(self._keep(running), name=program.name)

    def pids(self) -> dict[str, int]:
        """Return the process ids of the programs that run now."""
        return {
            name: running.process.pid
            for name, running in self._running.items()
            if running.process.returncode is None
        }

    def starts(self) -> dict[str, int]:
        """Return how often each program was started."""
        return {name: running.starts for name, running in self._running.items()}

    async def done(self, name: str) -> int:
        """Wait until a finite program's work is done; return its exit code."""
        running = self._running[name]
        if running.keeper is not None:
            await asyncio.shield(running.keeper)
        return running.exit_code or 0

    async def stop(self, within: float = 9.0) -> None:
        """End everything, lowest stage first; by force what does not obey.

        Args:
            within: seconds for all of it. Each stage may use what the later
                ones do not need.
        """
        keepers = [each.keeper for each in self._running.values() if each.keeper]
        for keeper in keepers:
            keeper.cancel()
        await asyncio.gather(*keepers, return_exceptions=True)
        deadline = self._clock() + within
        stages = sorted({each.program.stage for each in self._running.values()})
        needs = {
            stage: max(
                each.program.stop_seconds
                for each in self._running.values()
                if each.program.stage == stage
            )
            for stage in stages
        }
        for stage in stages:
            later = sum(needs[other] for other in stages if other > stage)
            left = deadline - self._clock()
            share = max(min(left, 0.5), left - later)
            await self._end(
                [e for e in self._running.values() if e.program.stage == stage], share
            )

    async def _keep(self, running: _Running) -> None:
        """Wait for the process to end; start it again, each time a bit later."""
        program, deaths = running.program, 0
        while True:
            born = self._clock()
            code = running.exit_code = await running.process.wait()
            if program.finite and code == 0:
                log.info("process is done", process=program.name)
                return
            lived = self._clock() - born
            deaths = 1 if lived >= self._backoff.healthy else deaths + 1
            wait = self._backoff.wait(deaths)
            log.error(
                "process died",
                process=program.name,
                ended=_ended(code),
                lived_seconds=round(lived, 1),
                restart_in_seconds=wait,
            )
            await asyncio.sleep(wait)
            running.process = await _spawn(program)
            running.starts += 1

    async def _end(self, group: list[_Running], within: float) -> None:
        alive = [each.process for each in group if each.process.returncode is None]
        for process in alive:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
        if not alive:
            return
        waits = [asyncio.ensure_future(process.wait()) for process in alive]
        await asyncio.wait(waits, timeout=within)
        for each in group:
            process = each.process
            if process.returncode is None:
                log.error("process does not end, killed", process=each.program.name)
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
        await asyncio.wait(waits)


async def _spawn(program: Program) -> Process:
    with contextlib.ExitStack() as files:
        output = files.enter_context(program.log.open("ab")) if program.log else None
        process = await asyncio.create_subprocess_exec(
            *program.command,
            stdin=DEVNULL,
            stdout=output,
            stderr=output,
            env={**os.environ, **program.environment},
            preexec_fn=tie(os.getpid()),
        )
    log.info("process started", process=program.name, pid=process.pid)
    return process


def _ended(code: int) -> str:
    """Say how: with which exit code, or by which signal."""
    return f"exit code {code}" if code >= 0 else signal.Signals(-code).name
