"""Asking a venue over HTTP, politely."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import aiohttp

from producers.listening.bucket import TokenBucket
from producers.listening.conversation import Refused
from producers.listening.failure import seconds_asked

TIMEOUT_SECONDS: Final = 20.0
_HEADERS: Final = {"User-Agent": "volcross (volatility monitor)"}
_UNKNOWN: Final = frozenset({401, 403, 404})


@dataclass(slots=True)
class Fetcher:
    """One venue's HTTP side.

    Attributes:
        bucket: how often it may be asked.
        headers: sent each time; keys belong here, not in addresses.
    """

    bucket: TokenBucket = field(default_factory=lambda: TokenBucket(1, burst=2))
    headers: dict[str, str] = field(default_factory=dict)

    async def get(self, url: str) -> bytes:
        """Return the answer's body; raises what `ask` raises."""
        return await self.ask("GET", url)

    async def ask(
        self, method: str, url: str, form: Mapping[str, str] | None = None
    ) -> bytes:
        """Return the body of the answer to any request, one turn of the bucket.

        Raises:
            Refused: any status but 200, with what Retry-After asks for, and
                permanent where the venue does not know us or what we ask.
            OSError: no answer, or none in time.
        """
        await self.bucket.take()
        timeout = aiohttp.ClientTimeout(total=TIMEOUT_SECONDS)
        try:
            async with (
                aiohttp.ClientSession(
                    timeout=timeout, headers={**_HEADERS, **self.headers}
                ) as session,
                session.request(method, url, data=form) as answer,
            ):
                if answer.status == 200:
                    return await answer.read()
                raise Refused(
                    f"HTTP {answer.status}",
                    permanent=answer.status in _UNKNOWN,
                    retry_after=seconds_asked(answer.headers.get("Retry-After")),
                )
        except TimeoutError:
            raise TimeoutError("no answer in time") from None
        except aiohttp.ClientConnectorError as error:
            raise error.os_error from None
        except aiohttp.ClientError as error:
            # aiohttp's own words hold the whole address, and so maybe a key.
            raise OSError(type(error).__name__) from None
