"""Whatever Apprise speaks to: https://appriseit.com/services/.

Apprise says that a service did not take a message, and not for what reason: so
every failure is one that may pass, and is tried for as long as any other.
"""

import asyncio
import logging
from typing import TYPE_CHECKING

from alerts.channels import settings
from alerts.telling.delivery import DeliveryError
from alerts.telling.letter import Letter
from streams.events import Alert, AlertState

if TYPE_CHECKING:
    from apprise import Apprise, NotifyType

_CALM = (AlertState.RESOLVED, AlertState.KNOWN)


class AppriseChannel:
    """Sends a message to each of its services, whichever way that one takes it.

    Raises:
        RuntimeError: ``volcross[apprise]`` is not installed, or a URL is none
            that Apprise knows.
    """

    name = "apprise"
    bundles = True

    def __init__(self, given: settings.Apprise) -> None:
        self.per_minute = given.per_minute
        self._seconds = given.timeout.total_seconds()
        self._services = [
            _service(place, url.get_secret_value())
            for place, url in enumerate(given.urls, 1)
        ]
        self._taken: tuple[str, set[int]] = ("", set())

    @property
    def services(self) -> list[str]:
        """What is on the other side, by the names that Apprise gives it."""
        return [str(service[0].service_name) for service in self._services]

    async def send(self, letter: Letter) -> str:
        """Send it; see `alerts.telling.delivery.Channel`.

        Services that took it are not asked again when another did not.
        """
        identity = f"{letter.first.id}.{letter.first.state}"
        if self._taken[0] != identity:
            self._taken = (identity, set())
        taken, missing = self._taken[1], list[str]()
        for place, service in enumerate(self._services, 1):
            if place in taken:
                continue
            if await self._notify(service, letter):
                taken.add(place)
            else:
                missing.append(f"service {place} ({service[0].service_name})")
        if missing:
            reason = f"not taken by {', '.join(missing)}"
            raise DeliveryError(reason, permanent=False)
        return ""

    async def close(self) -> None:
        """Do nothing: a connection lives for one message."""

    async def _notify(self, service: "Apprise", letter: Letter) -> bool:
        message = letter.message
        try:
            async with asyncio.timeout(self._seconds):
                return bool(
                    await service.async_notify(
                        title=message.line,
                        body=message.text,
                        notify_type=_type(letter.first),
                    )
                )
        except (OSError, TypeError, ValueError):  # what its plug-ins let through
            return False


def _service(place: int, url: str) -> "Apprise":
    try:
        import apprise
    except ImportError:
        raise RuntimeError(
            "channels.apprise needs Apprise: pip install 'volcross[apprise]'"
        ) from None
    # It logs what it asks for, and an address of Apprise's is a password.
    logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)
    service = apprise.Apprise()
    if not service.add(url):
        raise RuntimeError(f"channels.apprise.urls: number {place} is no Apprise URL")
    return service


def _type(alert: Alert) -> "NotifyType":
    from apprise import NotifyType

    if alert.state in _CALM:
        return NotifyType.SUCCESS
    if alert.severity == "critical" and alert.state is AlertState.FIRING:
        return NotifyType.FAILURE
    return NotifyType.WARNING
