"""A chain as it travels, made into the columns the maths reads."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from streams.events import ChainSnapshot, Right
from streams.volatility.implied.chain import Chain, Settlement
from streams.volatility.implied.instruments import EUROPEAN_UNDERLYINGS


def chain_of(snapshot: ChainSnapshot) -> Chain:
    """Return the snapshot's quotes; who bids nothing bids 0, who asks nothing ∞."""
    coin = snapshot.coin_settled
    return Chain(
        symbol=snapshot.symbol,
        at=snapshot.at,
        expiry=np.array(snapshot.expiry, dtype=np.int64),
        strike=np.array(snapshot.strike, dtype=np.float64),
        call=np.array(
            [right is Right.CALL for right in snapshot.right], dtype=np.bool_
        ),
        bid=_column(snapshot.bid, missing=0.0),
        ask=_column(snapshot.ask, missing=math.inf),
        settlement=Settlement.COIN if coin else Settlement.LINEAR,
        american=not coin and snapshot.symbol not in EUROPEAN_UNDERLYINGS,
    )


def _column(quotes: Sequence[float | None], missing: float) -> NDArray[np.float64]:
    return np.array(
        [missing if quote is None else quote for quote in quotes], dtype=np.float64
    )
