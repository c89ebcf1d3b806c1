"""Markets that are not live: from files, made up, and the story of 2024."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AwareDatetime, Field, model_validator

from producers.settings.sending import Meaning, Sending, prices
from streams.lengths import Duration
from streams.settings import Clock, Table

Speed = Annotated[float, Field(ge=0)]
"""Seconds of the market in one of ours; 0 is as fast as it goes."""


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
        return prices(self.symbols) | vols

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
        return prices(("NVDA", "BTC")) | {("NVDA", "iv30"), ("BTC", "dvol")}
