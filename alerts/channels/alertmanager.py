"""Alertmanager, which wants to hear of an alert again and again until it is over.

https://prometheus.io/docs/alerting/latest/alerts_api/: what is not repeated
before its ``endsAt`` counts as resolved, and what it knew dies with it. So
what is open is posted again every so often, after a restart of ours as well.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterable
from typing import Any

import msgspec
import structlog

from alerts.channels.endpoint import Endpoint
from alerts.channels.settings import Alertmanager
from alerts.telling.delivery import DeliveryError
from alerts.telling.letter import Letter
from alerts.words.message import Message, compose
from alerts.words.settings import Links
from alerts.words.wording import moment
from streams.events import Alert, AlertState

_log = structlog.get_logger()

_JSON = {"Content-Type": "application/json"}
_OPENS = {
    AlertState.FIRING: "firing",
    AlertState.UPDATED: "firing",
    AlertState.UNKNOWN: "unknown",
}
_CLOSES = {AlertState.RESOLVED: "firing", AlertState.KNOWN: "unknown"}
_PATIENCE = 4
"""Repetitions that may fail before Alertmanager thinks that it is over."""


class AlertmanagerChannel:
    """Keeps an Alertmanager told of what is open."""

    name = "alertmanager"
    bundles = False

    def __init__(
        self, settings: Alertmanager, clock: Callable[[], int] = time.time_ns
    ) -> None:
        self.per_minute = settings.per_minute
        self._every = settings.resend_every.total_seconds()
        self._clock = clock
        self._endpoint = Endpoint(
            settings.url.get_secret_value().rstrip("/") + "/api/v2/alerts",
            settings.timeout.total_seconds(),
        )
        self._open: dict[tuple[str, str], Alert] = {}
        self._repeating: asyncio.Task[None] | None = None

    def resume(self, told: Iterable[tuple[Alert, str]]) -> None:
        """Learn what was announced before us; what is open is told at once."""
        self._open.clear()
        for alert, _ in told:
            self._note(alert)
        self._keep_repeating(at_once=True)

    async def send(self, letter: Letter) -> str:
        """Post it; see `alerts.telling.delivery.Channel`."""
        alert = letter.first
        self._note(alert)
        await self._post([document(alert, letter.message, self._until(alert))])
        self._keep_repeating()
        return ""

    async def close(self) -> None:
        """Stop repeating, and let go of the connection."""
        if self._repeating is not None:
            self._repeating.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._repeating
        await self._endpoint.close()

    def _note(self, alert: Alert) -> None:
        if alert.state in _OPENS:
            self._open[alert.rule, _OPENS[alert.state]] = alert
        else:
            self._open.pop((alert.rule, _CLOSES[alert.state]), None)

    def _until(self, alert: Alert) -> int:
        later = round(_PATIENCE * self._every * 1e9) if alert.state in _OPENS else 0
        return self._clock() + later

    def _keep_repeating(self, *, at_once: bool = False) -> None:
        if self._repeating is None:
            self._repeating = asyncio.ensure_future(self._repeat(at_once=at_once))

    async def _repeat(self, *, at_once: bool) -> None:
        while True:
            if not at_once:
                await asyncio.sleep(self._every)
            at_once = False
            documents = [
                document(alert, compose(alert, Links()), self._until(alert))
                for alert in self._open.values()
            ]
            if not documents:
                continue
            try:
                await self._post(documents)
            except DeliveryError as error:
                _log.warning("repeat failed", channel=self.name, reason=error.reason)

    async def _post(self, documents: list[dict[str, Any]]) -> None:
        await self._endpoint.post(msgspec.json.encode(documents), _JSON)


def document(alert: Alert, message: Message, until: int) -> dict[str, Any]:
    """Return an alert as Alertmanager takes it.

    Args:
        alert: the alert.
        message: it, in words.
        until: when it is over, or when it counts as over (ns UTC).
    """
    # Of an update, when the incident began: it is the same alert, said again.
    at_once = alert.state in (AlertState.FIRING, AlertState.UNKNOWN)
    opened = alert.event_time if at_once else alert.since or alert.event_time
    return {
        "labels": {
            "alertname": alert.rule,
            "severity": alert.severity,
            "pair": alert.pair,
            "comparison": alert.comparison,
            "state": _OPENS.get(alert.state) or _CLOSES[alert.state],
        },
        "annotations": {
            "summary": message.headline,
            "description": message.text,
            "id": alert.id,
        },
        "startsAt": moment(min(opened, until)).isoformat(),
        "endsAt": moment(until).isoformat(),
        **({"generatorURL": message.links[0][1]} if message.links else {}),
    }
