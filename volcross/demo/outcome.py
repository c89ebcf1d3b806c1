"""What came of the story, for scripts: alerts, deliveries and the spread itself."""

import csv
from pathlib import Path
from typing import Any

from alerts.words.wording import moment
from volcross.demo.show import CHANNELS, PAIR
from volcross.watching.board import Board


def result(board: Board) -> dict[str, Any]:
    """Return what happened, as ``--json`` prints it; vols are fractions."""
    return {
        "alerts": [
            {
                "id": alert.id,
                "rule": alert.rule,
                "state": alert.state.value,
                "event_time": moment(alert.event_time).isoformat(),
                "left": alert.left.value,
                "right": alert.right.value,
                "spread": alert.spread,
            }
            for alert in board.alerts
        ],
        "deliveries": {
            channel: {
                outcome: board.outcomes(channel)[outcome]
                for outcome in ("delivered", "failed")
            }
            for channel in CHANNELS
        },
        "ticks": board.ticks,
        "readings": board.reading_rows,
        "rejected": sum(board.rejected.values()),
    }


def write_series(board: Board, file: Path) -> None:
    """Keep what was shown: every reading of the implied spread, as fractions."""
    line = board.spreads[PAIR, "implied"]
    with file.open("w", encoding="utf-8", newline="") as out:
        rows = csv.writer(out, lineterminator="\n")
        rows.writerow(["at", line.left.symbol, line.right.symbol, "spread"])
        for at, left, right in zip(
            line.at, line.left_value, line.right_value, strict=True
        ):
            rows.writerow([moment(at).isoformat(), left, right, left - right])
