"""One room as a process: its settings, its log, its entry point."""

from volcross.config import Settings
from volcross.logs import configure
from volcross.provisioning import provisioned
from volcross.refusal import Refusal


async def produce(settings: Settings, source: str) -> None:
    """Run the feed named `source` until it has no more to say.

    Raises:
        Refusal: no such source is configured.
    """
    if source not in settings.sources:
        known = ", ".join(settings.sources) or "none"
        raise Refusal(f"no source {source!r} in the configuration; it has: {known}")
    configure(f"produce {source}")
    settings = settings.reached()
    await provisioned(settings.kafka)
    from producers.app import run

    await run(settings, source, settings.sources[source], data_dir=settings.data_dir)


async def stream(settings: Settings) -> None:
    """Run the streams room."""
    configure("stream")
    settings = settings.reached()
    await provisioned(settings.kafka)
    from streams.app import run

    await run(settings)


async def alert(settings: Settings) -> None:
    """Run the alerts room."""
    configure("alert")
    settings = settings.reached()
    await provisioned(settings.kafka)
    from alerts.app import run

    await run(settings, settings)
