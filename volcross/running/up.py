"""The always-on service on one machine: every room a process, kept running."""

import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import structlog

from producers.choosing.rivals import rivals
from volcross.config import Settings
from volcross.refusal import Refusal
from volcross.running import disk
from volcross.running.broker import SHORTCOMINGS, THRIFT, BrokerError, EmbeddedBroker
from volcross.running.provisioning import provisioned
from volcross.running.supervisor import Program, StartFailed, Supervisor

log = structlog.get_logger(__name__)

BROKER_STAGE = 3

BROKER_SECONDS = 60.0
"""How long it may take to read what it wrote: some 30 MB a second."""


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
    if taken := [what for what, host, port in ports(settings) if not free(host, port)]:
        raise Refusal(*taken)
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
        await disk.watch(settings.data_dir)
    finally:
        await supervisor.stop()
        log.info("down")


def ports(settings: Settings) -> Iterator[tuple[str, str, int]]:
    """Yield every port our processes will want: what to say, host, number.

    A process that finds its port taken dies, and is started again for ever: a
    person should hear of it before.
    """
    metrics, page = settings.metrics, settings.page
    wanted = [("stream", metrics.stream), ("alert", metrics.alert)]
    if metrics.produce:
        wanted += [
            (name, metrics.produce + place)
            for place, name in enumerate(settings.sources)
        ]
    for name, port in wanted:
        said = f"port {port} on {metrics.host}, for the metrics of {name},"
        yield f"{said} is already in use", metrics.host, port
    said = f"port {page.port} on {page.host}, for the live page, is already in use"
    yield f"{said}; set page.port to another, or to 0", page.host, page.port


def free(host: str, port: int) -> bool:
    """Say whether nobody listens on a port; 0 always is."""
    with socket.socket() as probe:
        # As servers do, or the last run's closed connections would count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


async def start_broker(supervisor: Supervisor, broker: EmbeddedBroker) -> None:
    """Start the embedded broker and wait until it answers.

    Raises:
        BrokerError: its port or its data folder is in use, or it cannot start.
    """
    if not free(broker.host, broker.port):
        raise BrokerError(broker.in_use())
    program = Program(
        name="broker",
        command=tuple(broker.command()),
        stage=BROKER_STAGE,
        stop_seconds=3.0,
        environment=THRIFT,
        log=broker.log,
    )
    try:
        await supervisor.start(program, ready=broker.ready, within=BROKER_SECONDS)
    except StartFailed:
        raise BrokerError(broker.why()) from None
    log.warning(SHORTCOMINGS)
