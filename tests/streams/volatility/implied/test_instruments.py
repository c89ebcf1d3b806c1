import pytest

from streams.volatility.implied.instruments import (
    deribit_instrument,
    occ_instrument,
    us_expiry,
)
from tests.streams.volatility.conftest import ns


def test_a_stocks_option_expires_at_the_close_of_new_york() -> None:
    assert occ_instrument("NVDA240816C00120000").expiry == ns("2024-08-16T20:00")
    assert occ_instrument("NVDA241220P00120500").expiry == ns("2024-12-20T21:00")
    assert occ_instrument("NVDA241220P00120500").strike == 120.5


def test_an_index_option_of_the_morning_root_expires_at_the_open() -> None:
    assert occ_instrument("SPX240816C05000000").expiry == ns("2024-08-16T13:30")
    weekly = occ_instrument("SPXW240816C05000000")
    assert weekly.expiry == ns("2024-08-16T20:00")
    assert weekly.underlying == "SPX"


def test_an_adjusted_contract_is_not_standard() -> None:
    assert not occ_instrument("MSTR1260717C00095000").standard


def test_a_deribit_option_expires_at_eight_utc() -> None:
    option = deribit_instrument("BTC-5JUL26-66000-P")
    assert option.expiry == ns("2026-07-05T08:00")
    assert (option.underlying, option.strike, option.call) == ("BTC", 66_000.0, False)
    assert deribit_instrument("XRP_USDC-5JUL26-0d55-C").strike == 0.55


@pytest.mark.parametrize("name", ["", "NVDA", "NVDA241399C00120000", "BTC-PERPETUAL"])
def test_what_names_no_option_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        occ_instrument(name)
    with pytest.raises(ValueError, match="not a Deribit option"):
        deribit_instrument(name)


def test_an_expiry_is_the_days_close_in_summer_and_winter() -> None:
    assert us_expiry("2024-07-31") - us_expiry("2024-07-30") == 86_400 * 10**9
    assert (
        us_expiry("2024-11-04") - us_expiry("2024-11-01") == (3 * 86_400 + 3600) * 10**9
    )
