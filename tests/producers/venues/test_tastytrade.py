"""tastytrade: a grant for a key, and a vol whose unit is looked at twice."""

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from aiohttp import web

from producers.listening.backoff import Backoff
from producers.listening.bucket import TokenBucket
from producers.listening.conversation import Alive, Meaning, Refused, Tick
from producers.listening.polling import PollingLine
from producers.settings import TastytradeSource
from producers.source import Heard, Reason, Said, Series, Unusable
from producers.venues import tastytrade
from producers.venues.oauth import GrantedFetcher
from streams.volatility.market_time import market_clock
from tests.producers.loopback import said_by, site
from tests.producers.recorded.test_story import utc

NOW = utc("2024-07-01T18:00")
IV30 = Series("NVDA", "tastytrade", "iv30-tastytrade", 30)


def metric(**told: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON
    """A row as it is documented; the numbers in it are text."""
    usual = {
        "symbol": "NVDA",
        "implied-volatility-index": "0.473902156",
        "implied-volatility-index-rank": "0.3741",
        "implied-volatility-30-day": "48.23",
        "historical-volatility-30-day": "55.10",
        "liquidity-rating": 4,
        "updated-at": "2024-07-01T17:55:23.376Z",
    }
    return {**usual, **told}


def metrics(*items: object) -> dict[str, Any]:
    return {"data": {"items": list(items)}}


def heard(conversation: tastytrade.Metrics, *items: object) -> list[Meaning]:
    return list(conversation.hear(json.dumps(metrics(*items)), NOW))


def test_percent_in_text_becomes_a_fraction() -> None:
    said = heard(tastytrade.Metrics(["NVDA"]), metric())
    assert said == [Tick(IV30, NOW, 48.23 / 100)]


def test_a_row_seen_before_is_nothing_new() -> None:
    conversation = tastytrade.Metrics(["NVDA"])
    assert isinstance(heard(conversation, metric())[0], Tick)
    assert heard(conversation, metric()) == [Alive(IV30)]
    later = metric(**{"updated-at": "2024-07-01T18:00:23.376Z"})
    assert isinstance(heard(conversation, later)[0], Tick)
    assert isinstance(heard(conversation, {**later, **iv30(49)})[0], Tick)


def iv30(told: object) -> dict[str, object]:
    return {"implied-volatility-30-day": told}


def index(told: object) -> dict[str, object]:
    return {"implied-volatility-index": told}


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({}, Reason.MISSING_FIELD),
        (metric(**iv30(None)), Reason.MISSING_FIELD),
        (metric(**index(None)), Reason.MISSING_FIELD),
        (metric(symbol="AMD"), Reason.UNKNOWN_SYMBOL),
        (metric(symbol=None), Reason.NO_NUMBER),
        (metric(**iv30("")), Reason.NO_NUMBER),
        (metric(**iv30("NaN")), Reason.NO_NUMBER),
        (metric(**iv30("inf")), Reason.NO_NUMBER),
        (metric(**iv30("0.0")), Reason.NO_NUMBER),
        (metric(**iv30("-48.23")), Reason.NO_NUMBER),
        (metric(**iv30(True)), Reason.NO_NUMBER),
        (metric(**iv30(["48"])), Reason.NO_NUMBER),
        # A fraction where percent belong, and the reverse.
        (metric(**iv30("0.4823")), Reason.NO_NUMBER),
        (metric(**index("47.39")), Reason.NO_NUMBER),
        (metric(**iv30("0.4823"), **index("47.39")), Reason.NO_NUMBER),
        ("NVDA", Reason.NO_NUMBER),
        (None, Reason.NO_NUMBER),
    ],
)
def test_an_odd_row_has_a_reason_and_takes_no_other_with_it(
    row: object, reason: Reason
) -> None:
    said = heard(tastytrade.Metrics(["NVDA"]), row, metric())
    (odd,) = [m for m in said if isinstance(m, Unusable)]
    assert odd.reason is reason
    assert said[-1] == Tick(IV30, NOW, 48.23 / 100)


def test_a_symbol_it_leaves_out_is_told() -> None:
    tick, odd = heard(tastytrade.Metrics(["NVDA", "NVDIA"]), metric())
    assert isinstance(tick, Tick)
    assert isinstance(odd, Unusable)
    assert (odd.reason, odd.symbol) == (Reason.MISSING_FIELD, "NVDIA")


class Broker:
    """tastytrade on loopback: gives tokens away, and metrics for a token.

    Args:
        reply: the answer to the n-th question (from 1) that had a good token.
        lasts: seconds a token is said to be good for.
    """

    def __init__(
        self, reply: Callable[[int], web.Response], lasts: float = 900
    ) -> None:
        self._reply = reply
        self._lasts = lasts
        self.granted = 0
        self.asked = 0
        self.refused = 0
        self.withdrawn: set[int] = set()

    async def answer(self, request: web.Request) -> web.Response:
        if request.path == "/oauth/token":
            form = await request.post()
            assert request.method == "POST"
            assert form["grant_type"] == "refresh_token"
            if (form["client_secret"], form["refresh_token"]) != ("hush-1", "hush-2"):
                self.refused += 1
                return web.json_response({"error": "invalid_grant"}, status=401)
            self.granted += 1
            token = f"token-{self.granted}"
            grant = {"access_token": token, "token_type": "Bearer"}
            return web.json_response({**grant, "expires_in": self._lasts})
        assert request.path_qs == "/market-metrics?symbols=NVDA"
        assert request.headers["User-Agent"].startswith("volcross")
        good = f"Bearer token-{self.granted}"
        if (
            request.headers.get("Authorization") != good
            or self.granted in self.withdrawn
        ):
            self.refused += 1
            return web.json_response({"error": {"code": "unauthorized"}}, status=401)
        self.asked += 1
        return self._reply(self.asked)


def row(number: int) -> web.Response:
    return web.json_response(metrics(metric(**iv30(str(40 + number)))))


def opened(url: str, token: str = "hush-2") -> tuple[PollingLine, list[float]]:  # noqa: S107
    """The real source; its waits pass at once, and its wall clock with them."""
    settings = TastytradeSource.model_validate(
        {
            "kind": "tastytrade",
            "client_secret": "hush-1",
            "refresh_token": token,
            "url": url,
        }
    )
    (line,) = tastytrade.lines(settings)
    assert isinstance(line, PollingLine)
    ahead, waits = [0], []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)
        ahead[0] += round(seconds * 1e9)

    line.sleep = sleep
    line.now = lambda: time.time_ns() + ahead[0]
    line.market = market_clock("crypto")
    line.cadence = lambda _: 0.5
    line.backoff = Backoff(first=1, cap=900)
    line.fetcher.bucket = TokenBucket(1000, burst=10)
    return line, waits


def vols(said: list[Said]) -> list[float]:
    return [v for s in said if isinstance(s, Heard) for v in s.value.tolist()]


async def test_it_is_polled_with_one_token_until_that_runs_out() -> None:
    broker = Broker(row)
    async with site(broker.answer) as venue:
        line, _ = opened(venue.url)
        assert isinstance(line.fetcher, GrantedFetcher)
        clock = [0.0]
        line.fetcher.clock = lambda: clock[0]
        said = await said_by(line, lambda said: len(vols(said)) >= 3)
        assert broker.granted == 1
        clock[0] = 871.0
        said += await said_by(line, lambda said: len(vols(said)) >= 1)
    assert vols(said) == [0.41, 0.42, 0.43, 0.44]
    assert (broker.granted, broker.refused) == (2, 0)
    assert all(s.series == IV30 for s in said if isinstance(s, Heard))


async def test_a_token_withdrawn_before_its_time_is_renewed_at_once() -> None:
    broker = Broker(row)
    async with site(broker.answer) as venue:
        line, waits = opened(venue.url)
        await said_by(line, lambda said: len(vols(said)) >= 1)
        broker.withdrawn.add(1)
        said = await said_by(line, lambda said: len(vols(said)) >= 1)
    assert vols(said) == [0.42]
    assert (broker.granted, broker.refused) == (2, 1)
    assert waits == []  # a refusal for good would have been waited out


async def test_a_wrong_grant_is_not_tried_in_a_loop(
    capsys: pytest.CaptureFixture[str],
) -> None:
    broker = Broker(row)
    async with site(broker.answer) as venue:
        line, waits = opened(venue.url, token="hush-3")

        async def sleep(seconds: float) -> None:
            waits.append(seconds)
            ahead[0] += round(seconds * 1e9)
            if ahead[0] > 3600e9:
                raise KeyError

        ahead = [0]
        line.sleep, line.now = sleep, lambda: NOW + ahead[0]
        with pytest.raises(KeyError):
            [s async for s in line]
    # An hour, and a quarter of one between attempts.
    assert 3 <= broker.refused <= 5
    assert broker.asked == 0
    printed = "".join(capsys.readouterr())
    assert "no access token: HTTP 401" in printed
    assert "hush" not in printed


@pytest.mark.parametrize(
    ("status", "headers", "least"),
    [(429, {"Retry-After": "37"}, 37), (500, {}, 0.5), (403, {}, 900)],
)
async def test_refusals_are_waited_out_and_the_hole_is_shown(
    status: int, headers: dict[str, str], least: float
) -> None:
    def reply(number: int) -> web.Response:
        # 403 with a token that was good a moment ago: asked once more with another.
        bad = (2, 3) if status == 403 else (2,)
        return (
            web.Response(status=status, headers=headers)
            if number in bad
            else row(number)
        )

    broker = Broker(reply)
    async with site(broker.answer) as venue:
        line, _ = opened(venue.url)
        said = await said_by(line, lambda said: len(vols(said)) >= 2)
    ticked = [s for s in said if isinstance(s, Heard) and len(s.at)]
    first, second = ticked
    assert second.since == int(second.at[0])
    assert int(second.at[0]) - int(first.at[0]) >= least * 1e9


@pytest.mark.parametrize(
    "body",
    [
        "",
        "<html>",
        "[]",
        "{}",
        '{"data":null}',
        '{"data":{"items":null}}',
        json.dumps(metrics(metric()))[:-9],
    ],
)
async def test_nonsense_is_refused_whole_and_asked_again(body: str) -> None:
    broker = Broker(lambda number: web.Response(text=body) if number == 1 else row(2))
    async with site(broker.answer) as venue:
        line, _ = opened(venue.url)
        said = await said_by(line, lambda said: len(vols(said)) >= 1)
    assert isinstance(said[0], Unusable)
    assert said[0].original == body.encode()
    assert vols(said) == [0.42]


@pytest.mark.parametrize(
    "grant",
    [
        "",
        "[]",
        '{"access_token":null,"expires_in":900}',
        '{"access_token":"hush-4","expires_in":null}',
        '{"access_token":"hush-4\\r\\nX: y","expires_in":900}',
        '{"access_token":"hush-4',
    ],
)
async def test_a_grant_that_is_none_is_a_reason_and_no_crash(grant: str) -> None:
    async def answer(request: web.Request) -> web.Response:
        assert request.path == "/oauth/token"
        return web.Response(text=grant)

    async with site(answer) as venue:
        line, _ = opened(venue.url)
        with pytest.raises(Refused, match="no access token in the answer") as refused:
            await line.fetcher.get(f"{venue.url}/market-metrics?symbols=NVDA")
    assert not refused.value.permanent
