"""The founding story, told by the real pipeline: broker, feeds, streams, alerts.

Nothing is played back: every number shown was worked out on the way, and every
count is of records read back from the topics.
"""

import asyncio
import json
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import structlog

from producers.recorded import story
from streams.topics import (
    ALERTS,
    DELIVERIES,
    PRICE_TICKS,
    READINGS,
    REJECTED,
    SPREADS,
    VOL_TICKS,
    checkpoints,
)
from volcross.config import Settings, load
from volcross.demo import show
from volcross.demo.config import write_config
from volcross.demo.outcome import result, write_series
from volcross.demo.receivers import Receivers
from volcross.demo.show import CHANNELS, PAIR, Stage
from volcross.logs import configure
from volcross.refusal import Refusal
from volcross.running.broker import EmbeddedBroker, free_port
from volcross.running.provisioning import provisioned
from volcross.running.readiness import absent
from volcross.running.signals import run
from volcross.running.supervisor import Supervisor
from volcross.running.up import programs, start_broker
from volcross.watching.board import Board
from volcross.watching.observer import Observer

log = structlog.get_logger(__name__)

PATIENCE_SECONDS = 60.0
"""What starting and settling may take beside the story itself."""

MOST_STARTS = 4
"""A process that needs more is not going to make it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the command was told.

    Attributes:
        data: folder with the hourly BTC series, None for daily closes.
        seconds: how long the story takes.
        out: where the messages received go.
        as_json: only the result, on standard output.
        picture: an SVG file to draw the last frame into.
    """

    data: Path | None
    seconds: float
    out: Path
    as_json: bool
    picture: Path | None = None


def demo(options: Options) -> None:
    """Run the demo and say how it went.

    Raises:
        Refusal: something did not come up, or the story did not end in time.
    """
    if options.data is not None and not (options.data / story.HOURLY_FILE).is_file():
        raise Refusal(f"{options.data} has no {story.HOURLY_FILE}")
    _clear(options.out)
    with (options.out / "logs" / "demo.log").open("w") as logged:
        configure("demo", logged)
        board = Board()
        stage = show.stage(board, plain=options.as_json)
        run(_perform(options, board, stage))
    if stage.scene.phase != "done":
        raise SystemExit(130)
    write_series(board, options.out / "spreads.csv")
    if options.as_json:
        sys.stdout.write(json.dumps(result(board)) + "\n")
    else:
        show.summary(board, stage, options.out)
    if options.picture is not None:
        show.draw(stage, options.picture)


async def _perform(options: Options, board: Board, stage: Stage) -> None:
    receivers = Receivers(options.out)
    supervisor = Supervisor()
    with tempfile.TemporaryDirectory(prefix="volcross-demo-") as folder, stage.live:
        try:
            await receivers.start()
            config = write_config(
                Path(folder),
                data=options.data,
                seconds=options.seconds,
                smtp_port=receivers.smtp_port,
                page_port=0 if options.as_json else free_port(),
            )
            broker = EmbeddedBroker(Path(folder) / "broker")
            stage.say("starting the broker")
            await start_broker(supervisor, broker)
            environment = {
                "VOLCROSS_KAFKA__BOOTSTRAP_SERVERS": broker.bootstrap_servers,
                "VOLCROSS_CHANNELS__SLACK__WEBHOOK_URL": receivers.slack_url,
            }
            settings = load(config, environment)
            await provisioned(settings.kafka)
            stage.say("starting streams and alerts")
            produce, *rooms = [
                program.among(environment, options.out / "logs")
                for program in programs(settings, config)
            ]
            for room in rooms:
                await supervisor.start(room)
            stage.know(await asyncio.to_thread(_markets, settings))
            # The story is paced by the clock: nobody should still be sitting down.
            while await asyncio.to_thread(absent, settings.kafka):
                _refuse_deaths(supervisor, options)
                stage.show()
                await asyncio.sleep(0.25)
            stage.say("prices of June and July")
            await supervisor.start(produce)
            await _watch(options, settings, board, stage, supervisor)
        finally:
            await supervisor.stop()
            await receivers.stop()


async def _watch(
    options: Options,
    settings: Settings,
    board: Board,
    stage: Stage,
    supervisor: Supervisor,
) -> None:
    """Read the topics until the story is told, judged and delivered.

    Raises:
        Refusal: that takes too long; says what is missing.
    """
    followed = (
        *(PRICE_TICKS, VOL_TICKS, READINGS, SPREADS, ALERTS, DELIVERIES, REJECTED),
        checkpoints("judge"),
    )
    deadline = time.monotonic() + options.seconds + PATIENCE_SECONDS
    replaying = False
    async with Observer(settings.kafka, followed) as observer:
        while True:
            for _, _, event in await observer.read(0.1):
                board.apply(event)
            line = board.spreads.get((PAIR, "implied"))
            if line is not None and not replaying:
                replaying = True
                stage.say(f"summer 2024{_address(settings)}")
            stage.show()
            missing = await _missing(board, observer)
            if missing is None:
                break
            _refuse_deaths(supervisor, options)
            if time.monotonic() > deadline:
                raise Refusal(
                    f"the story was not over in time: {missing}; restarts"
                    f" {supervisor.starts()}; see {options.out / 'logs'}"
                )
    stage.say("done")


def _markets(settings: Settings) -> Callable[[str, int], bool]:
    """Return what says whether a symbol's market is open at an instant (ns UTC)."""
    # Slow to load (two seconds): in a thread, while the rooms start.
    from streams.volatility.market_time import market_clock

    clocks = {name: market_clock(s.clock) for name, s in settings.symbols.items()}
    return lambda symbol, at: clocks[symbol].is_open(at)


def _address(settings: Settings) -> str:
    page = settings.page
    return f" · http://{page.host}:{page.port}" if page.port else ""


def _refuse_deaths(supervisor: Supervisor, options: Options) -> None:
    for name, starts in supervisor.starts().items():
        if starts > MOST_STARTS:
            raise Refusal(f"{name} dies again and again; see {options.out / 'logs'}")


async def _missing(board: Board, observer: Observer) -> str | None:
    """Return what is still to come, None when all is told and delivered."""
    line = board.spreads.get((PAIR, "implied"))
    if line is None or line.end < story.END:
        return "the spread has not reached the end of the story"
    for partition, end in (await observer.ends(SPREADS)).items():
        if board.applied.get(("judge", partition), -1) < end - 1:
            return "not every spread was judged"
    for alert in board.alerts:
        for channel in CHANNELS:
            if (channel, alert.id, alert.state) not in board.deliveries:
                return f"{channel} has not answered for {alert.id} {alert.state}"
    return "records not yet read" if await observer.behind() else None


def _clear(out: Path) -> None:
    """Make the folders of this run, and remove what the last one left in them."""
    for name in ("slack", "mail", "logs"):
        if (out / name).is_dir():
            shutil.rmtree(out / name)
        (out / name).mkdir(parents=True)
