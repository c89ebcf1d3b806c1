"""The board, and what `status` draws of it."""

from io import StringIO

from rich.console import Console

from streams.events import ContextReadings, LegName, Origin, SpreadReadings
from volcross.commands.status import picture
from volcross.watching.board import Board
from volcross.watching.report import report

MINUTE = 60 * 10**9


def leg(symbol: str) -> LegName:
    return LegName(
        symbol=symbol,
        measure="iv",
        window="30d",
        origin=Origin.PUBLISHED,
        source="test",
    )


def spread(minute: int) -> SpreadReadings:
    at = [minute * MINUTE]
    return SpreadReadings(
        pair="NVDA/BTC",
        comparison="implied",
        left=leg("NVDA"),
        right=leg("BTC"),
        start=minute * MINUTE,
        end=(minute + 1) * MINUTE,
        at=at,
        left_value=[0.62],
        right_value=[0.6],
        spread=[0.02],
        left_at=at,
        right_at=at,
    )


def context(minute: int, scores: list[float | None], *dates: str) -> ContextReadings:
    ranks: list[float | None] = [0.874] * len(scores)
    none: list[float | None] = [None] * len(scores)
    return ContextReadings(
        pair="NVDA/BTC",
        comparison="implied",
        left=leg("NVDA"),
        right=leg("BTC"),
        start=minute * MINUTE,
        end=(minute + 1) * MINUTE,
        at=[minute * MINUTE] * len(scores),
        z_score=scores,
        left_rank=ranks,
        left_percentile=ranks,
        right_rank=none,
        right_percentile=none,
        left_days=[63] * len(scores),
        right_days=[4] * len(scores),
        announcements=list(dates),
    )


def drawn(board: Board) -> str:
    out = StringIO()
    console = Console(file=out, width=80)
    console.print(picture(board, {}, 100 * MINUTE))
    return out.getvalue()


def test_context_is_told_beside_its_spread() -> None:
    board = Board()
    board.apply(spread(1))
    assert "Context" not in drawn(board)
    board.apply(context(1, [0.1, 1.53], "NVDA earnings 2024-08-28"))
    (line,) = report(board)["spreads"]
    assert line["context"] == {
        "as_of": "1970-01-01T00:02:00+00:00",
        "z_score": 1.53,
        "left_rank": 0.874,
        "left_percentile": 0.874,
        "right_rank": None,
        "right_percentile": None,
        "left_days": 63,
        "right_days": 4,
        "announcements": ["NVDA earnings 2024-08-28"],
    }
    (row,) = [line for line in drawn(board).splitlines() if "87%" in line]
    assert row.split("  ")[-1].strip() == "NVDA earnings 2024-08-28"
    assert "+1.5" in row


def test_a_context_without_rows_keeps_the_numbers_and_moves_the_calendar() -> None:
    board = Board()
    board.apply(context(1, [1.53], "NVDA earnings 2024-08-28"))
    board.apply(context(2, []))
    known = board.spreads["NVDA/BTC", "implied"].context
    assert (known.z_score, known.announcements) == (1.53, ())
    assert known.end == 3 * MINUTE


def test_a_context_told_again_changes_nothing() -> None:
    board = Board()
    board.apply(context(1, [1.53]))
    board.apply(context(2, [None]))
    board.apply(context(1, [1.53]))
    assert board.spreads["NVDA/BTC", "implied"].context.z_score is None
