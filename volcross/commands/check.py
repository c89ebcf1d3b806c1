"""Is everything there that the service needs? A line each, with the reason.

Nothing is posted, mailed or created on the way.
"""

import asyncio
import logging
import os
from collections.abc import AsyncIterator

import structlog
from rich.console import Console
from rich.text import Text

from volcross.commands.check_channels import REACH_SECONDS, channel_findings
from volcross.commands.check_sources import source_findings
from volcross.commands.finding import Finding
from volcross.config import Settings
from volcross.refusal import Refusal
from volcross.running.broker import BrokerError, binary
from volcross.running.provisioning import existing, mismatches, refusal, wanted


def check(settings: Settings, *, feeds: bool = False) -> bool:
    """Look at everything, print a line each, and say whether all will do.

    Args:
        settings: the whole configuration.
        feeds: whether to listen to every feed, too.
    """
    # What the feeds log of their first attempts is told below, once.
    quiet = structlog.make_filtering_bound_logger(logging.CRITICAL)
    structlog.configure(wrapper_class=quiet)
    console = Console(highlight=False)
    good = True

    async def look() -> None:
        nonlocal good
        async for finding in findings(settings, feeds=feeds):
            good &= finding.good
            mark = ("✓ ", "green") if finding.good else ("✗ ", "bold red")
            console.print(
                Text.assemble(mark, f"{finding.what:<14}", finding.said),
                soft_wrap=True,
            )

    asyncio.run(look())
    return good


async def findings(
    settings: Settings, *, feeds: bool = False
) -> AsyncIterator[Finding]:
    """Yield what was found, as it is found."""
    yield Finding(
        "configuration",
        good=True,
        said=", ".join(
            f"{many} {noun}{'' if many == 1 else 's'}"
            for noun, many in (
                ("symbol", len(settings.symbols)),
                ("pair", len(settings.pairs)),
                ("source", len(settings.sources)),
                ("rule", len(settings.rules)),
            )
        ),
    )
    async for finding in source_findings(settings.sources, listen=feeds):
        yield finding
    yield await _broker(settings)
    async for finding in channel_findings(settings.channels):
        yield finding


async def _broker(settings: Settings) -> Finding:
    kafka = settings.reached().kafka
    if settings.embedded and refusal(kafka, 1.0) is not None:
        return await asyncio.to_thread(_startable, settings)

    def look() -> str:
        exist = existing(kafka, REACH_SECONDS)
        if wrong := mismatches(exist, kafka):
            raise Refusal("; ".join(wrong))
        absent = len(wanted(kafka).keys() - exist.keys())
        topics = (
            f"{absent} topics are missing, a first start makes them"
            if absent
            else "its topics exist"
        )
        return f"{kafka.bootstrap_servers} answers; {topics}"

    try:
        return Finding("broker", good=True, said=await asyncio.to_thread(look))
    except Refusal as error:
        return Finding("broker", good=False, said=error.lines[0])


def _startable(settings: Settings) -> Finding:
    """The embedded broker does not run: would it?"""
    folder = settings.data_dir
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    if not os.access(folder, os.W_OK):
        return Finding("broker", good=False, said=f"{folder} cannot be written")
    try:
        binary()
    except BrokerError as error:
        return Finding("broker", good=False, said=error.lines[0])
    return Finding(
        "broker",
        good=True,
        said=f"embedded; `volcross up` starts it on port {settings.broker.port}",
    )
