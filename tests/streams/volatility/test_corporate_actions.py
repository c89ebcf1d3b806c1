import numpy as np
import pytest

from streams.volatility.bars import BarColumns
from streams.volatility.corporate_actions import CorporateAction, price_factors
from streams.volatility.estimators import ESTIMATORS
from streams.volatility.market_time import market_clock
from tests.streams.volatility.conftest import ns

SPLIT = CorporateAction(at=ns("2024-06-10T09:30-04:00"), factor=10.0)


def test_nvidias_split_is_not_a_return(nvda: BarColumns) -> None:
    # The file is adjusted already: undo it, to have what traded.
    traded = np.where(nvda.at < SPLIT.at, 10 * nvda.close, nvda.close)
    adjusted = traded * price_factors([SPLIT], nvda.at)
    clock = market_clock("us-equity")

    def at_june_28(close: np.ndarray) -> float:
        estimator = ESTIMATORS["close-to-close"](30 * 86_400.0, clock)
        value, _ = estimator.update(BarColumns.of_closes(nvda.at, close))
        return float(value[np.searchsorted(nvda.at, ns("2024-06-28T16:00-04:00"))])

    assert at_june_28(adjusted) == pytest.approx(at_june_28(nvda.close), rel=1e-9)
    assert at_june_28(traded) > 5


def test_actions_add_up_in_the_order_of_their_time() -> None:
    actions = [CorporateAction(20, 4.0), CorporateAction(10, 0.5)]
    at = np.array([9, 10, 19, 20])
    assert price_factors(actions, at).tolist() == [1.0, 0.5, 0.5, 2.0]


@pytest.mark.parametrize("factor", [0.0, -1.0, np.nan, np.inf])
def test_a_factor_that_is_none_is_refused(factor: float) -> None:
    with pytest.raises(ValueError, match="factor"):
        CorporateAction(1, factor)
