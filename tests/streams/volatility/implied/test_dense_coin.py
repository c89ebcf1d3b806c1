"""A dense chain as Deribit quotes it: in coin, on ticks, zero bids far out.

Made up, for no dense recorded one may be committed or is at hand: strikes,
expiries and ticks are Deribit's, the smile is a parabola in standardised
moneyness, and it travels as a saved book summary does.
"""

import datetime as dt
import json
import math

import numpy as np
import pytest

from streams.volatility.implied.at_the_money import AtTheMoney
from streams.volatility.implied.black import black_price
from streams.volatility.implied.chain import Chain
from streams.volatility.implied.forward import Forward
from streams.volatility.implied.measure import ChainReadings, Method, measure_chain
from volcross.commands.chain_files import read_chain

AT = dt.datetime(2024, 7, 31, 20, tzinfo=dt.UTC)
EXPIRIES = [1, 2, 3, 9, 16, 23, 30, 58, 149, 240]
SPOT, GROWTH = 65_000.0, 0.08
FINE, COARSE, TURN = 1e-4, 5e-4, 5e-3
"""Deribit's ticks of a BTC option, and the price from which the coarse one holds."""


def smile(strike: np.ndarray, forward: float, years: float) -> np.ndarray:
    """Return 50% at the forward, dearer on both sides, more so below."""
    k = np.log(strike / forward) / math.sqrt(years)
    vol: np.ndarray = (
        0.5 + 0.01 * np.sqrt(years) - 0.02 * k + 0.02 * np.minimum(k**2, 9)
    )
    return vol


def forward_of(years: float) -> float:
    return SPOT * math.exp(GROWTH * years)


def book(*, ticks: bool) -> Chain:
    """Return the chain, its prices on ticks or exact."""
    rows = []
    for days in EXPIRIES:
        expiry = (AT + dt.timedelta(days=days)).replace(hour=8)
        years = (expiry - AT) / dt.timedelta(days=365)
        forward = forward_of(years)
        spacing = 500 if days < 4 else 1000 if days < 40 else 2000
        strikes = np.arange(24_000.0, 140_000.0, spacing)
        total = smile(strikes, forward, years) * math.sqrt(years)
        for right in "CP":
            level = np.full(strikes.shape, forward)
            call = np.full(strikes.shape, right == "C")
            coin = black_price(level, strikes, total, call) / forward
            tick = np.where(coin < TURN, FINE, COARSE)
            bid = np.floor(coin / tick - 0.5) * tick if ticks else coin
            ask = np.ceil(coin / tick + 0.5) * tick if ticks else coin
            name = f"BTC-{expiry.day}{expiry:%b%y}".upper()
            rows += [
                {
                    "instrument_name": f"{name}-{strike:.0f}-{right}",
                    "bid_price": low if low > 0 else None,
                    "ask_price": high,
                    "creation_timestamp": int(AT.timestamp() * 1000),
                    "underlying_price": forward,
                }
                for strike, low, high in zip(
                    strikes.tolist(), bid.tolist(), ask.tolist(), strict=True
                )
            ]
    saved = json.dumps({"result": rows})
    return read_chain(saved, "book", None, coin=False, american=False)


@pytest.fixture(scope="module")
def read() -> ChainReadings:
    return measure_chain(book(ticks=True), 0)


def test_every_tenor_is_read_by_every_method(read: ChainReadings) -> None:
    assert len(book(ticks=True)) > 2_500
    assert read.refusals == []


def test_a_forward_is_right_to_a_tick(read: ChainReadings) -> None:
    for expiry in read.expiries:
        assert isinstance(expiry.forward, Forward)
        assert expiry.forward.price == pytest.approx(
            forward_of(expiry.years), rel=COARSE
        )


def test_at_the_money_it_is_the_smile_to_half_a_tick_over_vega(
    read: ChainReadings,
) -> None:
    for expiry in read.expiries:
        answer, years = expiry.answers[Method.ATM], expiry.years
        assert isinstance(answer, AtTheMoney)
        forward = forward_of(years)
        vega = math.sqrt(years / (2 * math.pi))
        exact = float(smile(np.array([forward]), forward, years)[0])
        assert answer.vol == pytest.approx(exact, abs=COARSE / 2 / vega)


@pytest.mark.parametrize(
    ("method", "points"),
    [(Method.ATM, 0.1), (Method.MODEL_FREE, 0.15), (Method.SKEW, 0.25)],
)
def test_ticks_move_a_tenor_as_little_as_the_docs_say(
    method: Method, points: float, read: ChainReadings
) -> None:
    exact = measure_chain(book(ticks=False), 0)
    for one, other in zip(read.readings, exact.readings, strict=True):
        assert one[:2] == other[:2]
        if one.method is method:
            assert 100 * one.value == pytest.approx(100 * other.value, abs=points)
