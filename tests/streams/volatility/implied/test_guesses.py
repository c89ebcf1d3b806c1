import numpy as np

from streams.volatility.implied.black import normalised
from streams.volatility.implied.guesses import guess_below, guess_far_below
from streams.volatility.implied.landmarks import foot, knee_price

RANDOM = np.random.default_rng(6)
# Strikes from half a per cent to a factor of seven from the forward.
Y = RANDOM.uniform(0.07, 1.4, 50_000) ** 2
ALONG = RANDOM.uniform(0.05, 1.0, Y.size)
FOOT = foot(Y)


def nearly_all_within(error: np.ndarray, small: float, most: float) -> bool:
    return bool(np.quantile(abs(error), 0.99) < small and abs(error).max() < most)


def test_between_foot_and_knee_a_guess_is_so_near_that_one_step_does() -> None:
    s = FOOT.at + (np.sqrt(2 * Y) - FOOT.at) * ALONG
    guess = guess_below(Y, normalised(Y, s), FOOT, knee_price(Y))
    assert nearly_all_within(guess / s - 1, small=1e-4, most=1e-3)


def test_below_the_foot_a_guess_is_so_near_that_one_step_does() -> None:
    s = FOOT.at * ALONG
    b = normalised(Y, s)
    said = b > 0
    part = type(FOOT)(*(column[said] for column in FOOT))
    guess = guess_far_below(Y[said], np.log(b[said]), part)
    assert nearly_all_within(guess / s[said] - 1, small=1e-4, most=1e-3)
