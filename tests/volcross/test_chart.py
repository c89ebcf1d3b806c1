import pytest
from hypothesis import given
from hypothesis import strategies as st

from volcross.demo.chart import Canvas, columns


def drawn(canvas: Canvas) -> list[str]:
    return ["".join(cell.glyph for cell in row) for row in canvas.rows()]


def test_a_rising_line_goes_from_the_bottom_left_to_the_top_right() -> None:
    canvas = Canvas(2, 1)
    canvas.plot(0, [0, 1 / 3, 2 / 3, 1])
    assert drawn(canvas) == ["⡠⠊"]


def test_a_jump_leaves_no_gap() -> None:
    canvas = Canvas(1, 2)
    canvas.plot(0, [0, 1])
    assert drawn(canvas) == ["⢸", "⡸"]


def test_a_missing_stretch_is_left_empty() -> None:
    canvas = Canvas(3, 1)
    canvas.plot(0, [0, 0, None, None, 0, 0])
    assert drawn(canvas) == ["⣀ ⣀"]


def test_a_character_knows_every_line_that_crosses_it() -> None:
    canvas = Canvas(1, 1)
    canvas.plot(0, [0, 1])
    canvas.plot(1, [1, 0])
    assert canvas.rows()[0][0].lines == {0, 1}


def test_a_value_stands_until_the_next_and_not_before_the_first() -> None:
    assert columns([30, 55], [1.0, 2.0], 0, 100, 5) == [None, 1.0, 2.0, None, None]


@given(
    heights=st.lists(st.none() | st.floats(-1, 2), min_size=10, max_size=10),
    rows=st.integers(1, 6),
)
def test_nothing_is_ever_drawn_outside(heights: list[float | None], rows: int) -> None:
    canvas = Canvas(5, rows)
    canvas.plot(0, heights)
    picture = drawn(canvas)
    assert [len(row) for row in picture] == [5] * rows
    assert all(glyph == " " or "⠁" <= glyph <= "⣿" for row in picture for glyph in row)


@pytest.mark.parametrize("count", [1, 7, 200])
def test_every_column_shows_the_last_value_before_its_end(count: int) -> None:
    at = list(range(0, 1000, 7))
    value = [float(x) for x in at]
    for number, stood in enumerate(columns(at, value, 0, 994, count)):
        edge = 994 * (number + 1) // count
        assert stood == max(x for x in value if x < edge)
