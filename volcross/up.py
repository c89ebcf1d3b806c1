"""The always-on service on one machine: every room a process, kept running."""

import asyncio
import socket
import sys
from pathlib import Path

import structlog

from producers.settings import rivals
from volcross.broker import SHORTCOMINGS, BrokerError, EmbeddedBroker
from volcross.config import Settings
from volcross.provisioning import provisioned
from volcross.refusal import Refusal
from volcross.supervisor import Program, StartFailed, Supervisor

log = structlog.get_logger(__name__)

BROKER_STAGE = 3


def programs(settings: Settings, config: Path | None) -> list[Program]:
    """Return the processes of the service, in the order in which data flows.

    Args:
        settings: with the broker's address filled in.
        config: the file they are to read, None for the one they find.
    """
    volcross = (
        *(sys.executable, "-m", "volcross"),
        *(("--config", str(config.absolute())) if config else ()),
    )
    environment = {
        "VOLCROSS_KAFKA__BOOTSTRAP_SERVERS": settings.kafka.bootstrap_servers or ""
    }
    return [
        *(
            Program(
                name=f"produce {name}",
                command=(*volcross, "produce", name),
                stage=0,
                stop_seconds=1.5,
                finite=True,
                environment=environment,
            )
            for name in settings.sources
        ),
        Program(
            name="stream",
            command=(*volcross, "stream", "--instance", "up"),
            stage=1,
            stop_seconds=2.0,
            environment=environment,
        ),
        Program(
            name="alert",
            command=(*volcross, "alert", "--instance", "up"),
            stage=2,
            stop_seconds=1.5,
            environment=environment,
        ),
        *(
            [
                Program(
                    name="page",
                    command=(*volcross, "page"),
                    # It only looks on: it may go first.
                    stage=0,
                    stop_seconds=1.5,
                    environment=environment,
                )
            ]
            if settings.page.port
            else []
        ),
    ]


async def up(settings: Settings, config: Path | None) -> None:
    """Run the service until cancelled; then end all of it within 10 seconds.

    Raises:
        Refusal: the broker's port is in use, existing topics do not fit, or two
            sources speak of the same.
    """
    if not settings.sources:
        raise Refusal("nothing to monitor: the configuration has no [sources]")
    if (told := rivals(settings.sources)) is not None:
        raise Refusal(f"sources: {told}")
    supervisor = Supervisor()
    try:
        if settings.embedded:
            await start_broker(
                supervisor,
                EmbeddedBroker(
                    settings.data_dir / "broker",
                    settings.broker.port,
                    settings.broker.host,
                ),
            )
        capped = settings.embedded
        settings = settings.reached()
        await provisioned(settings.kafka, capped=capped)
        for program in reversed(programs(settings, config)):
            await supervisor.start(program)
        log.info(
            "up",
            broker=settings.kafka.bootstrap_servers,
            pairs=[pair.name for pair in settings.pairs],
            sources=list(settings.sources),
        )
        await asyncio.Event().wait()
    finally:
        await supervisor.stop()
        log.info("down")


async def start_broker(supervisor: Supervisor, broker: EmbeddedBroker) -> None:
    """Start the embedded broker and wait until it answers.

    Raises:
        BrokerError: its port or its data folder is in use, or it cannot start.
    """
    if broker.port:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((broker.host, broker.port))
            except OSError:
                raise BrokerError(broker.in_use()) from None
    program = Program(
        name="broker",
        command=tuple(broker.command()),
        stage=BROKER_STAGE,
        stop_seconds=3.0,
        log=broker.log,
    )
    try:
        await supervisor.start(program, ready=broker.ready)
    except StartFailed:
        raise BrokerError(broker.why()) from None
    log.warning(SHORTCOMINGS)
