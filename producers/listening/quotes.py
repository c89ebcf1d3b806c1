"""A chain, row by row: a bad row is told, and takes no other with it."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

import msgspec

from producers.listening.conversation import Meaning, Odd, unusable
from producers.source import Unusable
from streams.events import ChainSnapshot, Right

Row = TypeVar("Row")


class Quote(NamedTuple):
    """One option: when it ends (ns UTC), its strike and right, what is quoted."""

    expiry: int
    strike: float
    right: Right
    bid: float | None
    ask: float | None
    iv: float | None
    """An annualised fraction."""


@dataclass(frozen=True, slots=True)
class Chain:
    """Whose chain it is, and how late.

    Attributes:
        symbol: the underlying.
        source: the venue.
        delay_seconds: how long it holds its quotes back.
    """

    symbol: str
    source: str
    delay_seconds: float = 0.0

    def told(
        self,
        spot: float,
        received: int,
        rows: Iterable[Row],
        read: Callable[[Row], Quote | None],
    ) -> Iterator[Meaning]:
        """Yield the chain, and in one message all rows that cannot be read.

        Args:
            spot: the underlying's price, in dollars.
            received: when it came (ns UTC).
            rows: as the venue has them.
            read: what a row says, None if it is none of ours; raises what a
                parser raises.
        """
        quotes: list[Quote] = []
        odd: list[tuple[Exception, Row]] = []
        for row in rows:
            try:
                quote = read(row)
            except (Odd, msgspec.ValidationError) as error:
                odd.append((error, row))
                continue
            if quote is not None:
                quotes.append(quote)
        if odd:
            yield self._odd(odd)
        if not quotes:
            return
        yield ChainSnapshot(
            symbol=self.symbol,
            source=self.source,
            at=received,
            spot=spot,
            expiry=[quote.expiry for quote in quotes],
            strike=[quote.strike for quote in quotes],
            right=[quote.right for quote in quotes],
            bid=[quote.bid for quote in quotes],
            ask=[quote.ask for quote in quotes],
            iv=[quote.iv or None for quote in quotes],
            delay_seconds=self.delay_seconds,
        )

    def _odd(self, odd: Sequence[tuple[Exception, object]]) -> Unusable:
        first, _ = odd[0]
        raw = msgspec.json.encode([row for _, row in odd])
        told = unusable(self.source, first, raw)
        detail = f"{len(odd)} options, the first: {told.detail}"
        return Unusable(self.source, told.reason, detail, raw, self.symbol, len(odd))
