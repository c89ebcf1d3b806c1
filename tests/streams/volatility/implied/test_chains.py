import csv
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy import integrate

from streams.volatility.implied.at_the_money import AtTheMoney
from streams.volatility.implied.black import black_price
from streams.volatility.implied.chain import (
    YEAR_NS,
    Chain,
    Strip,
    split_by_expiry,
)
from streams.volatility.implied.constant_maturity import Maturity, constant_maturity
from streams.volatility.implied.forward import Forward
from streams.volatility.implied.measure import (
    TENORS_DAYS,
    ChainReadings,
    Method,
    Terms,
    measure_chain,
)
from streams.volatility.implied.model_free import ModelFree, model_free
from streams.volatility.implied.refusals import Refusal
from streams.volatility.implied.risk_reversal import Wings
from tests.streams.volatility.implied.smiles import (
    AT,
    DAY_NS,
    Smile,
    chain,
    flat,
    rows_of,
)

SKEWED: Smile = lambda strike, years: (  # noqa: E731 - a smile, given as one
    0.6 - 0.2 * np.log(strike / 100) + 0.1 * np.log(strike / 100) ** 2 + 0.05 * years
)


def value(readings: ChainReadings, method: Method, tenor: float) -> float:
    (found,) = [
        r.value
        for r in readings.readings
        if (r.method, r.tenor_days) == (method, tenor)
    ]
    return found


@pytest.fixture(scope="module")
def vix2009(data_dir: Path) -> Chain:
    """Give the worked example of Cboe's 2009 paper, nine and 37 days to go."""
    expiry, strike, call, bid, ask = [], [], [], [], []
    with (data_dir / "vix2009/options.csv").open() as file:
        for row in csv.DictReader(file):
            for right in ("Call", "Put"):
                expiry.append(AT + int(row["Days"]) * DAY_NS)
                strike.append(float(row["Strike"]))
                call.append(right == "Call")
                bid.append(float(row[f"{right} Bid"]))
                ask.append(float(row[f"{right} Ask"]))
    return Chain(
        symbol="SPX",
        at=AT,
        expiry=np.array(expiry),
        strike=np.array(strike),
        call=np.array(call),
        bid=np.array(bid),
        ask=np.array(ask),
    )


# -- the reference case --------------------------------------------------------


def test_the_2009_index_is_61_22_with_its_forwards_and_variances(
    vix2009: Chain,
) -> None:
    readings = measure_chain(vix2009, AT, terms=Terms(rate=lambda _: 0.0038))
    assert f"{100 * value(readings, Method.MODEL_FREE, 30):.2f}" == "61.22"
    printed = []
    for expiry in readings.expiries:
        answer = expiry.answers[Method.MODEL_FREE]
        assert isinstance(expiry.forward, Forward)
        assert isinstance(answer, ModelFree)
        printed.append(
            (
                round(expiry.years * 525_600),
                f"{expiry.forward.price:.5f}",
                answer.at_the_money_strike,
                f"{answer.variance:.7f}",
            )
        )
    assert printed == [
        (12_960, "920.50005", 920.0, "0.4727672"),
        (53_280, "921.00039", 920.0, "0.3668182"),
    ]


def test_the_model_free_index_takes_raw_quotes(vix2009: Chain) -> None:
    # A spread cap of the at-the-money filter would make this 59.12.
    wide = measure_chain(vix2009, AT, terms=Terms(lambda _: 0.0038, widest_spread=0.1))
    assert f"{100 * value(wide, Method.MODEL_FREE, 30):.2f}" == "61.22"


# -- chains whose answer is known ------------------------------------------------


@settings(max_examples=40, deadline=None)
@given(
    vol=st.floats(0.1, 1.5),
    forward=st.floats(80, 120),
    rate=st.floats(0, 0.1),
    coin=st.booleans(),
)
def test_a_flat_smile_is_its_own_volatility_at_the_money(
    vol: float, forward: float, rate: float, coin: bool
) -> None:
    quotes = chain(flat(vol), forward=forward, rate=rate, coin=coin)
    readings = measure_chain(quotes, AT, terms=Terms(rate=lambda _: rate))
    assert value(readings, Method.ATM, 30) == pytest.approx(vol, abs=1e-6)
    for expiry in readings.expiries:
        assert isinstance(expiry.forward, Forward)
        assert expiry.forward.price == pytest.approx(forward, rel=1e-9)


def discretisation_bound(strip: Strip, forward: float, vol: float) -> float:
    """Return how far the model-free variance may be from vol² (docs/methods.md).

    The trapezoid's error on either wing, what the two ends count too much,
    the tails that are not quoted, and the third-order term of the correction
    for K₀ ≠ F.
    """
    years, strike = strip.years, strip.strike
    total = np.array(vol * math.sqrt(years))

    def density(k: np.ndarray, call: bool) -> np.ndarray:
        price: np.ndarray = black_price(np.array(forward), k, total, np.array(call))
        per_strike: np.ndarray = price / k**2
        return per_strike

    def at(k: float, call: bool) -> float:
        return float(density(np.array([k]), call)[0])

    k0 = strike[strike <= forward].max()
    step = float(np.max(np.diff(strike)))
    error = 0.0
    for low, high, call in ((strike[0], k0, False), (k0, strike[-1], True)):
        fine = np.linspace(low, high, 20_001)
        slope = np.gradient(density(fine, call), fine)
        error += step**2 / 8 * float(np.abs(np.diff(slope)).sum())
    for low, high, call in ((1e-3, strike[0], False), (strike[-1], 1e5, True)):
        tail, _ = integrate.quad(at, low, high, args=(call,))
        error += tail + step / 2 * at(low if call else high, call)
    bound: float = 2 / years * (error + (forward / k0 - 1) ** 3 / 3)
    return bound


@settings(max_examples=25, deadline=None)
@given(
    vol=st.floats(0.2, 1.2), forward=st.floats(90, 110), step=st.sampled_from([1, 2, 5])
)
def test_a_flat_smile_is_its_own_model_free_variance_within_the_bound(
    vol: float, forward: float, step: int
) -> None:
    quotes = chain(flat(vol), forward=forward, strikes=np.arange(40.0, 260.0, step))
    strips = split_by_expiry(quotes)
    assert isinstance(strips, list)
    for strip in strips:
        answer = model_free(strip, Forward(forward, forward, 1.0))
        assert isinstance(answer, ModelFree)
        bound = discretisation_bound(strip, forward, vol)
        assert abs(answer.variance - vol**2) <= bound * (1 + 1e-6) + 1e-12


@settings(max_examples=25, deadline=None)
@given(vol=st.floats(0.2, 1.2), low=st.integers(40, 90), high=st.integers(110, 200))
def test_a_further_strike_never_lowers_the_model_free_variance(
    vol: float, low: int, high: int
) -> None:
    def variance(first: int, last: int) -> float:
        strips = split_by_expiry(
            chain(flat(vol), strikes=np.arange(first, last + 1, dtype=float))
        )
        assert isinstance(strips, list)
        forward = Forward(100.2, 100.0, 1.0)
        answer = model_free(strips[1], forward, dearest_end=math.inf)
        assert isinstance(answer, ModelFree)
        return answer.variance

    inner = variance(low, high)
    rounding = 1e-14 * inner
    assert variance(low - 1, high) >= inner - rounding
    assert variance(low, high + 1) >= inner - rounding


@settings(max_examples=50, deadline=None)
@given(vol=st.floats(0.2, 1.2), low=st.integers(20, 99), high=st.integers(101, 399))
def test_a_list_of_strikes_cut_short_is_refused_before_it_costs_a_fiftieth_of_the_vol(
    vol: float, low: int, high: int
) -> None:
    quotes = chain(flat(vol), strikes=np.arange(low, high + 1, dtype=float))
    strips = split_by_expiry(quotes)
    assert isinstance(strips, list)
    for strip in strips:
        answer = model_free(strip, Forward(100.2, 100.0, 1.0))
        if isinstance(answer, ModelFree):
            assert math.sqrt(answer.variance) >= 0.98 * vol
        else:
            assert answer is Refusal.TRUNCATED
            nearest = min(math.log(100 / low), math.log(high / 100))
            assert nearest < 2 * vol * math.sqrt(strip.years)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32))
def test_the_order_of_the_quotes_does_not_matter(seed: int) -> None:
    quotes = chain(SKEWED, rate=0.03, half_spread=0.02)
    order = np.random.default_rng(seed).permutation(len(quotes))
    assert measure_chain(rows_of(quotes, order), AT) == measure_chain(quotes, AT)


def test_coin_quotes_say_the_same_as_dollar_quotes() -> None:
    dollars = measure_chain(chain(SKEWED), AT)
    coins = measure_chain(chain(SKEWED, coin=True), AT, terms=Terms(rate=lambda _: 9.9))
    for one, other in zip(dollars.readings, coins.readings, strict=True):
        assert one.value == pytest.approx(other.value, rel=1e-9)


def test_the_skew_is_what_the_smile_says_at_25_delta() -> None:
    quotes = chain(SKEWED, days=(30,), strikes=np.arange(20.0, 400.0, 0.25))
    answer = measure_chain(quotes, AT).expiries[0].answers[Method.SKEW]
    assert isinstance(answer, Wings)
    years = 30 / 365

    def delta(strike: float) -> float:
        total = float(SKEWED(np.array([strike]), years)[0]) * math.sqrt(years)
        d1 = math.log(100 / strike) / total + total / 2
        return 0.5 * math.erfc(-d1 / math.sqrt(2))

    strikes = np.arange(20.0, 400.0, 0.01)
    deltas = np.array([delta(k) for k in strikes])
    for got, target in ((answer.put, 0.75), (answer.call, 0.25)):
        there = strikes[np.argmin(np.abs(deltas - target))]
        assert got == pytest.approx(
            float(SKEWED(np.array([there]), years)[0]), abs=1e-4
        )
    assert answer.put > answer.call


def test_every_tenor_that_is_bracketed_is_read() -> None:
    readings = measure_chain(chain(flat(0.5), days=(3, 10, 20, 45, 75, 120)), AT)
    assert not readings.refusals
    assert len(readings.readings) == len(Method) * len(TENORS_DAYS)
    for tenor in TENORS_DAYS:
        assert value(readings, Method.ATM, tenor) == pytest.approx(0.5, abs=1e-6)
        assert value(readings, Method.SKEW, tenor) == pytest.approx(0, abs=1e-3)


# -- constant maturity -----------------------------------------------------------


def test_total_variance_is_linear_between_the_maturities() -> None:
    near, far = Maturity(20 / 365, 0.5), Maturity(40 / 365, 0.7)
    point = constant_maturity([near, far], 30)
    assert not isinstance(point, Refusal)
    middle = (0.5**2 * 20 + 0.7**2 * 40) / 2
    assert point.vol == pytest.approx(math.sqrt(middle / 30), rel=1e-12)
    assert (point.near, point.far) == (0, 1)


def test_a_maturity_of_the_very_tenor_needs_no_other() -> None:
    point = constant_maturity([Maturity(30 / 365, 0.4)], 30)
    assert not isinstance(point, Refusal)
    assert point.vol == 0.4


@pytest.mark.parametrize("days", [(), (31,), (31, 60), (10,), (10, 29.99)])
def test_a_tenor_without_maturities_on_both_sides_is_refused(
    days: tuple[float, ...],
) -> None:
    maturities = [Maturity(day / 365, 0.4) for day in days]
    assert constant_maturity(maturities, 30) is Refusal.NOT_BRACKETED


# -- Cboe's rules for the wings -----------------------------------------------------


def strip_of(put_bid: list[float], call_bid: list[float]) -> Strip:
    """Return strikes 100, 110, … with the forward at the first call's left."""
    bids = np.array([*put_bid, 1.0], dtype=np.float64)
    calls = np.array([1.0, *call_bid], dtype=np.float64)
    n = len(put_bid) + 1 + len(call_bid)
    put = np.concatenate((bids, np.ones(len(call_bid))), dtype=np.float64)
    call = np.concatenate((np.ones(len(put_bid)), calls), dtype=np.float64)
    strike = np.linspace(100.0, 90.0 + 10 * n, n)
    return Strip(AT + DAY_NS * 30, 30 / 365, strike, call, call + 1, put, put + 1, None)


@pytest.mark.parametrize(
    ("put_bid", "used"),
    [
        ([1, 1, 1], [100, 110, 120]),
        ([1, 0, 1], [100, 120]),  # one zero is skipped
        ([1, 1, 0, 0, 1], [140]),  # two in a row end the wing
        ([1, 0, 1, 0, 1], [100, 120, 140]),  # a bid between starts anew
        ([0, 0, 1, 0, 1], [120, 140]),
    ],
)
def test_zero_bids_end_a_wing_as_cboe_says(
    put_bid: list[float], used: list[float]
) -> None:
    strip = strip_of(put_bid, [1, 1])
    k0 = 100.0 + 10 * len(put_bid)
    answer = model_free(strip, Forward(k0 + 1, k0, 1.0), dearest_end=math.inf)
    assert isinstance(answer, ModelFree)
    assert answer.at_the_money_strike == k0
    assert [k for k in answer.strikes if k < k0] == used


def test_a_wing_may_end_dear_where_zero_bids_end_it_and_not_where_the_list_does() -> (
    None
):
    answer = model_free(strip_of([1, 1, 0, 0, 1], [1, 0, 0]), Forward(151, 150, 1.0))
    assert isinstance(answer, ModelFree)
    assert answer.strikes == (140, 150, 160)
    for strip in (strip_of([1, 1, 1], [1, 0, 0]), strip_of([0, 0, 1], [1, 1])):
        assert model_free(strip, Forward(131, 130, 1.0)) is Refusal.TRUNCATED


def test_a_forward_upon_a_strike_is_at_the_money_there() -> None:
    strip = strip_of([1, 1], [1, 1])
    answer = model_free(strip, Forward(120, 120, 1.0), dearest_end=math.inf)
    assert isinstance(answer, ModelFree)
    assert answer.at_the_money_strike == 120


# -- chains that cannot be read ------------------------------------------------------

GOOD = chain(SKEWED)


ALL = np.arange(len(GOOD))
BAD = {
    "no row": (rows_of(GOOD, ALL[:0]), Refusal.EMPTY),
    "100,000 rows": (
        rows_of(GOOD, np.resize(ALL, 100_000)),
        Refusal.TOO_MANY_ROWS,
    ),
    "one row too many": (rows_of(GOOD, np.resize(ALL, 50_001)), Refusal.TOO_MANY_ROWS),
    "every quote twice": (rows_of(GOOD, np.tile(ALL, 2)), Refusal.DUPLICATE_STRIKE),
    "two underlyings": (
        replace(GOOD, underlyings=frozenset({"A", "B"})),
        Refusal.MIXED_UNDERLYINGS,
    ),
    "a year old": (replace(GOOD, at=AT + 400 * DAY_NS), Refusal.EXPIRED),
    "no bids": (replace(GOOD, bid=0 * GOOD.bid), Refusal.NO_BIDS),
    "no asks": (replace(GOOD, ask=GOOD.ask + math.inf), Refusal.NO_PARITY_STRIKE),
    "crossed": (replace(GOOD, bid=GOOD.ask + 1), Refusal.CROSSED),
    "negative": (replace(GOOD, bid=-GOOD.bid - 1), Refusal.NEGATIVE_PRICE),
    "NaN bids": (replace(GOOD, bid=math.nan * GOOD.bid), Refusal.NOT_FINITE),
    "NaN asks": (replace(GOOD, ask=math.nan * GOOD.ask), Refusal.NOT_FINITE),
    "infinite": (
        replace(GOOD, bid=GOOD.bid + math.inf, ask=GOOD.ask + math.inf),
        Refusal.NOT_FINITE,
    ),
    "calls only": (rows_of(GOOD, GOOD.call), Refusal.NO_PARITY_STRIKE),
    "one strike": (rows_of(GOOD, GOOD.strike == 100), Refusal.TOO_FEW_STRIKES),
}


@pytest.mark.parametrize(("bad", "reason"), BAD.values(), ids=BAD.keys())
def test_a_bad_chain_is_refused_by_name_and_never_a_number(
    bad: Chain, reason: Refusal
) -> None:
    readings = measure_chain(bad, bad.at)
    assert readings.readings == []
    assert len(readings.refusals) == len(Method) * len(TENORS_DAYS)
    assert {refusal.reason for refusal in readings.refusals} <= {
        reason,
        # One strike has no two sides for a skew.
        *([Refusal.NOT_BRACKETED] if reason is Refusal.TOO_FEW_STRIKES else []),
    }


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ({"bid": 1e9}, Refusal.CROSSED),
        ({"bid": math.nan}, Refusal.NOT_FINITE),
        ({"strike": math.nan}, Refusal.NOT_FINITE),
        ({"strike": -1.0}, Refusal.NEGATIVE_PRICE),
        ({"strike": 0.0}, Refusal.NEGATIVE_PRICE),
        ({"bid": -0.01}, Refusal.NEGATIVE_PRICE),
        ({"strike": 101.0}, Refusal.DUPLICATE_STRIKE),
    ],
)
def test_one_impossible_quote_refuses_its_expiry(
    cells: dict[str, float], reason: Refusal
) -> None:
    ((column, cell),) = cells.items()
    changed = getattr(GOOD, column).copy()
    changed[np.flatnonzero(GOOD.strike == 100)[0]] = cell
    readings = measure_chain(replace(GOOD, **{column: changed}), AT)
    near, far = readings.expiries
    assert set(near.answers.values()) == {reason}
    assert not any(isinstance(answer, Refusal) for answer in far.answers.values())
    assert not readings.readings  # with one expiry left nothing is bracketed


def test_quotes_beyond_patience_are_stale() -> None:
    terms = Terms(max_age_ns=60 * 10**9)
    assert measure_chain(GOOD, AT + 60 * 10**9, terms=terms).readings
    late = measure_chain(GOOD, AT + 61 * 10**9, terms=terms)
    assert {refusal.reason for refusal in late.refusals} == {Refusal.STALE}


def test_a_forward_outside_the_strikes_is_not_extrapolated_to() -> None:
    quotes = chain(flat(0.5), forward=150.0, strikes=np.arange(80.0, 140.0))
    readings = measure_chain(quotes, AT, methods=(Method.ATM,))
    assert {refusal.reason for refusal in readings.refusals} == {Refusal.NOT_BRACKETED}


def test_an_expiry_already_over_leaves_the_others_alone() -> None:
    quotes = chain(flat(0.5), days=(1, 9, 37))
    over = np.where(quotes.expiry == AT + DAY_NS, AT, quotes.expiry)
    readings = measure_chain(replace(quotes, expiry=over), AT)
    assert readings.expiries[0].forward is Refusal.EXPIRED
    assert value(readings, Method.ATM, 30) == pytest.approx(0.5, abs=1e-6)


def test_past_the_tenor_the_next_expiry_stands_in_for_one_that_says_nothing() -> None:
    quotes = chain(flat(0.5), days=(9, 37, 44))
    wide = quotes.expiry == AT + 37 * DAY_NS
    bid, ask = (
        np.where(wide, k * x, x) for k, x in ((0.7, quotes.bid), (1.3, quotes.ask))
    )
    spoilt = replace(quotes, bid=bid, ask=ask)
    readings = measure_chain(spoilt, AT, methods=(Method.ATM,), tenors_days=(30,))
    assert [r.far for r in readings.readings] == [AT + 44 * DAY_NS]
    assert value(readings, Method.ATM, 30) == pytest.approx(0.5, abs=1e-6)


def test_a_quote_below_what_exercise_is_worth_is_passed_over() -> None:
    quotes = chain(flat(0.5), strikes=np.arange(20.6, 400.0, 1.0))
    cheap = (quotes.strike == 100.6) & ~quotes.call
    low = np.where(cheap, 0.5, quotes.bid), np.where(cheap, 0.5, quotes.ask)
    spoilt = replace(quotes, bid=low[0], ask=low[1])
    readings = measure_chain(spoilt, AT, methods=(Method.ATM,))
    assert value(readings, Method.ATM, 30) == pytest.approx(0.5, abs=1e-6)
    near = readings.expiries[0].answers[Method.ATM]
    assert isinstance(near, AtTheMoney)
    assert near.strikes == (99.6, 101.6)


def test_a_smile_that_passes_25_delta_twice_has_no_skew() -> None:
    jag: Smile = lambda strike, _: np.where(abs(strike - 85.5) < 1, 2.2, 0.5)  # noqa: E731 - a smile, given as one
    readings = measure_chain(chain(jag), AT, methods=(Method.SKEW,), tenors_days=(30,))
    assert [r.reason for r in readings.refusals] == [Refusal.NOT_BRACKETED]


def test_wide_quotes_do_not_make_a_volatility_at_the_money() -> None:
    wide = measure_chain(chain(flat(0.5), half_spread=0.3), AT, methods=(Method.ATM,))
    assert {refusal.reason for refusal in wide.refusals} == {Refusal.TOO_FEW_STRIKES}


def test_an_american_strike_far_from_the_forward_is_kept_out() -> None:
    coarse = np.array([60.0, 80.0, 120.0, 140.0])
    european = chain(flat(0.5), strikes=coarse)
    american = replace(european, american=True)
    assert measure_chain(european, AT, methods=(Method.ATM,)).readings
    refused = measure_chain(american, AT, methods=(Method.ATM,)).refusals
    assert {refusal.reason for refusal in refused} == {Refusal.EARLY_EXERCISE}


@example(seed=48663, broken="strike", with_=1e300)
@settings(max_examples=200, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    broken=st.sampled_from(["bid", "ask", "strike"]),
    with_=st.sampled_from([0.0, -1.0, math.nan, math.inf, 1e300, 5e-324]),
)
def test_no_chain_however_broken_gives_a_number_that_is_none(
    seed: int, broken: str, with_: float
) -> None:
    random = np.random.default_rng(seed)
    quotes = replace(GOOD, american=bool(random.integers(2)))
    column = getattr(quotes, broken).copy()
    column[random.random(column.size) < random.random()] = with_
    readings = measure_chain(replace(quotes, **{broken: column}), AT)
    assert len(readings.readings) + len(readings.refusals) == len(Method) * 5
    for reading in readings.readings:
        assert math.isfinite(reading.value)
        assert reading.method is Method.SKEW or reading.value > 0


def test_the_vol_at_the_money_lies_between_its_strikes() -> None:
    quotes = chain(SKEWED, forward=100.4)
    for expiry in measure_chain(quotes, AT).expiries:
        answer = expiry.answers[Method.ATM]
        assert isinstance(answer, AtTheMoney)
        assert answer.strikes == (100.0, 101.0)
        exact = float(SKEWED(np.array([100.4]), expiry.years)[0])
        assert answer.vol == pytest.approx(exact, abs=1e-5)


def test_years_are_minutes_over_525_600() -> None:
    strips = split_by_expiry(GOOD)
    assert isinstance(strips, list)
    assert [round(strip.years * 525_600) for strip in strips] == [12_960, 53_280]
    assert YEAR_NS == 525_600 * 60 * 10**9
