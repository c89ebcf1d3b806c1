"""The demo as a terminal shows it: two lines, and who is above; pure."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta

from rich.console import Console, ConsoleOptions, Group, RenderableType
from rich.text import Text

from alerts.words.wording import length, moment, percent, points
from streams.events import AlertState, Origin, Quality
from volcross.demo.chart import Canvas, columns
from volcross.demo.digits import big
from volcross.watching.board import Board, Reading
from volcross.watching.line import SpreadLine

LEFT, RIGHT, QUIET, STRONG = "#76b900", "#f7931a", "grey50", "bold white"
FIRING, RESOLVED = "bold #ff5f5f", "bold #5fafff"

_AXIS = 6
"""Characters left of the chart."""


@dataclass(frozen=True, slots=True)
class Scene:
    """What the view is told besides the board.

    Attributes:
        pair: whose implied vols are drawn.
        start: left end of the chart (ns UTC).
        end: right end of the chart (ns UTC).
        channels: where alerts go.
        phase: what happens now, for the last line.
        is_open: whether a symbol's market is open at an instant (ns UTC);
            None while that is not known.
    """

    pair: str
    start: int
    end: int
    channels: tuple[str, ...]
    phase: str
    is_open: Callable[[str, int], bool] | None = None


@dataclass(slots=True)
class DemoView:
    """A rich renderable that fills the terminal it is given."""

    board: Board
    scene: Scene

    def __rich_console__(
        self, console: Console, options: ConsoleOptions
    ) -> Iterator[RenderableType]:
        """Draw everything for the size at hand."""
        height = options.height or console.size.height
        yield self.frame(options.max_width, height)

    def frame(self, width: int, height: int) -> Group:
        """Return the picture, exactly `height` lines of at most `width` columns."""
        line = self.board.spreads.get((self.scene.pair, "implied"))
        alerts = 4 if height < 28 else 5
        air = height >= 28
        fixed = 1 + air + 3 + 2 + 1 + 3 + 1 + 1 + alerts + 1
        rows = [
            self._title(line, width),
            *([Text()] if air else []),
            *self._numbers(line, width),
            Text(),
            *self._chart(line, width, max(4, height - fixed)),
            *self._realised(),
            Text(),
            *self._alerts(alerts),
            self._foot(width),
        ]
        for row in rows:
            row.truncate(width, overflow="ellipsis")
            row.no_wrap = True
        return Group(*rows[: height - 1], rows[-1])

    def _title(self, line: SpreadLine | None, width: int) -> Text:
        left, right = self.scene.pair.split("/")
        question = f" volcross  Is {left} now more volatile than {right}?"
        # What is shown is as of the spread, not as of the feeds ahead of it.
        reached = line.end if line is not None else self.board.now
        when = f"{moment(reached):%a %-d %b %Y %H:%M} UTC " if reached else ""
        gap = max(1, width - len(question) - len(when))
        title = Text(question + " " * gap + when, style="on grey15")
        title.stylize(STRONG, 0, 9)
        title.stylize(STRONG, len(question) + gap)
        return title

    def _numbers(self, line: SpreadLine | None, width: int) -> Iterator[Text]:
        third = width // 3
        shown = [("–", QUIET), ("–", QUIET), ("–", QUIET)]
        captions = ["", "", ""]
        if line is not None and line.at:
            spread = line.left_value[-1] - line.right_value[-1]
            shown = [
                (percent(line.left_value[-1])[:-1], LEFT),
                (percent(line.right_value[-1])[:-1], RIGHT),
                (points(spread).split()[0], LEFT if spread > 0 else RIGHT),
            ]
            above = line.left.symbol if spread > 0 else line.right.symbol
            captions = [
                f"{line.left.symbol} {line.left.measure} {line.left.window} %",
                f"{line.right.symbol} {line.right.measure} {line.right.window} %",
                f"points: {above} is above",
            ]
        drawn = [big(text) for text, _ in shown]
        for row in range(3):
            text = Text()
            for place, (_, style) in enumerate(shown):
                text.append(f"  {drawn[place][row]}".ljust(third), style)
            yield text
        caption, age = Text(), Text()
        for place, (_, style) in enumerate(shown):
            caption.append(f"  {captions[place]}".ljust(third), style)
        yield caption
        if line is not None and line.at:
            legs = ((line.left, line.left_at), (line.right, line.right_at))
            for name, at in legs:
                old = length(timedelta(seconds=max(0, line.end - at) / 1e9))
                is_open = self.scene.is_open
                shut = is_open is not None and not is_open(name.symbol, line.end)
                said = f"  {_origin(name.origin)}, {'closed, ' if shut else ''}{old}"
                age.append(f"{said} old".ljust(third), QUIET)
        yield age

    def _chart(
        self, line: SpreadLine | None, width: int, height: int
    ) -> Iterator[Text]:
        plot = max(10, width - _AXIS - 2)
        start, end = self.scene.start, self.scene.end
        left: list[float | None] = []
        right: list[float | None] = []
        if line is not None:
            left = columns(line.at, line.left_value, start, end, 2 * plot)
            right = columns(line.at, line.right_value, start, end, 2 * plot)
        known = [value for value in (*left, *right) if value is not None]
        # To the next twentieth outside, so that the scale seldom moves.
        low = math.floor(min(known, default=0.45) * 20) / 20
        high = math.ceil(max(known, default=0.75) * 20 + 1e-9) / 20
        canvas = Canvas(plot, height)
        for number, heights in enumerate((left, right)):
            canvas.plot(
                number,
                [None if v is None else (v - low) / (high - low) for v in heights],
            )
        for row, cells in enumerate(canvas.rows()):
            level = high - (high - low) * (row / max(1, height - 1))
            labelled = row == height - 1 or (row % 3 == 0 and row < height - 2)
            label = f"{level * 100:3.0f}% " if labelled else " " * 5
            text = Text(label + ("┤" if labelled else "│"), QUIET)
            for cell in cells:
                style = RIGHT if cell.lines == {1} else LEFT
                text.append(cell.glyph, style if cell.lines else "")
            yield text
        yield self._above(left, right, plot)
        yield self._events(plot)
        yield self._dates(plot)

    def _above(
        self, left: list[float | None], right: list[float | None], plot: int
    ) -> Text:
        """A strip that says who was above."""
        text = Text(" " * (_AXIS - 1) + "└", QUIET)
        for column in range(plot):
            one = left[2 * column] if left else None
            two = right[2 * column] if right else None
            if one is None or two is None:
                text.append("─", QUIET)
            else:
                text.append("▀", LEFT if one > two else RIGHT)
        return text

    def _events(self, plot: int) -> Text:
        """Where alerts fired and resolved."""
        span = self.scene.end - self.scene.start
        marks: dict[int, tuple[str, str]] = {}
        for alert in self.board.alerts:
            column = (alert.event_time - self.scene.start) * plot // span
            if 0 <= column < plot:
                while column in marks:  # two within one column: side by side
                    column += 1
                marks[column] = _mark(alert.state)
        text = Text(" " * _AXIS)
        for column in range(plot):
            text.append(*marks.get(column, (" ", "")))
        return text

    def _dates(self, plot: int) -> Text:
        span = self.scene.end - self.scene.start
        label = [" "] * plot
        for place in range(0, plot - 6, max(12, plot // 6)):
            day = moment(self.scene.start + span * place // plot)
            label[place : place + 6] = list(f"{day:%-d %b}".ljust(6))
        return Text(" " * _AXIS + "".join(label), QUIET)

    def _realised(self) -> Iterator[Text]:
        for comparison in self._comparisons():
            line = self.board.spreads.get((self.scene.pair, comparison))
            spread = line.spread if line is not None else None
            text = Text(f"  realised {comparison}".ljust(_AXIS + 24), QUIET)
            if line is not None and spread is not None:
                text.append(f"{line.left.symbol} ", QUIET)
                text.append(f"{percent(line.left_value[-1])}  ", LEFT)
                text.append(f"{line.right.symbol} ", QUIET)
                text.append(f"{percent(line.right_value[-1])}  ", RIGHT)
                text.append(points(spread), LEFT if spread > 0 else RIGHT)
            else:
                text.append(self._warming(comparison), QUIET)
            yield text

    def _comparisons(self) -> list[str]:
        """The realised comparison to show: one is enough at a glance."""
        known = sorted(c for pair, c in self.board.spreads if pair == self.scene.pair)
        return [c for c in known if c != "implied"][:1] or ["vol"]

    def _warming(self, comparison: str) -> str:
        measure, _, window = comparison.partition("/")
        legs: list[Reading] = [
            reading
            for (symbol, m, w), reading in sorted(self.board.readings.items())
            if (m, w) == (measure, window) and symbol in self.scene.pair.split("/")
        ]
        if any(reading.quality == Quality.WARMING for reading in legs):
            return "the window is filling"
        return "no reading yet"

    def _alerts(self, number: int) -> Iterator[Text]:
        told = list(self.board.alerts)[-number:]
        for alert in told:
            glyph, style = _mark(alert.state)
            when = moment(alert.event_time)
            text = Text()
            text.append(f"  {glyph} ", style)
            text.append(f"{when:%-d %b %H:%M} ".rjust(14), QUIET)
            text.append(f"{alert.state.value:<9}", style)
            text.append(f"{alert.left.name.symbol} {percent(alert.left.value)}", LEFT)
            text.append(" against ", QUIET)
            text.append(
                f"{alert.right.name.symbol} {percent(alert.right.value)}", RIGHT
            )
            text.append("  ")
            for channel in self.scene.channels:
                done = self.board.deliveries.get((channel, alert.id, alert.state))
                outcome = done.outcome.value if done else ""
                sign, colour = {
                    "delivered": ("✓", "green"),
                    "failed": ("✗", "red"),
                }.get(outcome, ("…", QUIET))
                text.append(f" {sign} {channel}", colour)
            yield text
        for place in range(number - len(told)):
            waiting = not told and place == 0
            yield Text("  no alert yet" if waiting else "", QUIET)

    def _foot(self, width: int) -> Text:
        board = self.board
        counts = (
            f" {board.ticks:,} ticks  {board.reading_rows:,} readings"
            f"  {sum(board.rejected.values()):,} rejected  {len(board.alerts)} alerts"
        )
        gap = max(2, width - len(counts) - len(self.scene.phase) - 1)
        return Text(f"{counts}{' ' * gap}{self.scene.phase} ", "grey70 on grey15")


def _mark(state: AlertState) -> tuple[str, str]:
    return {
        AlertState.FIRING: ("▲", FIRING),
        AlertState.UPDATED: ("△", FIRING),
        AlertState.RESOLVED: ("▼", RESOLVED),
        AlertState.UNKNOWN: ("?", QUIET),
        AlertState.KNOWN: ("!", QUIET),
    }[state]


def _origin(origin: Origin) -> str:
    return "as published" if origin == Origin.PUBLISHED else origin.value
