"""The table of realised-volatility estimators, by the name they go by."""

from streams.volatility.close_to_close import CloseToClose
from streams.volatility.estimator import Estimator
from streams.volatility.ewma import Ewma

ESTIMATORS: dict[str, type[Estimator]] = {
    "close-to-close": CloseToClose,
    "ewma": Ewma,
}
