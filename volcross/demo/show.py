"""How the demo tells its story: a live picture, or plain lines, and a summary."""

import contextlib
import io
import re
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import structlog
from rich.console import Console
from rich.live import Live

from alerts.words.wording import moment, percent, points
from producers.recorded import story
from volcross.demo.view import DemoView, Scene
from volcross.watching.board import Board

log = structlog.get_logger(__name__)

PAIR = "NVDA/BTC"
CHANNELS = ("slack", "email")


@dataclass(slots=True)
class Stage:
    """How the demo shows itself."""

    view: DemoView
    show: Callable[[], None]
    live: contextlib.AbstractContextManager[Any]
    began: float = field(default_factory=time.monotonic)

    @property
    def scene(self) -> Scene:
        """What the view is told besides the board."""
        return self.view.scene

    def know(self, is_open: Callable[[str, int], bool]) -> None:
        """Learn when markets are open."""
        self.view.scene = replace(self.scene, is_open=is_open)

    def say(self, phase: str) -> None:
        """Tell what happens now."""
        self.view.scene = replace(self.scene, phase=phase)
        log.info(phase)
        self.show()


def stage(board: Board, *, plain: bool) -> Stage:
    """Return the live picture on a terminal, plain lines elsewhere.

    Args:
        board: what to show, as it fills.
        plain: lines, whatever standard output is.
    """
    scene = Scene(PAIR, story.BEGIN, story.END, CHANNELS, "starting")
    view = DemoView(board, scene)
    console = Console()
    if plain or not console.is_terminal:
        teller = _Teller(view)
        return Stage(view, teller.show, contextlib.nullcontext())
    live = Live(view, console=console, screen=True, auto_refresh=False)
    return Stage(view, live.refresh, live)


@dataclass(slots=True)
class _Teller:
    """Plain lines on standard error, where no terminal can show the view."""

    view: DemoView
    told: int = 0
    phase: str = ""
    next_line: float = 0.0

    def show(self) -> None:
        """Print what is new; how far we are, every few seconds."""
        board, scene = self.view.board, self.view.scene
        if scene.phase != self.phase:
            self.phase = scene.phase
            self._print(f"{self.phase} …")
        for alert in list(board.alerts)[self.told :]:
            self.told += 1
            self._print(
                f"{moment(alert.event_time):%Y-%m-%d %H:%M} UTC  {alert.state.value}:"
                f" {alert.left.name.symbol} {percent(alert.left.value)} against"
                f" {alert.right.name.symbol} {percent(alert.right.value)}"
            )
        line = board.spreads.get((PAIR, "implied"))
        if time.monotonic() < self.next_line or line is None or line.spread is None:
            return
        self.next_line = time.monotonic() + 5
        self._print(
            f"{moment(line.end):%Y-%m-%d %H:%M} UTC  {line.left.symbol}"
            f" {percent(line.left_value[-1])}  {line.right.symbol}"
            f" {percent(line.right_value[-1])}  {points(line.spread)}"
        )

    @staticmethod
    def _print(line: str) -> None:
        sys.stderr.write(line + "\n")


def summary(board: Board, stage: Stage, out: Path) -> None:
    """Print what happened, and where the messages are."""
    console = Console()
    if console.is_terminal:
        console.print(DemoView(board, stage.scene), height=24)
    else:
        for alert in board.alerts:
            console.print(
                f"{moment(alert.event_time):%Y-%m-%d %H:%M} UTC  {alert.state.value:<8}"
                f"  {alert.left.name.symbol} {percent(alert.left.value)}"
                f"  {alert.right.name.symbol} {percent(alert.right.value)}"
                f"  {points(alert.spread)}",
                highlight=False,
            )
    told = ", ".join(
        f"{channel} {board.outcomes(channel)['delivered']} delivered"
        for channel in CHANNELS
    )
    console.print(
        f"\n{board.ticks:,} ticks, {board.reading_rows:,} readings,"
        f" {sum(board.rejected.values())} rejected; {told};"
        f" {time.monotonic() - stage.began:.0f} s"
        f"\nreceived: {out}/slack, {out}/mail; the spread: {out}/spreads.csv"
        "\nImplied vols between published points are interpolated; prices are not.",
        highlight=False,
    )


def draw(stage: Stage, file: Path, width: int = 100, height: int = 30) -> None:
    """Draw the picture as it stands into an SVG file."""
    canvas = Console(record=True, width=width, height=height, file=io.StringIO())
    canvas.print(stage.view)
    drawn = canvas.export_svg(title="volcross demo")
    # The fonts rich names are fetched from elsewhere: a picture should not ask.
    file.write_text(re.sub(r"@font-face \{.*?\}\s*", "", drawn, flags=re.DOTALL))
