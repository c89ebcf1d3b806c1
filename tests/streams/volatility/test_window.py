from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.volatility import window
from streams.volatility.window import Window

STEPS = st.one_of(
    st.lists(st.integers(0, 9), min_size=1, max_size=200),
    st.integers(1, 200).map(lambda n: [3] * n),
)


@given(
    steps=STEPS,
    span=st.integers(1, 60),
    cuts=st.lists(st.integers(0, 200), max_size=6),
    but_the_oldest=st.booleans(),
)
def test_a_window_sums_the_rows_within_its_span(
    steps: list[int], span: int, cuts: list[int], *, but_the_oldest: bool
) -> None:
    keys = np.cumsum(steps)
    n = keys.size
    addends = np.random.default_rng(n).integers(-(2**40), 2**40, (2, n))
    running = 10 * np.arange(n)
    rows = Window(span, 3)
    got = []
    for start, end in pairwise(sorted({0, n, *(cut % n for cut in cuts)})):
        part = slice(start, end)
        slices = rows.extend(
            keys[part], keys[part], [running[part]], addends[:, part].copy()
        )
        got.append(slices.sums(slice(0, 3), but_the_oldest=but_the_oldest))
    sums = np.concatenate(got, axis=1)
    for row in range(n):
        # The first row there ever was belongs to no window: it is the base.
        inside = np.flatnonzero(keys[: row + 1] > keys[row] - span)
        inside = inside[inside > 0][but_the_oldest:]
        assert sums[0, row] == 10 * inside.size
        assert (sums[1:, row] == addends[:, inside].sum(axis=1)).all()


def test_more_rows_than_sums_can_hold_are_refused_and_none_is_taken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(window, "MOST_ROWS", 10)
    rows, keys, ones = Window(100, 1), np.arange(8), np.ones((1, 8), np.int64)
    rows.extend(keys, keys, (), ones)
    with pytest.raises(OverflowError, match="10 rows"):
        rows.extend(keys[:3] + 8, keys[:3] + 8, (), ones[:, :3])
    assert len(rows) == 8
    rows.extend(keys[:2] + 8, keys[:2] + 8, (), ones[:, :2])
