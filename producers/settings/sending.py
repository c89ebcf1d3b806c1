"""What every source may be told, and what is asked of each of them."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Annotated

from pydantic import BeforeValidator, Field

from streams.lengths import Duration
from streams.settings import Table

Ticker = Annotated[str, Field(pattern=r"^[A-Z_][A-Z0-9._]*$")]
"""A symbol; it stands in addresses, so nothing else may be in it."""

Past = Annotated[
    Duration, BeforeValidator(lambda told: "0s" if told in (False, "false") else told)
]
"""A length of time; none is written ``false``."""

Meaning = tuple[str, str | None]
"""What a series is of: a symbol, and the measure of its vol or None for its price."""


def prices(symbols: Iterable[str]) -> frozenset[Meaning]:
    """Return what somebody gives who gives the prices of some symbols."""
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
