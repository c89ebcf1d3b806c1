"""The market: prices, published vols and chains as they came, and bars of them."""

from collections.abc import Sequence
from enum import StrEnum

from streams.events.event import Event, Origin, Unchecked


class PriceTicks(Event, frozen=True, kw_only=True):
    """Trades or quotes of one symbol, on ``ticks.price``, keyed by symbol."""

    symbol: str
    source: str
    start: int
    end: int
    at: list[int]
    """When the venue made each price public (ns UTC)."""
    price: Unchecked
    size: Sequence[float] = []
    """Units traded; empty where the source does not say."""
    delay_seconds: float = 0.0
    """How long the venue itself holds its data back (Cboe: 900)."""
    history: bool = False
    """Asked for afterwards, of what a venue remembers, and not heard as it happened."""


class VolTicks(Event, frozen=True, kw_only=True):
    """An implied vol somebody publishes, on ``ticks.vol``, keyed by symbol."""

    symbol: str
    source: str
    measure: str
    """The publisher's own name for it: ``dvol``, ``iv30``."""
    tenor_days: int
    origin: Origin = Origin.PUBLISHED
    start: int
    end: int
    at: list[int]
    value: Unchecked
    """Annualised fraction."""
    delay_seconds: float = 0.0
    history: bool = False
    """As for prices; alone of all records, it may come after what followed it."""


class Right(StrEnum):
    """What an option gives the right to."""

    CALL = "call"
    PUT = "put"


class ChainSnapshot(Event, frozen=True, kw_only=True):
    """All quoted options of one symbol at one instant, on ``chains``, by symbol.

    The columns are raw: a bid of nobody is null, and what a quote is worth is
    for the maths to say.
    """

    symbol: str
    source: str
    at: int
    """When the venue made the quotes public (ns UTC)."""
    spot: float
    """The underlying's price, in dollars."""
    coin_settled: bool = False
    """Whether bid and ask are in coins of the underlying instead of dollars."""
    expiry: list[int]
    """When each option ends (ns UTC)."""
    strike: list[float]
    right: list[Right]
    bid: Unchecked
    ask: Unchecked
    iv: Unchecked
    """The venue's own implied vol, an annualised fraction; null where it gives none."""
    delay_seconds: float = 0.0


class Bars(Event, frozen=True, kw_only=True):
    """Closed bars of one symbol on its sampling grid, on ``bars``, by symbol.

    A grid step in which the market was shut, or in which nothing traded,
    has no row: what a silent step means is for the estimator to say.
    """

    symbol: str
    source: str
    grid_seconds: int
    start: int
    end: int
    at: list[int]
    """The end of each bar (ns UTC), on the grid."""
    open: list[float]
    high: list[float]
    low: list[float]
    close: list[float]
    ticks: list[int]
    """How many ticks each bar was made of; their sum counts every tick once."""
    delay_seconds: float = 0.0
    history: bool = False
