"""Venues that want a key of the user's; without it they cannot be opened."""

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import Field, SecretStr

from producers.settings.sending import LiveSource, Meaning, Ticker, prices
from streams.lengths import Duration


class AlpacaSource(LiveSource):
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

    def credentials(self) -> tuple[str, str]:
        """Return the key and its secret.

        Raises:
            ValueError: one of them is missing.
        """
        if self.key is None or self.secret is None:
            raise ValueError("alpaca: `key` and `secret` are not set")
        return self.key.get_secret_value(), self.secret.get_secret_value()


class MassiveSource(LiveSource):
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

    def credential(self) -> str:
        """Return the key.

        Raises:
            ValueError: it is missing.
        """
        if self.key is None:
            raise ValueError("massive: `key` is not set")
        return self.key.get_secret_value()


class TastytradeSource(LiveSource):
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

    def credentials(self) -> tuple[str, str]:
        """Return the client's secret and the grant's refresh token.

        Raises:
            ValueError: one of them is missing.
        """
        if self.client_secret is None or self.refresh_token is None:
            raise ValueError(
                "tastytrade: `client_secret` and `refresh_token` are not set"
            )
        secret, token = self.client_secret, self.refresh_token
        return secret.get_secret_value(), token.get_secret_value()
