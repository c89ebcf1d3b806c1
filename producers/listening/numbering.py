"""A venue's own numbers of its trades, which show what did not arrive."""

from collections.abc import Iterator

from producers.listening.conversation import Missed
from producers.source import Series


class Numbering:
    """Follows trade numbers that count up by one in each series."""

    def __init__(self) -> None:
        self._last: dict[Series, int] = {}

    def follow(self, series: Series, number: int | None) -> Iterator[Missed]:
        """Yield how many were missed before `number`, if any were.

        A number that does not go up is a repetition, and misses nothing; a
        venue that gives none cannot be followed.
        """
        if number is None:
            return
        last = self._last.get(series)
        if last is not None and number > last + 1:
            yield Missed(series, number - last - 1)
        if last is None or number > last:
            self._last[series] = number
