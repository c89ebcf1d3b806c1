"""Every record that crosses Kafka, in order of birth.

Three conventions hold for all of them.

Units: a volatility is an annualised decimal fraction (0.71, never 71); an
instant is an int64 of nanoseconds since the epoch, UTC, of the event itself.

Columns: a record carries 0..N ticks or readings as parallel lists ordered by
``at``, because one Python object a tick is what makes a pipeline slow.

Coverage: a record says all there is to say about its series in
``[start, end)``. ``end`` is the watermark: nothing earlier will follow. A
record without rows says "nothing happened", which is not the same as silence.
A record whose ``end`` is not beyond what is already covered is a repetition;
one whose ``start`` is beyond it leaves a gap.
"""

from streams.events.alerts import (
    Alert,
    AlertState,
    Delivery,
    LegValue,
    Outcome,
    Silence,
)
from streams.events.event import VERSION, Event, Origin, Unchecked
from streams.events.market import Bars, ChainSnapshot, PriceTicks, Right, VolTicks
from streams.events.readings import (
    ContextReadings,
    DailyCloses,
    LegName,
    LegReadings,
    Quality,
    Side,
    SpreadReadings,
    VolatilityReadings,
)
from streams.events.upkeep import Checkpoint, FeedState, Rejected

__all__ = [
    "VERSION",
    "Alert",
    "AlertState",
    "Bars",
    "ChainSnapshot",
    "Checkpoint",
    "ContextReadings",
    "DailyCloses",
    "Delivery",
    "Event",
    "FeedState",
    "LegName",
    "LegReadings",
    "LegValue",
    "Origin",
    "Outcome",
    "PriceTicks",
    "Quality",
    "Rejected",
    "Right",
    "Side",
    "Silence",
    "SpreadReadings",
    "Unchecked",
    "VolTicks",
    "VolatilityReadings",
]
