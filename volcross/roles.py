"""One room as a process: its settings, its log, its entry point."""

import contextlib
import errno
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from volcross.config import Settings, located
from volcross.logs import configure
from volcross.refusal import Refusal
from volcross.running.provisioning import provisioned


async def produce(
    settings: Settings,
    source: str,
    *,
    record: Path | None = None,
    playback: Path | None = None,
) -> None:
    """Run the feed named `source` until it has no more to say.

    Args:
        settings: the whole configuration.
        source: a name under ``[sources]``.
        record: a file in which a live venue's messages are kept as they come.
        playback: such a file, to be played instead of listening to the venue.

    Raises:
        Refusal: no such source is configured, or it cannot be opened.
    """
    if source not in settings.sources:
        known = ", ".join(settings.sources) or "none"
        raise Refusal(f"no source {source!r} in the configuration; it has: {known}")
    configure(f"produce {source}")
    settings = settings.reached()
    from producers.app import run

    # One port each, in the order of the file; 0 stays off.
    first = settings.metrics.produce
    port = first + list(settings.sources).index(source) if first else 0
    with _in_one_line(port, ValueError):
        await run(
            settings,
            source,
            settings.sources[source],
            data_dir=settings.data_dir,
            port=port,
            record=record,
            playback=playback,
            ready=partial(provisioned, settings.kafka),
        )


async def stream(settings: Settings, instance: str | None = None) -> None:
    """Run the streams room.

    Raises:
        Refusal: its metrics port is in use, or an agent cannot go on.
    """
    configure("stream")
    settings = settings.reached()
    await provisioned(settings.kafka)
    from streams.agents.worker import AgentFailedError
    from streams.app import run

    with _in_one_line(settings.metrics.stream, AgentFailedError):
        await run(settings, instance=instance)


async def alert(
    settings: Settings, instance: str | None = None, config: Path | None = None
) -> None:
    """Run the alerts room, by the rules that its file has at the time.

    Args:
        settings: the whole configuration.
        instance: this process' lasting name.
        config: the file that was asked for, if one was.

    Raises:
        Refusal: its metrics port is in use, or its judge cannot go on.
    """
    configure("alert")
    from alerts.app import run
    from streams.agents.worker import AgentFailedError
    from volcross.running.rereading import Rereading

    file = located(config)
    reread = None if file is None else Rereading(file, settings)
    settings = settings.reached()
    await provisioned(settings.kafka)

    with _in_one_line(settings.metrics.alert, AgentFailedError):
        await run(settings, settings, instance=instance, reread=reread)


async def page(settings: Settings) -> None:
    """Serve the live page.

    Raises:
        Refusal: its port is in use.
    """
    configure("page")
    settings = settings.reached()
    await provisioned(settings.kafka)
    from volcross.page.server import serve

    await serve(settings)


@contextlib.contextmanager
def _in_one_line(port: int, expected: type[Exception] | None = None) -> Iterator[None]:
    """Turn what is expected to go wrong into a line; a bug keeps its traceback.

    Args:
        port: where metrics are served: which one is in use, nobody else says.
        expected: an error whose message says it all.
    """
    try:
        yield
    except Exception as error:
        for cause in _leaves(error):
            if isinstance(cause, OSError) and cause.errno == errno.EADDRINUSE:
                raise Refusal(f"the metrics port {port} is already in use") from error
            if expected is not None and isinstance(cause, expected):
                raise Refusal(str(cause)) from error
        raise


def _leaves(error: BaseException) -> Iterator[BaseException]:
    """Yield what a task group may have wrapped."""
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield from _leaves(inner)
    else:
        yield error
