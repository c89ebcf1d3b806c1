"""Lines drawn with braille dots: two by four to a character; pure."""

from collections.abc import Sequence
from dataclasses import dataclass

_BITS = ((0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80))


@dataclass(frozen=True, slots=True)
class Cell:
    """One character of a chart and the lines that cross it, by their number."""

    glyph: str
    lines: frozenset[int]


class Canvas:
    """A grid of characters, each of 2 × 4 dots, x to the right and y upwards."""

    def __init__(self, width: int, height: int) -> None:
        """Take `width` × `height` characters."""
        self.width = width
        self.height = height
        self._dots: dict[tuple[int, int], int] = {}
        self._lines: dict[tuple[int, int], set[int]] = {}

    def plot(self, line: int, heights: Sequence[float | None]) -> None:
        """Draw a line through the height at every column of dots.

        Args:
            line: its number, for its colour.
            heights: 0 (bottom) to 1 (top), one for each of the ``2 * width``
                columns; None where the line has a gap.
        """
        rows = 4 * self.height
        previous: int | None = None
        for x, height in enumerate(heights):
            if height is None:
                previous = None
                continue
            y = min(rows - 1, max(0, round(height * (rows - 1))))
            # From beside the last height to this one: the line never breaks.
            step = 0 if previous is None or previous == y else (y > previous) * 2 - 1
            for each in range(y if not step else (previous or 0) + step, y, step or 1):
                self._dot(x, each, line)
            self._dot(x, y, line)
            previous = y

    def _dot(self, x: int, y: int, line: int) -> None:
        column, row = x // 2, self.height - 1 - y // 4
        self._dots[column, row] = (
            self._dots.get((column, row), 0) | _BITS[x % 2][3 - y % 4]
        )
        self._lines.setdefault((column, row), set()).add(line)

    def rows(self) -> list[list[Cell]]:
        """Return the characters, top row first."""
        return [
            [
                Cell(
                    chr(0x2800 + self._dots.get((x, y), 0))
                    if (x, y) in self._dots
                    else " ",
                    frozenset(self._lines.get((x, y), ())),
                )
                for x in range(self.width)
            ]
            for y in range(self.height)
        ]


def columns(
    at: Sequence[int],
    value: Sequence[float],
    start: int,
    end: int,
    count: int,
) -> list[float | None]:
    """Return what stood at the end of each of `count` equal stretches of time.

    A value stands until the next; before the first and after the last one
    there is none.

    Args:
        at: instants (ns UTC), ascending.
        value: one for each.
        start: of the first stretch (ns UTC).
        end: of the last stretch (ns UTC).
        count: how many stretches.
    """
    stands: list[float | None] = []
    place, current = 0, None
    last = at[-1] if at else start
    for number in range(count):
        begin = start + (end - start) * number // count
        edge = start + (end - start) * (number + 1) // count
        while place < len(at) and at[place] < edge:
            current = value[place]
            place += 1
        stands.append(current if begin <= last else None)
    return stands
