"""Yahoo, Alpaca and Massive: what a stock trades at, with and without a key."""

import base64
import json
import struct
from typing import Any

import pytest

from producers.listening.conversation import (
    Alive,
    Conversation,
    Meaning,
    Odd,
    Refused,
    Reply,
    Tick,
)
from producers.settings import AlpacaSource, MassiveSource, YahooSource
from producers.source import SECOND, Heard, Reason, Said, Series, Unusable
from producers.sources import open_source
from producers.venues import alpaca, massive, protobuf, yahoo
from streams.events import FeedState
from tests.producers.loopback import Call, exchange, said_by
from tests.producers.recorded.test_story import utc

NOW = utc("2024-07-01T14:00")
MS = NOW // 1_000_000


def varint(number: int) -> bytes:
    out = b""
    while number > 0x7F:
        out += bytes([number & 0x7F | 0x80])
        number >>= 7
    return out + bytes([number])


def pricing(**told: Any) -> dict[str, str]:  # noqa: ANN401 - of several types
    """A price as Yahoo sends it, encoded here and not by what decodes it."""
    raw = b""
    if "id" in told:
        raw += b"\x0a" + varint(len(told["id"])) + told["id"].encode()
    if "price" in told:
        raw += b"\x15" + struct.pack("<f", told["price"])
    if "time" in told:
        raw += b"\x18" + varint(2 * told["time"])
    raw += b"\x22\x03USD" + b"\x30" + varint(8)
    if "hours" in told:
        raw += b"\x38" + varint(told["hours"])
    raw += b"\x81\x02" + struct.pack("<d", 1e9)  # field 32, of 64 bits
    return {"type": "pricing", "message": base64.b64encode(raw).decode()}


def heard(conversation: Conversation, message: object) -> list[Meaning]:
    return list(conversation.hear(json.dumps(message), NOW))


def yahoo_heard(message: object) -> list[Meaning]:
    return heard(yahoo.Prices({"NVDA": "NVDA"}), message)


def test_yahoos_price_has_seven_digits() -> None:
    said = yahoo_heard(pricing(id="NVDA", price=124.53, time=MS, hours=1))
    assert said == [Tick(Series("NVDA", "yahoo"), NOW, 124.53)]


@pytest.mark.parametrize("hours", [{}, {"hours": 2}, {"hours": 3}])
def test_outside_regular_hours_nothing_trades_but_yahoo_is_alive(
    hours: dict[str, int],
) -> None:
    said = yahoo_heard(pricing(id="NVDA", price=124.53, time=MS, **hours))
    assert said == [Alive(Series("NVDA", "yahoo"))]


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ({"type": "novelty"}, Reason.UNKNOWN_TYPE),
        ({"type": "pricing", "message": "###"}, Reason.UNPARSEABLE),
        ({"type": "pricing", "message": "CgdC"}, Reason.UNPARSEABLE),
        ({"type": "pricing"}, Reason.MISSING_FIELD),
        (pricing(id="NVDA", time=MS), Reason.MISSING_FIELD),
        (pricing(id="NVDA", price=1.0), Reason.MISSING_FIELD),
        (pricing(id="AMD", price=1.0, time=MS), Reason.UNKNOWN_SYMBOL),
        (pricing(id="NVDA", price=float("nan"), time=MS, hours=1), Reason.NO_NUMBER),
        (pricing(id="NVDA", price=0.0, time=MS, hours=1), Reason.NO_NUMBER),
        (pricing(id="NVDA", price=1.0, time=7, hours=1), Reason.NO_NUMBER),
    ],
)
def test_odd_messages_of_yahoo_have_a_reason(message: object, reason: Reason) -> None:
    with pytest.raises(Odd) as odd:
        yahoo_heard(message)
    assert odd.value.reason is reason


def test_signed_integers_zigzag() -> None:
    assert [protobuf.zigzag(n) for n in range(5)] == [0, -1, 1, -2, 2]


def ticks(said: list[Said]) -> list[float]:
    return [v for s in said if isinstance(s, Heard) for v in s.value.tolist()]


async def test_yahoo_is_asked_again_before_it_forgets(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(yahoo, "REPEAT_SECONDS", 0.5)

    async def talk(call: Call) -> None:
        for number in range(1, 4):
            assert await call.hear() == {"subscribe": ["NVDA"]}
            await call.say(pricing(id="NVDA", price=number, time=MS, hours=1))
        await call.hang()

    async with exchange(talk) as venue:
        source = open_source(YahooSource(kind="yahoo", url=venue.url))
        said = await said_by(source, lambda said: len(ticks(said)) >= 3)
    assert ticks(said) == [1, 2, 3]
    assert len(venue.calls) == 1


ALPACA = {"T": "t", "S": "NVDA", "p": 124.5, "s": 10, "t": "2024-07-01T14:00:00.0Z"}
MASSIVE = {"ev": "T", "sym": "NVDA", "p": 124.5, "s": 10, "t": MS, "q": 1}


def test_a_trade_is_a_tick() -> None:
    (tick,) = heard(alpaca.Trades({"NVDA": "NVDA"}, "k", "s"), [ALPACA])
    assert tick == Tick(Series("NVDA", "alpaca"), NOW, 124.5, 10)
    (tick,) = heard(massive.Trades({"NVDA": "NVDA"}, "k"), [MASSIVE])
    assert tick == Tick(Series("NVDA", "massive"), NOW, 124.5, 10)


def test_a_trade_held_back_counts_from_when_it_came() -> None:
    late = {**MASSIVE, "t": MS - 900_000}
    (tick,) = heard(massive.Trades({"NVDA": "NVDA"}, "k", 900), [late])
    assert tick == Tick(Series("NVDA", "massive", delay_seconds=900), NOW, 124.5, 10)


@pytest.mark.parametrize(
    ("message", "permanent"),
    [
        ([{"T": "error", "code": 402, "msg": "auth failed"}], True),
        ([{"T": "error", "code": 406, "msg": "connection limit exceeded"}], False),
    ],
)
def test_alpaca_says_no(message: object, permanent: bool) -> None:
    with pytest.raises(Refused) as refused:
        heard(alpaca.Trades({"NVDA": "NVDA"}, "k", "s"), message)
    assert refused.value.permanent is permanent


@pytest.mark.parametrize(
    ("status", "permanent"), [("auth_failed", True), ("max_connections", False)]
)
def test_massive_says_no(status: str, permanent: bool) -> None:
    with pytest.raises(Refused) as refused:
        heard(
            massive.Trades({"NVDA": "NVDA"}, "k"), [{"ev": "status", "status": status}]
        )
    assert refused.value.permanent is permanent


@pytest.mark.parametrize(
    ("conversation", "good", "bad"),
    [
        (
            alpaca.Trades({"NVDA": "NVDA"}, "k", "s"),
            ALPACA,
            [
                {**ALPACA, "p": None},
                {**ALPACA, "S": "AMD"},
                {"T": "zz"},
                {},
                3,
                {**ALPACA, "t": "0024-01-01T00:00:00Z"},
                {**ALPACA, "p": -1},
            ],
        ),
        (
            massive.Trades({"NVDA": "NVDA"}, "k"),
            MASSIVE,
            [
                {**MASSIVE, "p": None},
                {**MASSIVE, "sym": "AMD"},
                {"ev": "zz"},
                {},
                3,
                {**MASSIVE, "t": 0},
                {**MASSIVE, "p": "1"},
            ],
        ),
    ],
    ids=["alpaca", "massive"],
)
def test_a_bad_trade_does_not_take_the_others_with_it(
    conversation: Conversation, good: object, bad: list[object]
) -> None:
    meanings = heard(conversation, [good, *bad, good])
    assert [type(m) for m in meanings] == [Tick, *[Unusable] * len(bad), Tick]


def test_nothing_is_subscribed_to_before_the_key_is_taken() -> None:
    to_alpaca = alpaca.Trades({"NVDA": "NVDA"}, "k", "s")
    assert heard(to_alpaca, [{"T": "success", "msg": "connected"}]) == []
    (reply,) = heard(to_alpaca, [{"T": "success", "msg": "authenticated"}])
    assert isinstance(reply, Reply)
    to_massive = massive.Trades({"NVDA": "NVDA"}, "k")
    assert heard(to_massive, [{"ev": "status", "status": "connected"}]) == []
    (reply,) = heard(to_massive, [{"ev": "status", "status": "auth_success"}])
    assert isinstance(reply, Reply)


async def test_alpaca_wants_a_key_before_it_takes_a_subscription() -> None:
    async def talk(call: Call) -> None:
        await call.say([{"T": "success", "msg": "connected"}])
        said = await call.hear()
        assert said == {"action": "auth", "key": "id-1", "secret": "hush-2"}
        await call.say([{"T": "success", "msg": "authenticated"}])
        assert await call.hear() == {"action": "subscribe", "trades": ["NVDA"]}
        await call.say([{"T": "subscription", "trades": ["NVDA"]}], [ALPACA, ALPACA])
        await call.hang()

    async with exchange(talk) as venue:
        settings = AlpacaSource.model_validate(
            {"kind": "alpaca", "key": "id-1", "secret": "hush-2", "url": venue.url}
        )
        said = await said_by(open_source(settings), lambda said: len(ticks(said)) >= 2)
        assert venue.calls[0].socket.request is not None
        assert venue.calls[0].socket.request.path == "/iex"
    assert ticks(said) == [124.5, 124.5]
    assert "hush-2" not in repr(settings)


async def test_massive_wants_a_key_and_a_wrong_one_is_not_tried_in_a_loop(
    capsys: pytest.CaptureFixture[str],
) -> None:
    async def talk(call: Call) -> None:
        await call.say([{"ev": "status", "status": "connected"}])
        said = await call.hear()
        if said["params"] == "right":
            await call.say([{"ev": "status", "status": "auth_success"}])
            assert await call.hear() == {"action": "subscribe", "params": "T.NVDA"}
            await call.say([MASSIVE])
            await call.hang()
        await call.say([{"ev": "status", "status": "auth_failed", "message": "no"}])
        await call.hang()

    async with exchange(talk) as venue:
        given = {"kind": "massive", "key": "right", "url": venue.url}
        right = MassiveSource.model_validate(given)
        assert ticks(await said_by(open_source(right), ticks_of_one)) == [124.5]
        wrong = MassiveSource.model_validate({**given, "key": "hush-3"})
        (down,) = await said_by(open_source(wrong), bool, states=True)
    assert isinstance(down, FeedState)
    assert (down.up, down.detail, down.attempts) == (False, "auth_failed: no", 1)
    assert down.next_try == down.at + 60 * SECOND  # no use in asking sooner
    assert "hush-3" not in "".join(capsys.readouterr())


def ticks_of_one(said: list[Said]) -> bool:
    return bool(ticks(said))
