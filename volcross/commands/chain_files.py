"""Chains in files: our own CSV, a saved Cboe answer, a Deribit book summary.

Pure: text in, a `Chain` out, or a `Refusal` that names the row.
"""

import csv
import datetime as dt
import json
import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from streams.volatility.implied.chain import Chain, Settlement
from streams.volatility.implied.instruments import (
    EUROPEAN_UNDERLYINGS,
    Instrument,
    deribit_instrument,
    occ_instrument,
    us_expiry,
)
from volcross.commands.text_files import number
from volcross.refusal import Refusal

_NEEDED = ("expiry", "strike", "right", "bid", "ask")
_CALLS, _PUTS = {"c", "call"}, {"p", "put"}


@dataclass(slots=True)
class _Rows:
    """Quotes as they are read."""

    expiry: list[int] = field(default_factory=list)
    strike: list[float] = field(default_factory=list)
    call: list[bool] = field(default_factory=list)
    bid: list[float] = field(default_factory=list)
    ask: list[float] = field(default_factory=list)
    underlyings: set[str] = field(default_factory=set)

    def add(self, option: Instrument, bid: float | None, ask: float | None) -> None:
        self.expiry.append(option.expiry)
        self.strike.append(option.strike)
        self.call.append(option.call)
        self.bid.append(0.0 if bid is None else float(bid))
        # Cboe writes 0 where nobody offers; nothing is offered for nothing.
        self.ask.append(float(ask) if ask else math.inf)
        self.underlyings.add(option.underlying)

    def chain(self, symbol: str, at: int, *, coin: bool, american: bool) -> Chain:
        return Chain(
            symbol=symbol,
            at=at,
            expiry=np.array(self.expiry, dtype=np.int64),
            strike=np.array(self.strike, dtype=np.float64),
            call=np.array(self.call, dtype=np.bool_),
            bid=np.array(self.bid, dtype=np.float64),
            ask=np.array(self.ask, dtype=np.float64),
            settlement=Settlement.COIN if coin else Settlement.LINEAR,
            american=american,
            underlyings=frozenset(self.underlyings),
        )


def instant(text: str) -> int:
    """Return the ns UTC of an ISO time; UTC where it names no zone.

    Raises:
        Refusal: it is none.
    """
    try:
        at = dt.datetime.fromisoformat(text)
    except ValueError as error:
        raise Refusal(f"{text!r} is not a time such as 2024-07-31T20:00Z") from error
    if at.tzinfo is None:
        at = at.replace(tzinfo=dt.UTC)
    return (
        (at - dt.datetime.fromtimestamp(0, dt.UTC))
        // dt.timedelta(microseconds=1)
        * 1000
    )


def read_chain(
    text: str, name: str, as_of: int | None, *, coin: bool, american: bool
) -> Chain:
    """Return the chain in a file's text, whatever of the three it is.

    Args:
        text: the file.
        name: its name, for complaints.
        as_of: when the quotes held (ns UTC); None for what the file says.
        coin: a CSV's prices are in coin.
        american: a CSV's options may be exercised early.

    Raises:
        Refusal: it is none of them, or says no time and none is given.
    """
    if text.lstrip()[:1] in {"{", "["}:
        try:
            answer = json.loads(text)
        except ValueError as error:
            raise Refusal(f"{name}: not JSON: {error}") from error
        return _from_json(answer, name, as_of)
    if as_of is None:
        raise Refusal(f"{name}: a CSV says no time: give --as-of")
    return _from_csv(text, name, as_of, coin=coin, american=american)


def _from_json(answer: Any, name: str, as_of: int | None) -> Chain:  # noqa: ANN401 - JSON
    try:
        if isinstance(answer, dict) and "options" in answer.get("data", {}):
            return _from_cboe(answer, as_of)
        rows = answer["result"] if isinstance(answer, dict) else answer
        return _from_deribit(rows, as_of)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise Refusal(
            f"{name}: neither a Cboe delayed quote nor a Deribit book summary:"
            f" {_amiss(error)}"
        ) from error


def _amiss(error: Exception) -> str:
    return f"no {error}" if isinstance(error, KeyError) else str(error)


def _from_cboe(answer: dict[str, Any], as_of: int | None) -> Chain:
    rows = _Rows()
    for quote in answer["data"]["options"]:
        option = occ_instrument(quote["option"])
        if option.standard:
            rows.add(option, quote["bid"], quote["ask"])
    symbol = answer["data"]["symbol"].lstrip("^_")
    at = instant(answer["timestamp"]) if as_of is None else as_of
    american = symbol not in EUROPEAN_UNDERLYINGS
    return rows.chain(symbol, at, coin=False, american=american)


def _from_deribit(book: list[dict[str, Any]], as_of: int | None) -> Chain:
    rows = _Rows()
    for quote in book:
        option = deribit_instrument(quote["instrument_name"])
        rows.add(option, quote["bid_price"], quote["ask_price"])
    if as_of is None:
        as_of = max(int(quote["creation_timestamp"]) for quote in book) * 10**6
    coin = all(quote.get("quote_currency") != "USDC" for quote in book)
    symbol = min(rows.underlyings)
    return rows.chain(symbol, as_of, coin=coin, american=False)


def _from_csv(text: str, name: str, as_of: int, *, coin: bool, american: bool) -> Chain:
    reader = csv.DictReader(text.splitlines())
    columns = {column.strip().lower(): column for column in reader.fieldnames or ()}
    if missing := [column for column in _NEEDED if column not in columns]:
        raise Refusal(f"{name}: no column {', '.join(missing)}")
    naming = next((columns[c] for c in ("underlying", "symbol") if c in columns), None)
    rows = _Rows()
    for line, row in enumerate(reader, start=2):
        try:
            option = Instrument(
                underlying=(row[naming] or "").strip() if naming else name,
                expiry=_expiry(row[columns["expiry"]].strip(), coin=coin),
                strike=number(row[columns["strike"]]),
                call=_is_call(row[columns["right"]]),
            )
            bid, ask = (_quote(row[columns[side]]) for side in ("bid", "ask"))
        except (ValueError, TypeError, AttributeError, Refusal) as error:
            raise Refusal(f"{name}, line {line}: {error}") from error
        rows.add(option, bid, ask)
    symbol = min(rows.underlyings, default=name)
    return rows.chain(symbol, as_of, coin=coin, american=american)


def _expiry(text: str, *, coin: bool) -> int:
    compact = len(text) == len("20240816") and text.isdigit()
    day = f"{text[:4]}-{text[4:6]}-{text[6:]}" if compact else text
    if len(day) > len("2024-08-16"):
        return instant(day)
    return instant(f"{day}T08:00") if coin else us_expiry(day)


def _is_call(text: str) -> bool:
    right = text.strip().lower()
    if right not in _CALLS | _PUTS:
        raise ValueError(f"{text!r} is neither a call nor a put")
    return right in _CALLS


def _quote(text: str) -> float | None:
    return number(text) if text.strip() else None
