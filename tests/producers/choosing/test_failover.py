import asyncio
from collections.abc import AsyncIterator, Sequence
from itertools import groupby

import numpy as np
import pytest
from aiohttp import web

from producers.choosing.chain_preference import ChainPreference
from producers.choosing.failover import Failover
from producers.choosing.preference import Preference
from producers.listening.backoff import Backoff
from producers.listening.bucket import TokenBucket
from producers.listening.live import Live
from producers.listening.polling import PollingLine
from producers.settings import FailoverSource
from producers.source import SECOND, Heard, Said, Series
from producers.sources import open_source
from streams.events import ChainSnapshot, FeedState
from tests.producers.loopback import Call, exchange, said_by, site
from tests.producers.venues.test_cboe import answer
from tests.producers.venues.test_exchanges import trade
from tests.producers.venues.test_keyed_chains import TRADE, alpaca_page

BEST, NEXT, LAST = (Series("BTC", name) for name in ("best", "next", "last"))


def says(
    series: Series, at: Sequence[float], *, until: float, since: float | None = None
) -> Heard:
    stamps = np.array([round(each * SECOND) for each in at], np.int64)
    return Heard(
        series,
        stamps,
        np.ones(len(stamps)),
        until=round(until * SECOND),
        since=None if since is None else round(since * SECOND),
    )


def preference() -> Preference:
    return Preference("BTC", 3, patience=10 * SECOND, settle=60 * SECOND)


def hear(choice: Preference, rank: int, heard: Heard, now: float) -> list[Heard]:
    return list(choice.hear(rank, heard, round(now * SECOND)))


def look(choice: Preference, now: float) -> list[Heard]:
    return list(choice.look(round(now * SECOND)))


def test_while_the_best_speaks_no_other_is_heard() -> None:
    choice = preference()
    first = says(BEST, [1], until=2, since=1)
    assert hear(choice, 0, first, 2) == [first]
    assert hear(choice, 1, says(NEXT, [1.5], until=2, since=1), 2) == []
    assert look(choice, 11.9) == []


def test_what_the_best_has_told_is_not_kept_of_another() -> None:
    choice = preference()
    for second in range(1, 1_000):
        hear(choice, 0, says(BEST, [second], until=second + 0.5), second)
        hear(choice, 1, says(NEXT, [second], until=second + 0.1), second)
        assert len(choice._voices[1].kept) <= 1


def test_the_next_takes_over_from_where_the_best_fell_silent() -> None:
    choice = preference()
    hear(choice, 0, says(BEST, [1], until=2, since=1), 2)
    hear(choice, 1, says(NEXT, [1.5, 2.5], until=3, since=1), 3)
    hear(choice, 1, says(NEXT, [4], until=12), 12)
    taken = look(choice, 12.5)
    assert [h.series for h in taken] == [NEXT, NEXT]
    assert np.concatenate([h.at for h in taken]).tolist() == [
        25 * SECOND // 10,
        4 * SECOND,
    ]
    assert taken[0].since == 2 * SECOND  # no gap, and nothing twice
    goes_on = says(NEXT, [13], until=14)
    assert hear(choice, 1, goes_on, 14) == [goes_on]


def test_the_third_is_asked_when_the_second_is_silent_too() -> None:
    choice = preference()
    hear(choice, 0, says(BEST, [1], until=2, since=1), 2)
    hear(choice, 2, says(LAST, [3], until=12, since=1), 12)
    assert [h.series for h in look(choice, 13)] == [LAST]


def test_when_all_are_silent_nobody_takes_over() -> None:
    choice = preference()
    hear(choice, 0, says(BEST, [1], until=2, since=1), 2)
    hear(choice, 1, says(NEXT, [1], until=2, since=1), 2)
    assert look(choice, 100) == []
    back = says(BEST, [101], until=102, since=101)
    assert hear(choice, 0, back, 102) == [back]


def test_the_best_is_believed_again_only_once_it_is_steady() -> None:
    choice = preference()
    hear(choice, 0, says(BEST, [1], until=2, since=1), 2)
    hear(choice, 1, says(NEXT, [1], until=12, since=1), 12)
    look(choice, 13)
    said: list[Heard] = []
    for now in range(20, 85, 5):
        hear(choice, 1, says(NEXT, [now - 1], until=now), now)
        since = 18 if now == 20 else None
        back = says(BEST, [now - 0.5], until=now + 0.5, since=since)
        said = hear(choice, 0, back, now)
        if said:
            break
    assert now == 80
    assert [h.series for h in said] == [BEST]
    assert said[0].since == 80 * SECOND  # what the other had said until then
    assert hear(choice, 1, says(NEXT, [84], until=85), 85) == []


def test_a_hole_in_the_next_ones_own_word_stays_a_hole() -> None:
    choice = preference()
    hear(choice, 0, says(BEST, [1], until=2, since=1), 2)
    hear(choice, 1, says(NEXT, [7], until=12, since=7), 12)
    assert look(choice, 13)[0].since == 7 * SECOND


def chain(source: str, symbol: str = "NVDA") -> ChainSnapshot:
    return ChainSnapshot(
        symbol=symbol,
        source=source,
        at=1,
        spot=124.5,
        expiry=[],
        strike=[],
        right=[],
        bid=[],
        ask=[],
        iv=[],
    )


def stands(feed: str, *, up: bool) -> FeedState:
    return FeedState(feed=feed, up=up, at=1, since=1)


def test_chains_of_the_best_venue_that_gives_them_go_on_and_no_others() -> None:
    choice = ChainPreference()
    assert choice.passes(1, chain("alpaca"))  # the best has not spoken yet
    assert choice.passes(0, chain("cboe"))
    assert not choice.passes(1, chain("alpaca"))
    assert choice.passes(1, chain("alpaca", "AMD"))  # each symbol for itself
    choice.note(0, stands("cboe/AMD", up=False))
    assert not choice.passes(1, chain("alpaca"))
    choice.note(0, stands("cboe/NVDA", up=False))
    assert choice.passes(1, chain("alpaca"))
    choice.note(0, stands("cboe/NVDA", up=True))
    assert choice.passes(1, chain("alpaca"))  # up, but without a chain as yet
    assert choice.passes(0, chain("cboe"))
    assert not choice.passes(1, chain("alpaca"))


async def test_chains_change_over_when_their_venue_refuses_and_when_it_is_back() -> (
    None
):
    asked = 0

    async def best(_: web.Request) -> web.Response:
        nonlocal asked
        asked += 1
        if asked in (3, 4):
            return web.Response(status=500)
        return web.json_response(answer(asked))

    async def next_best(request: web.Request) -> web.Response:
        trade = "trades/latest" in request.path
        return web.json_response(TRADE if trade else alpaca_page())

    def venues(said: list[Said]) -> list[str]:
        told = [s.source for s in said if isinstance(s, ChainSnapshot)]
        return [name for name, _ in groupby(told)]

    async with site(best) as one, site(next_best) as two:
        cboe = {"kind": "cboe", "url": one.url, "prices": False}
        keys = {"key": "id-1", "secret": "hush-2", "url": "ws://127.0.0.1:1"}
        alpaca = {"kind": "alpaca", "http_url": two.url, "chains": "1m", **keys}
        table = {"kind": "failover", "prefer": [cboe, alpaca]}
        source = open_source(FailoverSource.model_validate(table))
        assert isinstance(source, Failover)
        for each in source.sources:
            assert isinstance(each, Live)
            for line in each.lines:
                if isinstance(line, PollingLine):
                    line.cadence = lambda _: 0.1
                    line.backoff = Backoff(first=0.5, cap=0.5)
                    line.fetcher.bucket = TokenBucket(1000, burst=10)
        said = await said_by(source, lambda said: venues(said)[-3:] == THERE_AND_BACK)
    # At the start whichever answers first is heard.
    assert venues(said)[-3:] == THERE_AND_BACK


THERE_AND_BACK = ["cboe", "alpaca", "cboe"]


async def test_a_bug_in_one_source_is_not_taken_for_its_silence() -> None:
    async def broken() -> AsyncIterator[Said]:
        yield says(BEST, [1], until=2, since=1)
        raise KeyError("a bug")

    async def for_ever() -> AsyncIterator[Said]:
        while True:
            await asyncio.sleep(0.05)
            yield says(NEXT, [1], until=2, since=1)

    source = Failover([broken(), for_ever()], patience=10, settle=10)
    with pytest.raises(KeyError, match="a bug"):
        await asyncio.wait_for(said_by(source, lambda _: False), 5)


@pytest.mark.timeout(60)
async def test_one_exchange_goes_and_another_takes_over() -> None:
    gone = asyncio.Event()

    async def first(call: Call) -> None:
        await call.hear()
        if not gone.is_set():
            await call.say(trade("coinbase", 1, 100))
            await gone.wait()

    async def second(call: Call) -> None:
        await call.hear()
        for number in range(1, 1000):
            await call.say(trade("binance", number, 200 + number))
            await asyncio.sleep(0.2)

    def sources(said: list[Said]) -> list[str]:
        return [s.series.source for s in said if isinstance(s, Heard) and len(s.at)]

    def content(said: list[Said]) -> bool:
        if "coinbase" in sources(said):
            gone.set()
        return "binance" in sources(said)

    async with exchange(first) as one, exchange(second) as two:
        settings = FailoverSource.model_validate(
            {
                "kind": "failover",
                "patience": "2s",
                "prefer": [
                    {"kind": "coinbase", "url": one.url},
                    {"kind": "binance", "url": two.url},
                ],
            }
        )
        said = await said_by(open_source(settings), content, within=20)
    assert sources(said)[0] == "coinbase"
    assert sources(said)[-1] == "binance"
