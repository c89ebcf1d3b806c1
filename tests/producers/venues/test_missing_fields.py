"""Each field of each websocket venue's message taken away in turn, over a socket.

A required one makes the message unusable, told with its reason; one that is not
required is not missed; and neither costs the connection or another message.
"""

import copy
from dataclasses import dataclass, field
from typing import Any

import pytest

from producers.source import Heard, Reason, Unusable
from tests.producers.loopback import Call, exchange, said_by
from tests.producers.venues.test_stocks import pricing
from tests.producers.venues.test_stream_manners import (
    VENUES,
    count,
    now_ms,
    opened,
    ticks,
)

MISSING, SYMBOL, KIND = (
    Reason.MISSING_FIELD,
    Reason.UNKNOWN_SYMBOL,
    Reason.UNKNOWN_TYPE,
)

Path = tuple[str | int, ...]


@dataclass(frozen=True)
class Fields:
    """What a venue's tick cannot do without, and why not; and what it can."""

    required: dict[Path, Reason]
    optional: list[Path] = field(default_factory=list)


FIELDS = {
    "deribit": Fields(
        {
            ("method",): KIND,
            ("params",): KIND,
            ("params", "channel"): KIND,
            ("params", "data"): MISSING,
            ("params", "data", "timestamp"): MISSING,
            ("params", "data", "volatility"): MISSING,
        },
        [("jsonrpc",)],
    ),
    "coinbase": Fields(
        {
            ("type",): MISSING,
            ("product_id",): SYMBOL,
            ("price",): MISSING,
            ("time",): MISSING,
        },
        [("size",), ("trade_id",), ("side",), ("sequence",), ("maker_order_id",)],
    ),
    "kraken": Fields(
        {
            ("channel",): KIND,
            ("data",): MISSING,
            ("data", 0, "symbol"): MISSING,
            ("data", 0, "price"): MISSING,
            ("data", 0, "timestamp"): MISSING,
        },
        [
            ("type",),
            *(("data", 0, name) for name in ("qty", "trade_id", "side", "ord_type")),
        ],
    ),
    "binance": Fields(
        {("e",): KIND, ("s",): SYMBOL, ("p",): MISSING, ("T",): MISSING},
        [("q",), ("a",), ("E",), ("m",)],
    ),
    "yahoo": Fields({("type",): KIND, ("message",): MISSING}),
    "alpaca": Fields(
        {
            (0, "T"): MISSING,
            (0, "S"): SYMBOL,
            (0, "p"): MISSING,
            (0, "t"): MISSING,
        },
        [(0, "s")],
    ),
    "massive": Fields(
        {
            (0, "ev"): MISSING,
            (0, "sym"): SYMBOL,
            (0, "p"): MISSING,
            (0, "t"): MISSING,
        },
        [(0, "s")],
    ),
}


def without(message: Any, path: Path) -> Any:  # noqa: ANN401 - any JSON
    """Return the message, less what is at the end of the path."""
    changed = copy.deepcopy(message)
    inner = changed
    for step in path[:-1]:
        inner = inner[step]
    del inner[path[-1]]
    return changed


def shorn(kind: str) -> list[tuple[object, Reason | None]]:
    """Return ticks of 1 less a field each, and why each is unusable, if it is."""
    tick, fields = VENUES[kind].tick, FIELDS[kind]
    said: list[tuple[object, Reason | None]] = [
        (without(tick(1), path), reason) for path, reason in fields.required.items()
    ]
    said += [(without(tick(1), path), None) for path in fields.optional]
    if kind == "yahoo":  # what else it says stands inside its message
        inner: dict[str, Any] = {"id": "NVDA", "price": 1, "time": now_ms(), "hours": 1}
        said += [
            (pricing(**without(inner, (name,))), MISSING)
            for name in ("id", "price", "time")
        ]
    return said


def test_every_websocket_venue_is_tried() -> None:
    assert FIELDS.keys() == VENUES.keys()


@pytest.mark.parametrize("kind", VENUES)
async def test_a_field_taken_away_costs_no_more_than_its_own_message(kind: str) -> None:
    venue, messages = VENUES[kind], shorn(kind)

    async def talk(call: Call) -> None:
        await venue.greet(call)
        for message, _ in messages:
            await call.say(message, venue.tick(2))
        await call.hang()

    wanted = [tick for _, reason in messages for tick in ([2] if reason else [1, 2])]
    async with exchange(talk) as there:
        said = await said_by(opened(kind, there.url)[0], count(len(wanted)))
    assert ticks(said) == wanted
    told = [each.reason for each in said if isinstance(each, Unusable)]
    assert told == [reason for _, reason in messages if reason]
    assert len(there.calls) == 1
    # Nothing was taken for a gap either.
    heard = [each for each in said if isinstance(each, Heard) and len(each.at)]
    assert [each.since is None for each in heard[1:]] == [True] * (len(heard) - 1)


@pytest.mark.parametrize("kind", VENUES)
async def test_a_field_that_is_null_costs_no_more_either(kind: str) -> None:
    venue, paths = VENUES[kind], FIELDS[kind].required

    def nulled(path: Path) -> object:
        message: Any = venue.tick(1)
        inner = message
        for step in path[:-1]:
            inner = inner[step]
        inner[path[-1]] = None
        return message

    async def talk(call: Call) -> None:
        await venue.greet(call)
        for path in paths:
            await call.say(nulled(path), venue.tick(2))
        await call.hang()

    async with exchange(talk) as there:
        said = await said_by(opened(kind, there.url)[0], count(len(paths)))
    assert ticks(said) == [2] * len(paths)
    assert sum(isinstance(each, Unusable) for each in said) == len(paths)
    assert len(there.calls) == 1
