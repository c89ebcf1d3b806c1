"""Any HTTP endpoint: the alert as JSON, signed.

The body is documented in docs/alerts.md. With a secret, the header
``Volcross-Signature: t=<unix seconds>,v1=<hex>`` carries the HMAC-SHA256 of
``<unix seconds>.<body>``, so that a receiver can tell ours from a stranger's
and today's from one played back. ``Idempotency-Key`` is the same for every
retelling of one transition.
"""

import hmac
import time
from collections.abc import Callable
from typing import Any

import msgspec

from alerts.channels.endpoint import Endpoint
from alerts.channels.settings import Webhook
from alerts.telling.letter import Letter
from alerts.words.message import Message
from alerts.words.wording import moment
from streams.events import Alert, LegValue


class WebhookChannel:
    """POSTs one JSON document an alert."""

    name = "webhook"
    bundles = False

    def __init__(
        self, settings: Webhook, clock: Callable[[], float] = time.time
    ) -> None:
        self.per_minute = settings.per_minute
        secret = settings.secret.get_secret_value() if settings.secret else ""
        self._secret = secret.encode()
        self._clock = clock
        self._endpoint = Endpoint(
            settings.url.get_secret_value(),
            settings.timeout.total_seconds(),
            (secret,),
        )

    async def send(self, letter: Letter) -> str:
        """Post it; see `alerts.telling.delivery.Channel`."""
        alert = letter.first
        body = msgspec.json.encode(document(alert, letter.message))
        headers = {
            "Content-Type": "application/json",
            "Idempotency-Key": f"{alert.id}.{alert.state}",
        }
        if self._secret:
            headers["Volcross-Signature"] = sign(body, self._secret, int(self._clock()))
        await self._endpoint.post(body, headers)
        return ""

    async def close(self) -> None:
        """Let go of the connection."""
        await self._endpoint.close()


def sign(body: bytes, secret: bytes, at: int) -> str:
    """Return the signature header of a body sent `at` (seconds since the epoch)."""
    signed = f"{at}.".encode() + body
    return f"t={at},v1={hmac.new(secret, signed, 'sha256').hexdigest()}"


def document(alert: Alert, message: Message) -> dict[str, Any]:
    """Return the JSON document: vols as fractions, times as ISO 8601 in UTC."""
    return {
        "id": alert.id,
        "state": alert.state,
        "rule": alert.rule,
        "severity": alert.severity,
        "pair": alert.pair,
        "comparison": alert.comparison,
        "event_time": _iso(alert.event_time),
        "since": _iso(alert.since or None),
        "began": _iso(alert.began),
        "left": _leg(alert.left),
        "right": _leg(alert.right),
        "spread": alert.spread if alert.left.at and alert.right.at else None,
        "peak": alert.peak,
        "peak_at": _iso(alert.peak_at),
        "reason": alert.reason,
        "headline": message.headline,
        "text": message.text,
        "links": dict(message.links),
    }


def _leg(leg: LegValue) -> dict[str, Any]:
    return {
        "symbol": leg.name.symbol,
        "measure": leg.name.measure,
        "window": leg.name.window,
        "origin": leg.name.origin,
        "source": leg.name.source,
        "delay_seconds": leg.name.delay_seconds,
        "value": leg.value if leg.at else None,
        "at": _iso(leg.at or None),
        "market_open": leg.market_open,
    }


def _iso(at: int | None) -> str | None:
    return None if at is None else moment(at).isoformat().replace("+00:00", "Z")
