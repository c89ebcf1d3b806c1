"""Which sources are listened to: each is one ``[sources.NAME]`` of the file."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AwareDatetime, BeforeValidator, Field, SecretStr, model_validator

from streams.settings import Clock, Duration, Table

Currency = Literal["BTC", "ETH"]
Ticker = Annotated[str, Field(pattern=r"^[A-Z_][A-Z0-9._]*$")]
"""A symbol; it stands in addresses, so nothing else may be in it."""

Speed = Annotated[float, Field(ge=0)]
"""Seconds of the market in one of ours; 0 is as fast as it goes."""


Past = Annotated[
    Duration, BeforeValidator(lambda told: "0s" if told in (False, "false") else told)
]
"""A length of time; none is written ``false``."""

Meaning = tuple[str, str | None]
"""What a series is of: a symbol, and the measure of its vol or None for its price."""


def _prices(symbols: Iterable[str]) -> frozenset[Meaning]:
    return frozenset((symbol, None) for symbol in symbols)


class Sending(Table):
    """What every source may be told about how it reaches Kafka."""

    lateness: Duration = timedelta(0)
    """Ticks are held back this long (in event time) so that one which comes
    out of order still finds its place."""
    record_ticks: Annotated[int, Field(ge=1, le=20_000)] = 5_000
    """Most ticks in one record."""
    buffer_ticks: Annotated[int, Field(ge=1)] = 1_000_000
    """Ticks kept in memory (24 bytes each) while the broker is away; then the
    source waits."""
    flush: Duration = timedelta(seconds=0.8)
    """How long a stop tries to send the rest; what is left then is spooled. Less
    than what a supervisor grants: `volcross up` has ten seconds for everything."""

    def gives(self) -> frozenset[Meaning]:
        """Return what it speaks of, as far as that is known beforehand."""
        return frozenset()

    def gives_chains(self) -> frozenset[str]:
        """Return whose option chains it gives."""
        return frozenset()


class ReplaySource(Sending):
    """A recorded stretch of market, from CSV or Parquet files."""

    kind: Literal["replay"]
    files: Annotated[list[Path], Field(min_length=1)]
    speed: Speed = 0
    grid: Annotated[Duration, Field(gt=timedelta(0))] = timedelta(hours=1)
    """How often a silent symbol is said to be silent, in event time."""


class SyntheticSymbol(Table):
    """One symbol of the seeded market."""

    clock: Clock = Clock.CRYPTO
    price: Annotated[float, Field(gt=0)] = 100.0
    """Where it starts."""
    vol: Annotated[float, Field(gt=0, le=5)] = 0.6
    """The annualised volatility it returns to, as a fraction."""
    ticks_per_second: Annotated[float, Field(gt=0, le=100_000)] = 1.0
    """Price ticks per second of its market being open."""
    measure: str | None = None
    """The name under which its 30-day implied vol is published, if it is."""


class SyntheticSource(Sending):
    """A market made up from a seed: the same seed, the same ticks."""

    kind: Literal["synthetic"]
    symbols: Annotated[dict[str, SyntheticSymbol], Field(min_length=1)]
    seed: Annotated[int, Field(ge=0)] = 0
    begin: AwareDatetime | None = None
    """None: now."""
    lasts: Duration | None = None
    """None: without end."""
    speed: Speed = 1

    @model_validator(mode="after")
    def _ends_or_paced(self) -> Self:
        if self.lasts is None and self.speed == 0:
            raise ValueError("speed = 0 without `lasts` would never end")
        if self.begin is None and self.speed not in (0, 1):
            raise ValueError("a market that begins now can only run at speed = 1")
        return self

    def gives(self) -> frozenset[Meaning]:
        """Return what it speaks of."""
        vols = {(s, how.measure) for s, how in self.symbols.items() if how.measure}
        return _prices(self.symbols) | vols

    def starts(self, now: datetime | None = None) -> datetime:
        """Return when the market begins."""
        return self.begin or now or datetime.now(UTC)


class StorySource(Sending):
    """The founding story, summer 2024: NVDA against BTC."""

    kind: Literal["story"]
    seconds: Annotated[float, Field(ge=0)] = 60
    """How long the telling takes; 0 is as fast as it goes."""
    data: Path | None = None
    """A directory with hourly Bitcoin prices, instead of daily ones."""

    def gives(self) -> frozenset[Meaning]:
        """Return what it speaks of."""
        return _prices(("NVDA", "BTC")) | {("NVDA", "iv30"), ("BTC", "dvol")}


class LiveSource(Sending):
    """What every live venue may be told."""

    silence: Duration = timedelta(minutes=2)
    """A connection is given up after so much of its market's time without a tick."""
    deaf: Duration = timedelta(seconds=15)
    """And after so long without any sign of life."""
    grace: Duration = timedelta(seconds=2)
    """How long a tick may be on its way before the time it belongs to is closed."""
    history: Past = timedelta(days=400)
    """How much of what the venue remembers is told first, where nobody listened;
    false is none. Prices: never more than the longest window needs."""
    history_url: str = ""
    """Where prices are remembered, if it is not where they are heard."""


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
        return vols | _prices(self.currencies if self.prices else ())

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
        return vols | _prices(self.symbols if self.prices else ())

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
        return _prices(self.symbols or ("BTC", "ETH"))


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
        return _prices(self.symbols)


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
        return _prices(self.symbols)

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
        return _prices(self.symbols)

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


VenueSource = Annotated[
    DeribitSource
    | CboeSource
    | TradesSource
    | YahooSource
    | AlpacaSource
    | MassiveSource
    | TastytradeSource,
    Field(discriminator="kind"),
]
"""A live venue, told apart by its ``kind``."""


class FailoverSource(Sending):
    """Several venues of the same symbols, of which the best that speaks is believed."""

    kind: Literal["failover"]
    prefer: Annotated[tuple[VenueSource, ...], Field(min_length=2)]
    """The best first."""
    patience: Annotated[Duration, Field(gt=timedelta(0))] = timedelta(seconds=10)
    """How long the one believed may say nothing, not even that it is quiet."""
    settle: Duration = timedelta(minutes=1)
    """How long a better one has to speak before it is believed again."""

    def gives(self) -> frozenset[Meaning]:
        """Return what it speaks of."""
        return frozenset().union(*(venue.gives() for venue in self.prefer))

    def gives_chains(self) -> frozenset[str]:
        """Return whose option chains it gives."""
        return frozenset().union(*(venue.gives_chains() for venue in self.prefer))


SourceSettings = Annotated[
    ReplaySource
    | SyntheticSource
    | StorySource
    | DeribitSource
    | CboeSource
    | TradesSource
    | YahooSource
    | AlpacaSource
    | MassiveSource
    | TastytradeSource
    | FailoverSource,
    Field(discriminator="kind"),
]
"""Any source, told apart by its ``kind``."""
