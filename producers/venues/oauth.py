"""A venue that lends its key for a quarter of an hour at a time."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import msgspec

from producers.listening.conversation import Refused
from producers.listening.fetching import Fetcher

_MARGIN_SECONDS = 30.0


class _Grant(msgspec.Struct):
    access_token: str
    expires_in: float


_grant = msgspec.json.Decoder(_Grant).decode


@dataclass
class GrantedFetcher(Fetcher):
    """Asks with an access token, and renews it before it runs out.

    Attributes:
        token_url: where a refresh token is turned into an access token.
        client_secret: of the user's OAuth application.
        refresh_token: of the grant made to it; it does not run out.
        clock: seconds, monotonic.
    """

    token_url: str = ""
    client_secret: str = field(default="", repr=False)
    refresh_token: str = field(default="", repr=False)
    clock: Callable[[], float] = time.monotonic
    _good_until: float | None = None

    async def get(self, url: str) -> bytes:
        """Return the answer's body.

        Raises:
            Refused: as `Fetcher.ask`; also where no token is granted.
            OSError: no answer, or none in time.
        """
        renewed = await self._renew()
        try:
            return await self.ask("GET", url)
        except Refused as error:
            if error.permanent:
                self._forget()
            # A token may be withdrawn before its time; a new one that is no
            # good either is the venue's last word.
            if renewed or not error.permanent:
                raise
        await self._renew()
        return await self.ask("GET", url)

    async def _renew(self) -> bool:
        if self._good_until is not None and self.clock() < self._good_until:
            return False
        self._forget()
        form = {
            "grant_type": "refresh_token",
            "client_secret": self.client_secret,
            "refresh_token": self.refresh_token,
        }
        try:
            grant = _grant(await self.ask("POST", self.token_url, form))
        except Refused as error:
            raise Refused(
                f"no access token: {error}",
                permanent=error.permanent,
                retry_after=error.retry_after,
            ) from None
        except (msgspec.DecodeError, UnicodeDecodeError):
            # Its own words might quote the token.
            raise Refused("no access token in the answer") from None
        if not grant.access_token.isascii() or not grant.access_token.isprintable():
            raise Refused("no access token in the answer")
        self.headers["Authorization"] = f"Bearer {grant.access_token}"
        self._good_until = self.clock() + grant.expires_in - _MARGIN_SECONDS
        return True

    def _forget(self) -> None:
        self._good_until = None
        self.headers.pop("Authorization", None)
