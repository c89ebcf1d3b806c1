"""An HTTP endpoint that takes alerts, and what its answers mean.

Not a channel: what the HTTP channels stand on.
"""

import ssl
from base64 import b64encode
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus

import aiohttp
from yarl import URL

from alerts.telling.delivery import DeliveryError, fault

_PASSING = {
    HTTPStatus.REQUEST_TIMEOUT,
    HTTPStatus.TOO_EARLY,
    HTTPStatus.TOO_MANY_REQUESTS,
}
_QUOTED = 200
"""Characters of an answer that are worth repeating."""
_READ = 65_536
"""Bytes of an answer that are read."""


class Endpoint:
    """POSTs to one address, and never says what the address is.

    The address of a webhook is its password, and servers like to repeat it
    in their error pages.

    Args:
        address: where to.
        timeout_seconds: for the whole exchange.
        secrets: what else must not be repeated.
    """

    def __init__(
        self, address: str, timeout_seconds: float, secrets: tuple[str, ...] = ()
    ) -> None:
        self._url = URL(address)
        self._timeout = aiohttp.ClientTimeout(total=timeout_seconds)
        url = self._url
        login = f"{url.user}:{url.password}" if url.password else ""
        parts = (
            address,
            str(url),
            url.raw_path_qs,
            url.path_qs,
            url.password,
            b64encode(login.encode()).decode(),
            *secrets,
        )
        self._secrets = [part for part in parts if part and part != "/"]
        self._session: aiohttp.ClientSession | None = None

    async def post(
        self, body: bytes, headers: Mapping[str, str], *, to: str = ""
    ) -> bytes:
        """Hand `body` over.

        Args:
            body: what.
            headers: said with it.
            to: a path below the address.

        Returns:
            The beginning of the answer.

        Raises:
            DeliveryError: it was not taken: permanently by an answer 3xx or 4xx,
                for now by 408, 425, 429, 5xx, a time-out, or no connection.
        """
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=self._timeout)
        try:
            async with self._session.post(
                self._url / to if to else self._url,
                data=body,
                headers=headers,
                allow_redirects=False,
            ) as answer:
                if answer.ok and answer.status < HTTPStatus.MULTIPLE_CHOICES:
                    return await _beginning(answer)
                said = await answer.content.read(_QUOTED * 4)
                raise self._refusal(answer.status, answer.headers, said)
        except TimeoutError as error:
            seconds = self._timeout.total
            raise DeliveryError(
                f"no answer from {self._url.host} in {seconds:g} s", permanent=False
            ) from error
        except aiohttp.ClientConnectorCertificateError as error:
            # It may be mended on their side at any time.
            raise DeliveryError(
                f"{self._url.host} shows a certificate we cannot trust",
                permanent=False,
            ) from error
        except (aiohttp.ClientError, OSError, ssl.SSLError) as error:
            raise DeliveryError(
                f"no connection to {self._url.host}: {fault(error)}", permanent=False
            ) from error

    async def close(self) -> None:
        """Let go of the connection."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    def hidden(self, words: str) -> str:
        """Return `words` without what must not be repeated."""
        for secret in self._secrets:
            words = words.replace(secret, "***")
        return words

    def _refusal(
        self, status: int, headers: Mapping[str, str], said: bytes
    ) -> DeliveryError:
        words = self.hidden(" ".join(said.decode(errors="replace").split()))
        passing = status in _PASSING or status >= HTTPStatus.INTERNAL_SERVER_ERROR
        return DeliveryError(
            f"{self._url.host} answered {status} {words[:_QUOTED]}".rstrip(),
            permanent=not passing,
            retry_after=_retry_after(headers.get("Retry-After")),
        )


async def _beginning(answer: aiohttp.ClientResponse) -> bytes:
    said = b""
    async for chunk in answer.content.iter_any():
        said += chunk
        if len(said) > _READ:
            break
    return said


def _retry_after(value: str | None) -> float | None:
    """Return the seconds asked for, given as such or as a date.

    >>> _retry_after("30"), _retry_after("soon"), _retry_after(None)
    (30.0, None, None)
    """
    if value is None:
        return None
    if value.strip().isdigit():
        return float(value)
    try:
        until = parsedate_to_datetime(value)
    except ValueError:
        return None
    if until.tzinfo is None:
        until = until.replace(tzinfo=UTC)
    return max(0.0, (until - datetime.now(UTC)).total_seconds())
