"""How hard a delivery is tried: ``[retry]`` of the file."""

from datetime import timedelta

from alerts.fields import Length
from streams.settings import Table


class Retry(Table):
    """How hard a delivery is tried before it goes to the dead letters."""

    first: Length = timedelta(seconds=1)
    """The wait after the first failure; it doubles, jittered, with each."""
    longest: Length = timedelta(minutes=1)
    """No wait of ours is longer; one the receiver asks for may be."""
    give_up_after: Length = timedelta(days=1)
