"""The board as plain data: what ``status --json`` prints and the page is fed.

Instants are ISO-8601 in UTC, vols are fractions, ages are seconds. A
nanosecond count would not survive a browser: it is beyond 2**53.
"""

from typing import Any

from alerts.telling.silences import in_force
from alerts.words.wording import moment
from streams.events import Alert, LegName
from volcross.watching.board import Board
from volcross.watching.line import Context, SpreadLine
from volcross.watching.structure import Structure, structures


def instant(at: int) -> str | None:
    """Return an instant (ns UTC) as ISO-8601; None for the one that never was."""
    return moment(at).isoformat() if at else None


def report(board: Board) -> dict[str, Any]:
    """Return everything on the board."""
    return {
        "as_of": instant(board.now),
        "spreads": [spread(line) for _, line in sorted(board.spreads.items())],
        "readings": readings(board),
        "term_structures": [term_structure(one) for one in structures(board)],
        "feeds": feeds(board),
        "alerts": [alert(each) for each in reversed(board.alerts)],
        "deliveries": deliveries(board),
        "rejected": [
            {"topic": topic, "reason": reason, "ticks": ticks}
            for (topic, reason), ticks in sorted(board.rejected.items())
        ],
    }


def spread(line: SpreadLine) -> dict[str, Any]:
    """Return one comparison of a pair as it stands."""
    left = line.left_value[-1] if line.at else None
    right = line.right_value[-1] if line.at else None
    return {
        "pair": line.pair,
        "comparison": line.comparison,
        "as_of": instant(line.end),
        "left": leg(line.left, left, line.left_at, line.end),
        "right": leg(line.right, right, line.right_at, line.end),
        "spread": line.spread,
        "context": context(line.context),
    }


def context(of: Context) -> dict[str, Any]:
    """Return where a spread and its legs stand in their own history."""
    return {
        "as_of": instant(of.end),
        "z_score": of.z_score,
        "left_rank": of.left_rank,
        "left_percentile": of.left_percentile,
        "right_rank": of.right_rank,
        "right_percentile": of.right_percentile,
        "left_days": of.left_days,
        "right_days": of.right_days,
        "announcements": list(of.announcements),
    }


def leg(name: LegName, value: float | None, at: int, now: int) -> dict[str, Any]:
    """Return one leg: what it is, its value, and how old that is."""
    return {
        "symbol": name.symbol,
        "measure": name.measure,
        "window": name.window,
        "origin": name.origin.value,
        "source": name.source,
        "delay_seconds": name.delay_seconds,
        "value": value,
        "at": instant(at),
        "age_seconds": max(0.0, (now - at) / 1e9) if at else None,
    }


def readings(board: Board) -> list[dict[str, Any]]:
    """Return the latest of each volatility of each symbol."""
    return [
        {
            "symbol": reading.symbol,
            "measure": reading.measure,
            "window": reading.window,
            "origin": str(reading.origin),
            "source": reading.source,
            "quality": reading.quality.value,
            "value": reading.value,
            "at": instant(reading.at),
        }
        for _, reading in sorted(board.readings.items())
    ]


def term_structure(one: Structure) -> dict[str, Any]:
    """Return one symbol's vols by maturity; null where its chain gave none."""
    return {
        "symbol": one.symbol,
        "source": one.source,
        "at": instant(one.at),
        "reason": one.why_not,
        "tenors": [
            {
                "days": days,
                "at_the_money": told.get("atm"),
                "model_free": told.get("vix"),
                "skew_25_delta": told.get("skew25"),
            }
            for days, told in one.tenors.items()
        ],
        "published": [
            {
                "measure": reading.measure,
                "days": int(reading.window.removesuffix("d")),
                "value": reading.value,
                "at": instant(reading.at),
            }
            for reading in one.published
        ],
    }


def feeds(board: Board) -> list[dict[str, Any]]:
    """Return how far each feed has come."""
    return [
        {
            "symbol": feed.symbol,
            "source": feed.source,
            "measure": feed.measure or "price",
            "ticks": feed.ticks,
            "last_tick": instant(feed.last_at),
            "covered_until": instant(feed.end),
            "delay_seconds": feed.delay_seconds,
        }
        for _, feed in sorted(board.feeds.items())
    ]


def alert(event: Alert) -> dict[str, Any]:
    """Return one transition."""
    return {
        "id": event.id,
        "rule": event.rule,
        "severity": event.severity,
        "pair": event.pair,
        "comparison": event.comparison,
        "state": event.state.value,
        "event_time": instant(event.event_time),
        "since": instant(event.since),
        "began": None if event.began is None else instant(event.began),
        "left": leg(event.left.name, event.left.value, event.left.at, event.event_time),
        "right": leg(
            event.right.name, event.right.value, event.right.at, event.event_time
        ),
        "spread": event.spread,
        "watch": event.watch,
        "when": event.when,
        "margin": event.margin,
        "value": event.value,
        "peak": event.peak,
        "peak_at": None if event.peak_at is None else instant(event.peak_at),
        "reason": event.reason,
    }


def silences(board: Board, clock: int) -> list[dict[str, Any]]:
    """Return the silences that hold by the wall clock (ns UTC)."""
    return [
        {
            "id": silence.id,
            "rule": silence.rule,
            "until": instant(silence.end),
            "author": silence.author,
            "comment": silence.comment,
        }
        for silence in in_force(board.silences.values(), clock)
    ]


def deliveries(board: Board) -> dict[str, dict[str, int]]:
    """Return how many deliveries of each channel ended how."""
    return {
        channel: {
            outcome: board.outcomes(channel)[outcome]
            for outcome in ("delivered", "failed")
        }
        for channel in sorted({name for name, _, _ in board.deliveries})
    }
