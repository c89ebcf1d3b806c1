import numpy as np
import pytest

from streams import wire
from streams.events import ChainSnapshot, Right
from streams.stages.chains import chain_of
from streams.volatility.implied.chain import Chain, Settlement
from streams.volatility.implied.measure import Method, measure_chain
from streams.volatility.implied.refusals import Refusal
from tests.streams.volatility.implied.smiles import AT, chain, flat


def snapshot_of(quotes: Chain, *, coin: bool = False) -> ChainSnapshot:
    """Return the quotes as they travel, through the wire and back."""
    snapshot = ChainSnapshot(
        symbol=quotes.symbol,
        source="test",
        at=quotes.at,
        spot=100.0,
        coin_settled=coin,
        expiry=quotes.expiry.tolist(),
        strike=quotes.strike.tolist(),
        right=[Right.CALL if call else Right.PUT for call in quotes.call],
        bid=[bid or None for bid in quotes.bid.tolist()],
        ask=[ask if ask < np.inf else None for ask in quotes.ask.tolist()],
        iv=[None] * len(quotes),
    )
    return wire.Codec(ChainSnapshot).decode(wire.encode(snapshot))


@pytest.mark.parametrize("coin", [False, True])
def test_a_chain_says_the_same_after_its_journey(coin: bool) -> None:
    quotes = chain(flat(0.5), coin=coin)
    arrived = chain_of(snapshot_of(quotes, coin=coin))
    assert arrived.settlement is (Settlement.COIN if coin else Settlement.LINEAR)
    methods = (Method.MODEL_FREE,)
    one = measure_chain(quotes, AT, methods=methods)
    other = measure_chain(arrived, AT, methods=methods)
    assert one.readings == other.readings
    assert one.readings


def test_a_bid_of_nobody_is_no_bid_and_an_ask_of_nobody_no_quote() -> None:
    snapshot = snapshot_of(chain(flat(0.5)))
    silent = ChainSnapshot(
        **{
            name: getattr(snapshot, name)
            for name in ("symbol", "source", "at", "spot", "expiry", "strike", "right")
        },
        bid=[None] * len(snapshot.bid),
        ask=[None] * len(snapshot.ask),
        iv=snapshot.iv,
    )
    readings = measure_chain(chain_of(silent), AT)
    assert {refusal.reason for refusal in readings.refusals} == {Refusal.NO_BIDS}


def test_only_a_stocks_options_are_american() -> None:
    quotes = chain(flat(0.5))
    assert chain_of(snapshot_of(quotes)).american
    assert not chain_of(snapshot_of(quotes, coin=True)).american
