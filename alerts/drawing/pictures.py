"""The pictures of alerts: each drawn once, in a thread, and soon or not at all."""

import asyncio
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from importlib.util import find_spec
from types import TracebackType
from typing import Self

import structlog

from alerts.drawing.chart import draw
from alerts.drawing.past import Past
from alerts.fields import TEST_RULE
from alerts.telling.letter import Picture, no_picture
from alerts.words.english import ENGLISH
from alerts.words.language import SILENT, Language
from streams.agents.partitions import PartitionReader
from streams.events import Alert, AlertState
from streams.settings import Kafka

_log = structlog.get_logger()

PATIENCE_SECONDS = 8.0
"""How long a message waits for its picture."""
LEAST_ROWS = 3
_KEPT = 64

Key = tuple[str, AlertState, str]


def drawable() -> bool:
    """Return whether there is anything to draw with: ``volcross[pictures]``."""
    return find_spec("matplotlib") is not None


class Pictures:
    """Draws what is behind an alert, for all channels that show it.

    Args:
        kafka: where the lines are read.
    """

    def __init__(self, kafka: Kafka) -> None:
        self._kafka = kafka
        self._open = AsyncExitStack()
        self._past: Past | None = None
        self._drawn: OrderedDict[Key, asyncio.Task[bytes | None]] = OrderedDict()
        # One, and the same: matplotlib keeps its fonts open for every thread it meets.
        self._hand = ThreadPoolExecutor(1, thread_name_prefix="pictures")

    async def __aenter__(self) -> Self:
        if drawable():
            # Its own: it may be at it for a second or two, and others wait for theirs.
            reader = PartitionReader(self._kafka)
            await self._open.enter_async_context(reader)
            self._past = Past(self._kafka, reader)
        else:
            _log.info("no pictures", reason="volcross[pictures] is not installed")
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for task in self._drawn.values():
            task.cancel()
        await asyncio.gather(*self._drawn.values(), return_exceptions=True)
        self._hand.shutdown(wait=False, cancel_futures=True)
        await self._open.__aexit__(kind, error, trace)

    def of(self, alert: Alert, language: Language = ENGLISH) -> Picture:
        """Return what draws, or remembers, the picture of an alert in a language."""
        past = self._past
        if past is None or alert.rule == TEST_RULE or alert.state in SILENT:
            return no_picture

        async def picture() -> bytes | None:
            task = self._task(alert, past, language)
            try:
                # Shielded: another channel may be waiting for the same one.
                async with asyncio.timeout(PATIENCE_SECONDS):
                    return await asyncio.shield(task)
            except TimeoutError:
                _log.warning("no picture", alert=alert.id, reason="it took too long")
                return None

        return picture

    def _task(
        self, alert: Alert, past: Past, language: Language
    ) -> asyncio.Task[bytes | None]:
        key = (alert.id, alert.state, language.code)
        if key not in self._drawn:
            self._drawn[key] = asyncio.ensure_future(self._draw(alert, past, language))
            while len(self._drawn) > _KEPT:
                self._drawn.popitem(last=False)[1].cancel()
        return self._drawn[key]

    async def _draw(self, alert: Alert, past: Past, language: Language) -> bytes | None:
        try:
            lines = await past.behind(alert)
            if len(lines.at) < LEAST_ROWS:
                _log.warning("no picture", alert=alert.id, reason="too few readings")
                return None
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._hand, draw, alert, lines, language)
        except Exception as error:  # noqa: BLE001 - the words are worth more
            _log.warning(
                "no picture", alert=alert.id, reason=f"{type(error).__name__}: {error}"
            )
            return None
