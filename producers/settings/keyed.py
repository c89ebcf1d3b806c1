"""Venues that want a key of the user's; without it they are not asked."""

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import Field, SecretStr

from producers.settings.sending import LiveSource, Meaning, Ticker, prices
from streams.lengths import Duration


def _text(secret: SecretStr | None) -> str:
    return "" if secret is None else secret.get_secret_value().strip()


class KeyedSource(LiveSource):
    """A venue that wants to know who asks."""

    def keys(self) -> dict[str, str]:
        """Return what it wants of the user, by setting; empty where not given."""
        raise NotImplementedError

    def unset(self) -> tuple[str, ...]:
        """Return the settings without which it is not asked, and which are not given.

        An empty one counts as none: compose files pass on what nobody has set.
        """
        return tuple(name for name, told in self.keys().items() if not told)


class AlpacaSource(KeyedSource):
    """Trades and option chains of US stocks, with a key."""

    kind: Literal["alpaca"]
    symbols: Annotated[tuple[Ticker, ...], Field(min_length=1)] = ("NVDA",)
    feed: Literal["iex", "sip", "delayed_sip"] = "iex"
    chains: Annotated[Duration, Field(ge=timedelta(0))] = timedelta(0)
    """How often the option chains are asked for; 0s is never."""
    options: Literal["indicative", "opra"] = "indicative"
    """Where their quotes come from; the first is a quarter of an hour late."""
    key: SecretStr | None = None
    secret: SecretStr | None = None
    url: str = ""
    """The venue's own, unless given."""
    http_url: str = "https://data.alpaca.markets"

    def gives(self) -> frozenset[Meaning]:
        """Return what it speaks of."""
        return prices(self.symbols)

    def gives_chains(self) -> frozenset[str]:
        """Return whose option chains it gives."""
        return frozenset(self.symbols if self.chains else ())

    def keys(self) -> dict[str, str]:
        """Return the key and its secret."""
        return {"key": _text(self.key), "secret": _text(self.secret)}


class MassiveSource(KeyedSource):
    """Trades and option chains of US stocks, with a key."""

    kind: Literal["massive"]
    symbols: Annotated[tuple[Ticker, ...], Field(min_length=1)] = ("NVDA",)
    delayed: bool = False
    """Listen to the feed that is a quarter of an hour late."""
    chains: Annotated[Duration, Field(ge=timedelta(0))] = timedelta(0)
    """How often the option chains are asked for, where the plan has them; 0s is
    never."""
    key: SecretStr | None = None
    url: str = ""
    """The venue's own, unless given."""
    http_url: str = "https://api.massive.com"

    def gives(self) -> frozenset[Meaning]:
        """Return what it speaks of."""
        return prices(self.symbols)

    def gives_chains(self) -> frozenset[str]:
        """Return whose option chains it gives."""
        return frozenset(self.symbols if self.chains else ())

    def keys(self) -> dict[str, str]:
        """Return the key."""
        return {"key": _text(self.key)}


class TastytradeSource(KeyedSource):
    """30-day implied vols of US underlyings as tastytrade publishes them."""

    kind: Literal["tastytrade"]
    symbols: Annotated[tuple[Ticker, ...], Field(min_length=1)] = ("NVDA",)
    every: Annotated[Duration, Field(ge=timedelta(seconds=15))] = timedelta(minutes=1)
    """While the market is open; outside hours it is asked every 15 minutes."""
    client_secret: SecretStr | None = None
    """Of the user's own OAuth application."""
    refresh_token: SecretStr | None = None
    """Of the grant made to it; `read` is enough."""
    silence: Duration = timedelta(hours=7)
    """How often it renews its numbers is not documented: a trading day and more."""
    url: str = "https://api.tastyworks.com"

    def gives(self) -> frozenset[Meaning]:
        """Return what it speaks of."""
        return frozenset((symbol, "iv30-tastytrade") for symbol in self.symbols)

    def keys(self) -> dict[str, str]:
        """Return the client's secret and the grant's refresh token."""
        return {
            "client_secret": _text(self.client_secret),
            "refresh_token": _text(self.refresh_token),
        }
