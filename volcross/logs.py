"""How every process logs: JSON lines, or colours where a person watches."""

import logging
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any, TextIO

import structlog

_OURS = ("volcross", "producers", "streams", "alerts")


def configure(process: str, output: TextIO | None = None) -> None:
    """Send our log lines, and the libraries' warnings, one way in one shape.

    Args:
        process: named in every line: ``stream``, ``produce deribit``.
        output: where to; standard error unless given.
    """
    output = output or sys.stderr

    def name(
        _logger: object, _method: str, event: MutableMapping[str, Any]
    ) -> Mapping[str, Any]:
        event["process"] = event.get("process", process)
        return event

    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    people = output.isatty()
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            *([] if people else [structlog.processors.format_exc_info]),
            structlog.dev.ConsoleRenderer()
            if people
            else structlog.processors.JSONRenderer(),
        ],
    )
    handler = logging.StreamHandler(output)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    # Libraries say at INFO, several times a second, what is no news.
    root.setLevel(logging.WARNING)
    for room in _OURS:
        logging.getLogger(room).setLevel(logging.INFO)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
    )
