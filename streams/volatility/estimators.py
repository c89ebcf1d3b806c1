"""The table of realised-volatility estimators, by the name they go by."""

from streams.volatility.bipower import Bipower
from streams.volatility.close_to_close import CloseToClose
from streams.volatility.demeaned import DemeanedCloseToClose
from streams.volatility.estimator import Estimator
from streams.volatility.ewma import Ewma
from streams.volatility.garman_klass import GarmanKlass
from streams.volatility.parkinson import Parkinson
from streams.volatility.rogers_satchell import RogersSatchell
from streams.volatility.yang_zhang import YangZhang

ESTIMATORS: dict[str, type[Estimator]] = {
    "close-to-close": CloseToClose,
    "close-to-close-demeaned": DemeanedCloseToClose,
    "ewma": Ewma,
    "parkinson": Parkinson,
    "garman-klass": GarmanKlass,
    "rogers-satchell": RogersSatchell,
    "yang-zhang": YangZhang,
    "bipower": Bipower,
}
