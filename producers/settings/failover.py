"""Several venues of the same thing, of which one is believed at a time."""

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import Field

from producers.settings.keyed import AlpacaSource, MassiveSource, TastytradeSource
from producers.settings.keyless import (
    CboeSource,
    DeribitSource,
    TradesSource,
    YahooSource,
)
from producers.settings.sending import Meaning, Sending
from streams.lengths import Duration

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
