"""Which sources are listened to: each is one ``[sources.NAME]`` of the file."""

from typing import Annotated

from pydantic import Field

from producers.settings.failover import FailoverSource, VenueSource
from producers.settings.keyed import (
    AlpacaSource,
    KeyedSource,
    MassiveSource,
    TastytradeSource,
)
from producers.settings.keyless import (
    CboeSource,
    DeribitSource,
    TradesSource,
    YahooSource,
)
from producers.settings.recorded import (
    ReplaySource,
    StorySource,
    SyntheticSource,
    SyntheticSymbol,
)
from producers.settings.sending import LiveSource, Meaning, Sending

__all__ = [
    "AlpacaSource",
    "CboeSource",
    "DeribitSource",
    "FailoverSource",
    "KeyedSource",
    "LiveSource",
    "MassiveSource",
    "Meaning",
    "ReplaySource",
    "Sending",
    "SourceSettings",
    "StorySource",
    "SyntheticSource",
    "SyntheticSymbol",
    "TastytradeSource",
    "TradesSource",
    "VenueSource",
    "YahooSource",
]

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
