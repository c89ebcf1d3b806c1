import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lets_be_rational import black, implied_volatility_from_a_transformed_rational_guess

from streams.volatility.implied.black import black_price, call_delta, normalised
from streams.volatility.implied.solver import Answer, implied_vols

EPSILON = float(np.finfo(float).eps)


def tolerance(
    price: np.ndarray,
    forward: np.ndarray,
    strike: np.ndarray,
    vol: np.ndarray,
    years: np.ndarray,
) -> np.ndarray:
    """Return max(1e-10, 8ε·price/vega): what a double's rounding leaves open."""
    total = vol * np.sqrt(years)
    d1 = np.log(forward / strike) / total + total / 2
    vega = forward * np.sqrt(years) * np.exp(-d1 * d1 / 2) / np.sqrt(2 * np.pi)
    allowed = np.full(vega.shape, np.inf)
    np.divide(8 * EPSILON * price, vega, out=allowed, where=vega > 0)
    return np.maximum(1e-10, allowed)


def grid(seed: int, n: int) -> dict[str, np.ndarray]:
    """Return moneyness 1e-3…1e3, vol 1%…500%, one hour to five years."""
    random = np.random.default_rng(seed)
    forward = 100 * np.exp(random.uniform(-5, 5, n))
    wide = random.random(n) < 0.3
    moneyness = np.where(
        wide, random.uniform(-1, 1, n) * np.log(1e3), random.normal(0, 0.3, n)
    )
    return {
        "forward": forward,
        "strike": forward * np.exp(moneyness),
        "vol": np.exp(random.uniform(np.log(0.01), np.log(5), n)),
        "years": np.exp(random.uniform(np.log(1 / 8760), np.log(5), n)),
        "call": random.random(n) < 0.5,
    }


def test_it_inverts_lets_be_rationals_own_black() -> None:
    points = grid(1, 10_000)
    price = np.array(
        [
            black(f, k, vol, years, 1 if call else -1)
            for f, k, vol, years, call in zip(
                *(
                    points[x].tolist()
                    for x in ("forward", "strike", "vol", "years", "call")
                ),
                strict=True,
            )
        ]
    )
    forward, strike, call = points["forward"], points["strike"], points["call"]
    intrinsic = np.maximum(np.where(call, forward - strike, strike - forward), 0)
    # Beyond these a double cannot say the price: its time value is rounded away.
    said = (price - intrinsic > 1e-305) & (price < np.where(call, forward, strike))
    assert said.mean() > 0.5
    points = {name: column[said] for name, column in points.items()}
    vols = implied_vols(
        price[said],
        points["forward"],
        points["strike"],
        points["years"],
        points["call"],
    )
    assert vols.found.all()
    allowed = tolerance(
        price[said], points["forward"], points["strike"], points["vol"], points["years"]
    )
    worst = np.max(np.abs(vols.value - points["vol"]) / allowed)
    assert worst <= 1


def test_it_agrees_with_py_vollibs_reference(data_dir: Path) -> None:
    table = json.loads((data_dir / "iv_reference/py_vollib_reference.json").read_text())
    columns = dict(
        zip(table["columns"], np.array(table["data"], dtype=float).T, strict=True)
    )
    growth = np.exp(columns["R"] * columns["t"])
    forward, years = columns["S"] * growth, columns["t"]
    for name, call in (("bs_call", True), ("bs_put", False)):
        price = columns[name] * growth
        vols = implied_vols(price, forward, columns["K"], years, call)
        # The prices are printed with nine digits or nine decimals.
        printed = np.maximum(5e-9 * price, 5e-10)
        loss = printed / (8 * EPSILON)
        allowed = tolerance(loss, forward, columns["K"], columns["v"], years)
        known = vols.found & (allowed < 1e-5)
        assert known.mean() > 0.6
        assert (np.abs(vols.value - columns["v"])[known] <= allowed[known]).all()


def test_it_is_what_lets_be_rational_finds() -> None:
    points = grid(2, 300)
    price = 0.3 * np.minimum(points["forward"], points["strike"])
    price += np.maximum(
        np.where(points["call"], 1, -1) * (points["forward"] - points["strike"]), 0
    )
    vols = implied_vols(
        price, points["forward"], points["strike"], points["years"], points["call"]
    )
    theirs = [
        implied_volatility_from_a_transformed_rational_guess(
            p, f, k, years, 1 if call else -1
        )
        for p, f, k, years, call in zip(
            price.tolist(),
            *(points[x].tolist() for x in ("forward", "strike", "years", "call")),
            strict=True,
        )
    ]
    assert vols.value == pytest.approx(np.array(theirs), rel=1e-9)


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.floats(-1e3, 1e6),
            st.floats(1e-5, 1e6),
            st.floats(1e-5, 1e6),
            st.floats(1e-9, 100),
            st.booleans(),
        ),
        min_size=1,
        max_size=20,
    )
)
def test_it_never_answers_nan_whatever_the_price(
    quotes: list[tuple[float, float, float, float, bool]],
) -> None:
    price, forward, strike, years, call = map(np.array, zip(*quotes, strict=True))
    vols = implied_vols(price, forward, strike, years, call)
    assert not np.isnan(vols.value).any()
    assert np.isfinite(vols.value[vols.found]).all()
    intrinsic = np.maximum(np.where(call, forward - strike, strike - forward), 0)
    below = vols.answer == Answer.BELOW_INTRINSIC
    above = vols.answer == Answer.ABOVE_MAXIMUM
    assert (below == (price - intrinsic < 0)).all()
    assert (vols.value[below] == 0).all()
    assert np.isinf(vols.value[above]).all()
    assert (price[above] >= np.where(call, forward, strike)[above] * (1 - 1e-15)).all()


def test_what_has_no_volatility_has_a_name() -> None:
    vols = implied_vols([4.9, 5.0, 105.0, 200.0], 105.0, 100.0, 1.0, True)
    assert vols.answer.tolist() == [
        Answer.BELOW_INTRINSIC,
        Answer.FOUND,
        Answer.ABOVE_MAXIMUM,
        Answer.ABOVE_MAXIMUM,
    ]
    assert vols.value.tolist() == [0.0, 0.0, np.inf, np.inf]


@pytest.mark.parametrize(
    "bad",
    [
        {"price": np.nan},
        {"price": np.inf},
        {"forward": 0.0},
        {"forward": np.nan},
        {"strike": -1.0},
        {"years": 0.0},
        {"years": np.inf},
    ],
)
def test_what_is_no_option_is_refused(bad: dict[str, float]) -> None:
    option = {"price": 5.0, "forward": 100.0, "strike": 100.0, "years": 1.0} | bad
    with pytest.raises(ValueError, match=next(iter(bad))):
        implied_vols(**option, call=True)


@settings(max_examples=100, deadline=None)
@given(
    st.floats(-2, 2), st.floats(0.05, 3), st.floats(0.01, 2), st.sampled_from([0, 0.05])
)
def test_call_and_put_in_parity_have_the_same_volatility(
    moneyness: float, vol: float, years: float, rate: float
) -> None:
    forward, strike = 100.0, 100.0 * np.exp(moneyness)
    total = np.full(2, vol * np.sqrt(years))
    price = np.exp(-rate * years) * black_price(
        np.full(2, forward), np.full(2, strike), total, np.array([True, False])
    )
    vols = implied_vols(
        price * np.exp(rate * years), forward, strike, years, [True, False]
    )
    allowed = 2 * tolerance(
        price, *(np.full(2, x) for x in (forward, strike, vol, years))
    )
    assert abs(vols.value[0] - vols.value[1]) <= allowed.max()


def test_black_keeps_the_digits_of_a_far_strike() -> None:
    ours = normalised(np.array([3.0]), np.array([0.1]))[0]
    theirs = black(1.0, np.exp(3.0), 0.1, 1.0, 1) / np.exp(1.5)
    assert 0 < ours < 1e-190
    assert ours == pytest.approx(theirs, rel=1e-11)


def test_delta_is_the_slope_of_the_price() -> None:
    forward, step = np.array([100.0]), 1e-4
    strike, total, call = np.array([110.0]), np.array([0.3]), np.array([True])
    slope = (
        black_price(forward + step, strike, total, call)
        - black_price(forward - step, strike, total, call)
    ) / (2 * step)
    assert call_delta(forward, strike, total) == pytest.approx(slope, rel=1e-7)
