import asyncio
from collections.abc import Sequence

import numpy as np
import pytest

from producers.failover import Preference
from producers.settings import FailoverSource
from producers.source import SECOND, Heard, Said, Series
from producers.sources import open_source
from tests.producers.loopback import Call, exchange, said_by
from tests.producers.venues.test_exchanges import trade

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
