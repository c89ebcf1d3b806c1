"""The board, and what `status` draws of it."""

from io import StringIO

import msgspec
from rich.console import Console

from streams.events import (
    ContextReadings,
    FeedState,
    LegName,
    Origin,
    PriceTicks,
    Quality,
    Silence,
    SpreadReadings,
    VolatilityReadings,
)
from streams.settings import Pair
from volcross.watching.board import Board
from volcross.watching.line import KEPT_ROWS
from volcross.watching.picture import picture
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
    console.print(picture(board, {"sample": 0, "join": 7}, 100 * MINUTE))
    return out.getvalue()


def words(line: str) -> str:
    return " ".join(line.split())


def test_context_is_told_beside_its_spread() -> None:
    board = Board()
    board.apply(spread(1))
    assert "Context" not in drawn(board)
    board.apply(context(0, []))
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


def test_vols_by_maturity_stand_in_a_table_of_their_own() -> None:
    board = Board()
    board.apply(spread(1))
    for measure, window, value in (
        ("atm", "7d", 0.584),
        ("atm", "30d", 0.561),
        ("skew25", "30d", 0.031),
    ):
        reading = VolatilityReadings(
            symbol="NVDA",
            measure=measure,
            window=window,
            origin=Origin.COMPUTED,
            source="cboe",
            quality=Quality.OK,
            start=MINUTE,
            end=2 * MINUTE,
            at=[MINUTE],
            value=[value],
        )
        board.apply(reading)
    lines = drawn(board).splitlines()
    (head,) = [line for line in lines if "7d" in line]
    assert words(head) == "symbol 7d 30d age"
    (money,) = [line for line in lines if "at the money" in line]
    assert words(money) == "NVDA at the money 58.4% 56.1% 1 h 39 min"
    (skew,) = [line for line in lines if "25-delta" in line]
    assert words(skew) == "25-delta skew – +3.1"
    assert len([line for line in lines if "atm" in line]) == 0
    (bitcoin,) = [line for line in lines if line.strip().startswith("BTC")]
    assert words(bitcoin) == "BTC – – – –"


def test_windows_stand_in_the_order_of_their_lengths() -> None:
    board = Board()
    for window in ("7d", "1h", "30d", "1d"):
        board.apply(
            VolatilityReadings(
                symbol="BTC",
                measure="ewma",
                window=window,
                origin=Origin.COMPUTED,
                source="computed",
                quality=Quality.OK,
                start=MINUTE,
                end=2 * MINUTE,
                at=[MINUTE],
                value=[0.5],
            )
        )
    board.apply(spread(1))
    rows = [words(line).split() for line in drawn(board).splitlines()]
    assert [row[2] for row in rows if row[1:2] == ["ewma"]] == ["1h", "1d", "7d", "30d"]


def test_silences_are_told_while_they_hold_and_work_while_it_waits() -> None:
    board = Board()
    board.apply(spread(1))
    assert "silenced" not in drawn(board)
    assert "waiting     join 7\n" in drawn(board)
    for name, end in (("nvda-*", 200), ("btc-*", 90)):
        board.apply(
            Silence(
                id=name,
                rule=name,
                author="ana",
                comment="earnings",
                start=0,
                end=end * MINUTE,
            )
        )
    (line,) = [line for line in drawn(board).splitlines() if "silenced" in line]
    assert words(line) == (
        "silenced nvda-* until 1970-01-01 03:20 UTC by ana: earnings"
    )


def test_what_is_compared_and_not_there_yet_says_what_it_waits_for() -> None:
    board = Board()
    board.apply(spread(1))
    out = StringIO()
    pair = Pair(left="NVDA", right="BTC", realised=["ewma/7d"], chains=[])
    Console(file=out, width=80).print(picture(board, {}, 100 * MINUTE, [pair]))
    lines = [words(line) for line in out.getvalue().splitlines()]
    assert "NVDA/BTC ewma/7d NVDA: no prices yet, BTC: no prices yet" in lines
    assert sum("implied" in line for line in lines) == 1


def test_a_connection_that_is_down_is_told_and_one_that_is_up_is_not() -> None:
    board = Board()
    now = 100 * MINUTE
    for feed, up in (("deribit", True), ("cboe/NVDA", False)):
        board.apply(
            FeedState(
                feed=feed,
                up=up,
                at=now,
                since=now - MINUTE,
                reason="" if up else "refused",
                next_try=None if up else now + MINUTE // 2,
            )
        )
    said = drawn(board)
    assert "cboe/NVDA  down for 1 min, refused; next try in 30 s" in said
    assert "deribit" not in said


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


def test_what_is_told_twice_counts_once() -> None:
    ticks = PriceTicks(
        symbol="BTC", source="deribit", start=0, end=2, at=[0, 1], price=[9.0, 9.0]
    )
    board = Board()
    for _ in range(2):
        board.apply(ticks)
        board.apply(spread(1))
    board.apply(spread(2))
    board.apply(spread(1))
    assert board.ticks == 2
    assert board.spreads["NVDA/BTC", "implied"].at == [MINUTE, 2 * MINUTE]


def test_a_line_forgets_its_beginning_and_not_its_end() -> None:
    board, rows = Board(), 2 * KEPT_ROWS
    whole = msgspec.structs.replace(
        spread(1),
        start=0,
        end=rows,
        **{name: list(range(rows)) for name in ("at", "left_at", "right_at")},
        **{name: [0.5] * rows for name in ("left_value", "right_value", "spread")},
    )
    board.apply(whole)
    board.apply(spread(1))
    line = board.spreads["NVDA/BTC", "implied"]
    assert len(line.at) == len(line.left_value) == len(line.right_value) == KEPT_ROWS
    assert (line.at[-1], line.left_value[-1]) == (MINUTE, 0.62)


def test_a_feed_that_another_goes_on_for_is_none_any_more() -> None:
    def prices(source: str, start: int, end: int) -> PriceTicks:
        return PriceTicks(
            symbol="BTC",
            source=source,
            start=start * MINUTE,
            end=end * MINUTE,
            at=[start * MINUTE],
            price=[100.0],
        )

    board = Board()
    board.apply(prices("deribit-perpetual", 0, 5))
    board.apply(prices("deribit", 5, 6))
    assert [feed["source"] for feed in report(board)["feeds"]] == ["deribit"]
