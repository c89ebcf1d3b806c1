"""Venues that anybody may listen to."""

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import Field

from producers.settings.sending import LiveSource, Meaning, Ticker, prices
from streams.lengths import Duration
from streams.settings import Clock

Currency = Literal["BTC", "ETH"]


class DeribitSource(LiveSource):
    """DVOL, index prices and option chains of BTC and ETH."""

    kind: Literal["deribit"]
    currencies: Annotated[tuple[Currency, ...], Field(min_length=1)] = ("BTC",)
    prices: bool = True
    chains: Annotated[Duration, Field(ge=timedelta(0))] = timedelta(minutes=1)
    """How often the option chain is asked for; 0s is never."""
    stream_url: str = "wss://www.deribit.com/ws/api/v2"
    http_url: str = "https://www.deribit.com/api/v2"

    def gives(self) -> frozenset[Meaning]:
        """Return what it speaks of."""
        vols = frozenset((currency, "dvol") for currency in self.currencies)
        return vols | prices(self.currencies if self.prices else ())

    def gives_chains(self) -> frozenset[str]:
        """Return whose option chains it gives."""
        return frozenset(self.currencies if self.chains else ())


class CboeSource(LiveSource):
    """Delayed quotes of US underlyings: iv30, price, option chain."""

    kind: Literal["cboe"]
    symbols: Annotated[tuple[Ticker, ...], Field(min_length=1)] = ("NVDA",)
    every: Annotated[Duration, Field(ge=timedelta(seconds=15))] = timedelta(minutes=1)
    """While the market is open; outside hours it is asked every 15 minutes."""
    prices: bool = True
    """False where another source gives them, without the delay."""
    chains: bool = True
    silence: Duration = timedelta(minutes=20)
    url: str = "https://cdn.cboe.com/api/global/delayed_quotes/options"

    def gives(self) -> frozenset[Meaning]:
        """Return what it speaks of."""
        vols = frozenset((symbol, "iv30") for symbol in self.symbols)
        return vols | prices(self.symbols if self.prices else ())

    def gives_chains(self) -> frozenset[str]:
        """Return whose option chains it gives."""
        return frozenset(self.symbols if self.chains else ())


class TradesSource(LiveSource):
    """Trades of a crypto exchange."""

    kind: Literal["coinbase", "kraken", "binance"]
    symbols: dict[Ticker, str] = Field(default_factory=dict)
    """Our symbols and the venue's names for them; BTC and ETH by default."""
    url: str = ""
    """The venue's own, unless given."""

    def gives(self) -> frozenset[Meaning]:
        """Return what it speaks of."""
        return prices(self.symbols or ("BTC", "ETH"))


class YahooSource(LiveSource):
    """Prices of anything Yahoo shows."""

    kind: Literal["yahoo"]
    symbols: Annotated[dict[Ticker, str], Field(min_length=1)] = Field(
        default_factory=lambda: {"NVDA": "NVDA"}
    )
    """Our symbols and Yahoo's names for them."""
    clock: Clock = Clock.US_EQUITY
    """Whose hours count as silence."""
    url: str = "wss://streamer.finance.yahoo.com/?version=2"

    def gives(self) -> frozenset[Meaning]:
        """Return what it speaks of."""
        return prices(self.symbols)
