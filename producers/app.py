"""The wiring: a source, what its venue remembers first → the publisher → its topics."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from functools import partial
from pathlib import Path

import structlog

from producers import metrics
from producers.historians import historians
from producers.history.known import known_ends
from producers.history.preceded import Preceded
from producers.publishing.publisher import Publisher
from producers.publishing.spool import Spool
from producers.settings import SourceSettings
from producers.sources import open_source
from streams.exposition import served
from streams.settings import StreamSettings

log = structlog.get_logger(__name__)


async def _at_once() -> None:
    """Wait for nothing."""


async def run(  # noqa: PLR0913 - what the command line says, word for word
    settings: StreamSettings,
    name: str,
    source_settings: SourceSettings,
    *,
    data_dir: Path,
    port: int = 0,
    record: Path | None = None,
    playback: Path | None = None,
    ready: Callable[[], Awaitable[None]] = _at_once,
) -> None:
    """Publish what one source says until it has no more to say.

    Cancelled, it flushes for as long as the settings say; what finds no broker by
    then is spooled under `data_dir`, and sent first next time.

    Args:
        settings: the cluster, and the host on which metrics are served.
        name: the source's name in the configuration.
        source_settings: what it is.
        data_dir: where the spool is kept.
        port: where ``/metrics`` is served; 0 serves none.
        record: a file in which a live venue's messages are kept as they come.
        playback: such a file, to be played instead of listening to the venue.
        ready: returns once there are topics to publish to. What waits in the
            spool is shown meanwhile.

    Raises:
        ValueError: the source cannot be opened, or the spool cannot be read.
        OSError: the port is in use, or nothing can be written where the spool is kept.
    """
    source = open_source(source_settings, name, record=record, playback=playback)
    spool = Spool(data_dir / "spool" / f"{name}.jsonl")
    spool.prepare()
    if playback is None and (remember := historians(source_settings, settings)):
        known = partial(known_ends, settings.kafka, remember, spool.read())
        source = Preceded(source, remember, known)
    metrics.SPOOLED.set(len(spool.read()))
    with served(settings.metrics.host, port):
        await ready()
        log.info("listening", source=name, kind=source_settings.kind)
        async with Publisher(settings.kafka, spool, source_settings) as publisher:
            saying = aiter(source)
            try:
                async for said in saying:
                    await publisher.publish(said)
            finally:
                # Hang up now, and not when somebody collects the garbage.
                if isinstance(saying, AsyncGenerator):
                    await saying.aclose()
        log.info("the source has no more to say", source=name)
