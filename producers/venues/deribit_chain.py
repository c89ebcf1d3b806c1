"""Deribit's option chains: get_book_summary_by_currency, prices in coins."""

from collections.abc import Iterable
from datetime import UTC, datetime
from functools import lru_cache

import msgspec

from producers.listening.conversation import (
    Frame,
    Meaning,
    Odd,
    Refused,
    from_milliseconds,
    positive,
)
from producers.source import Reason, Unusable, instant
from producers.venues.deribit_history import SOURCE
from streams.events import ChainSnapshot, Right


class _Summary(msgspec.Struct):
    instrument_name: str
    bid_price: float | None = None
    ask_price: float | None = None
    mark_iv: float | None = None
    creation_timestamp: float | None = None
    estimated_delivery_price: float | None = None


class RpcError(msgspec.Struct):
    """How Deribit says no, on any way it is asked."""

    code: int = 0
    message: str = ""

    def refused(self) -> Refused:
        """Return it as what may be raised."""
        return Refused(f"error {self.code}: {self.message}")


class _Book(msgspec.Struct):
    result: list[_Summary] | None = None
    error: RpcError | None = None


_book = msgspec.json.Decoder(_Book).decode


def chain_url(currency: str, url: str) -> str:
    """Return where a currency's whole chain is."""
    method = "public/get_book_summary_by_currency"
    return f"{url}/{method}?currency={currency}&kind=option"


class Chain:
    """The option chain of one currency; prices are in coins.

    Args:
        currency: ``BTC``, ``ETH``.
    """

    def __init__(self, currency: str) -> None:
        self._currency = currency

    def open(self) -> Iterable[str]:
        """Nothing: it is asked by address."""
        return ()

    def hear(self, frame: Frame, received: int) -> Iterable[Meaning]:
        """Return the chain, and what of it could not be read."""
        book = _book(frame)
        if book.error is not None:
            raise book.error.refused()
        if book.result is None:
            raise Odd(Reason.MISSING_FIELD, "no result", self._currency)
        rows, odd = [], []
        for summary in book.result:
            option = _instrument(summary.instrument_name)
            if option is None:
                odd.append(summary.instrument_name)
            else:
                rows.append((option, summary))
        spots = [s.estimated_delivery_price for _, s in rows]
        spot = next((price for price in spots if price), None)
        if spot is None:
            raise Odd(Reason.MISSING_FIELD, "no underlying price", self._currency)
        if odd:
            detail = f"{len(odd)} instruments, the first {odd[0]!r}"
            raw = msgspec.json.encode(odd)
            yield Unusable(
                SOURCE,
                Reason.UNKNOWN_SYMBOL,
                detail,
                raw,
                self._currency,
                len(odd),
            )
        stamps = [s.creation_timestamp for _, s in rows if s.creation_timestamp]
        yield ChainSnapshot(
            symbol=self._currency,
            source=SOURCE,
            at=from_milliseconds(max(stamps)) if stamps else received,
            spot=positive(spot, "underlying price"),
            coin_settled=True,
            expiry=[option[0] for option, _ in rows],
            strike=[option[1] for option, _ in rows],
            right=[option[2] for option, _ in rows],
            bid=[s.bid_price or None for _, s in rows],
            ask=[s.ask_price or None for _, s in rows],
            iv=[s.mark_iv / 100 if s.mark_iv else None for _, s in rows],
        )


@lru_cache(maxsize=20_000)
def _instrument(name: str) -> tuple[int, float, Right] | None:
    """Return expiry (ns UTC), strike and right of ``BTC-25JUN27-50000-C``."""
    try:
        _, day, strike, right = name.split("-")
        # All options end at 08:00 UTC; a strike's point is written as a d.
        expiry = datetime.strptime(day, "%d%b%y").replace(hour=8, tzinfo=UTC)
        return (
            instant(expiry),
            positive(float(strike.replace("d", ".")), "strike"),
            {"C": Right.CALL, "P": Right.PUT}[right],
        )
    except (ValueError, KeyError, Odd):
        return None
