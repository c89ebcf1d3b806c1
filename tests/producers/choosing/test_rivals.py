"""Two sources that would speak of the same thing are told before they start."""

from typing import Any

import pytest
from pydantic import TypeAdapter

from producers.choosing.rivals import rivals
from producers.settings import SourceSettings

CBOE = {"kind": "cboe", "prices": False}
ALPACA = {"kind": "alpaca", "chains": "1m"}

ANY: TypeAdapter[Any] = TypeAdapter(SourceSettings)


@pytest.mark.parametrize(
    ("tables", "complaint"),
    [
        (["deribit", "cboe"], None),
        (["deribit", "coinbase"], "a0 and a1 both give the price of BTC"),
        ([{"kind": "deribit", "prices": False}, "coinbase"], None),
        (["coinbase", "kraken"], "a0 and a1 both give the price of BTC"),
        (["cboe", "yahoo"], "a0 and a1 both give the price of NVDA"),
        ([CBOE, "yahoo"], None),
        ([CBOE, ALPACA], "a0 and a1 both give the option chain of NVDA"),
        ([{**CBOE, "chains": False}, ALPACA], None),
        ([CBOE, {**ALPACA, "chains": "0s"}], None),
        ([{"kind": "failover", "prefer": [CBOE, ALPACA]}, "deribit"], None),
        (["story", "deribit"], "a0 and a1 both give the price of BTC"),
        (
            [
                {"kind": "failover", "prefer": [{"kind": "coinbase"}] * 2},
                {"kind": "deribit", "prices": False},
            ],
            None,
        ),
        (["deribit", {"kind": "synthetic", "symbols": {"X": {"measure": "iv"}}}], None),
        (
            ["deribit", {"kind": "synthetic", "symbols": {"BTC": {"measure": "dvol"}}}],
            "a0 and a1 both give the price of BTC",
        ),
    ],
)
def test_two_that_speak_of_the_same_are_told(
    tables: list[Any], complaint: str | None
) -> None:
    sources = {
        f"a{n}": ANY.validate_python({"kind": t} if isinstance(t, str) else t)
        for n, t in enumerate(tables)
    }
    told = rivals(sources)
    assert told is None if complaint is None else (told or "").startswith(complaint)
