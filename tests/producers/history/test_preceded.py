"""The past is told before the present, and the present does not wait for ever."""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import settings as effort
from hypothesis import strategies as st

from producers.history import preceded as preceding
from producers.history.historian import Historian, Wanted
from producers.history.preceded import Patience, Preceded
from producers.history.turn import NEWS_NS, Turn
from producers.listening.bucket import TokenBucket
from producers.listening.fetching import Fetcher
from producers.publishing.coverage import Coverage
from producers.settings import Meaning
from producers.source import SECOND, Heard, Said, Series
from producers.venues import deribit_history
from streams.events import FeedState, VolTicks
from tests.producers.history import remembering
from tests.producers.history.remembering import bad_day, cut_short, too_many
from tests.producers.loopback import site

DAY = 86_400
PRICE = Series("BTC", "deribit")
DVOL = deribit_history.dvol("BTC")
QUICK = Patience(idle=5, total=10)


def one(series: Series, value: float, since: int | None = None) -> Heard:
    """Return what is heard right now, or at an instant; 0 joins on to what was."""
    at = since or time.time_ns()
    heard = np.array([at], np.int64), np.array([value])
    return Heard(series, *heard, since=None if since == 0 else at)


class Live:
    """A source that says what the test gives it."""

    def __init__(self) -> None:
        self.saying: asyncio.Queue[Said | None] = asyncio.Queue()

    def say(self, *said: Said) -> None:
        for each in said:
            self.saying.put_nowait(each)

    def end(self) -> None:
        self.saying.put_nowait(None)

    async def __aiter__(self) -> AsyncIterator[Said]:
        while (said := await self.saying.get()) is not None:
            yield said


def remembered(url: str, days: float = 2) -> dict[Meaning, Historian]:
    fetcher = Fetcher(TokenBucket(10_000, burst=10_000))
    wanted = Wanted("BTC", days * DAY, 60)
    made = (
        deribit_history.vols(wanted, fetcher, url),
        deribit_history.prices(wanted, "BTC-PERPETUAL", fetcher, url),
    )
    return {historian.series.meaning: historian for historian in made}


def preceded(
    live: Live,
    historians: dict[Meaning, Historian],
    known: Mapping[Meaning, int] = {},
    **more: Any,  # noqa: ANN401 - passed on
) -> Preceded:
    async def told() -> Mapping[Meaning, int]:
        return known

    return Preceded(
        live, historians, told, **{"beginning": QUICK, "gap": QUICK, **more}
    )


async def until(
    source: Preceded, enough: Callable[[list[Said]], bool], within: float = 20
) -> list[Said]:
    said: list[Said] = []
    saying = aiter(source)
    assert isinstance(saying, AsyncGenerator)
    try:
        async with asyncio.timeout(within):
            async for each in saying:
                said.append(each)
                if enough(said):
                    return said
    finally:
        await saying.aclose()
    return said


def of(said: list[Said], series: Series) -> list[Heard]:
    return [
        each
        for each in said
        if isinstance(each, Heard) and each.series.meaning == series.meaning
    ]


def has(*values: float) -> Callable[[list[Said]], bool]:
    def enough(said: list[Said]) -> bool:
        found = {v for each in said if isinstance(each, Heard) for v in each.value}
        return found >= set(values)

    return enough


def assert_contiguous(heard: list[Heard]) -> None:
    """Hold what is said of one thing to the publisher's own idea of a gap."""
    coverage, end = Coverage(), None
    for each in heard:
        coverage.hear(each)
        while (stretch := coverage.cut(5000)) is not None:
            assert end is None or stretch.start == end
            assert (np.diff(stretch.at) > 0).all()
            assert len(stretch.at) == 0 or stretch.at[0] >= stretch.start
            end = stretch.end


async def test_the_past_comes_first_and_the_present_goes_on_where_it_ends() -> None:
    live = Live()
    live.say(one(PRICE, 111.0), one(DVOL, 0.77))
    async with site(remembering.deribit) as place:
        source = preceded(live, remembered(place.url))
        said = await until(source, has(111.0, 0.77))
    for series in (PRICE, DVOL):
        heard = of(said, series)
        assert_contiguous(heard)
        assert heard[0].since is not None
        assert abs(time.time_ns() - heard[0].since - 2 * DAY * SECOND) < 60 * SECOND
        assert heard[-1].series == series
    # 2,880 candles of four ticks, up to the one that is still open.
    assert sum(len(each.at) for each in of(said, PRICE)) == pytest.approx(11_525, abs=5)


async def test_what_is_older_than_an_hour_is_history_and_the_rest_is_news() -> None:
    live = Live()
    live.say(one(PRICE, 111.0))
    async with site(remembering.deribit) as place:
        said = await until(preceded(live, remembered(place.url)), has(111.0))
    now = time.time_ns()
    past = [each for each in of(said, PRICE) if each.series.history]
    assert past[-1].end == pytest.approx(now - NEWS_NS, abs=120 * SECOND)
    news = of(said, PRICE)[len(past) :]
    assert not any(each.series.history for each in news)
    assert {each.series.source for each in past} == {"deribit-perpetual"}


async def test_a_second_start_asks_only_for_the_time_between() -> None:
    live, now = Live(), time.time_ns()
    live.say(one(PRICE, 111.0), one(DVOL, 0.77))
    known = {PRICE.meaning: now - SECOND // 10, DVOL.meaning: now + DAY * SECOND}
    async with site(remembering.deribit) as place:
        source = preceded(live, remembered(place.url), known)
        said = await until(source, has(111.0))
        assert len(place.asked) == 1
    assert_contiguous(of(said, PRICE))
    assert of(said, PRICE)[0].since == known[PRICE.meaning]
    # Of one candle, or two upon the minute, what had come to pass: and the live tick.
    assert 1 <= sum(len(each.at) for each in of(said, PRICE)) <= 9


async def test_a_source_waits_while_too_much_is_kept_for_a_slow_history(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(preceding, "MOST_KEPT", 10)
    live, told = Live(), asyncio.Event()
    live.say(one(PRICE, 1), *(one(PRICE, value, 0) for value in range(2, 51)))

    async def slow(request: web.Request) -> web.StreamResponse:
        await told.wait()
        return await remembering.deribit(request)

    async with site(slow) as place:
        source = preceded(live, remembered(place.url, days=0.01))
        task = asyncio.create_task(until(source, has(50.0)))
        while not place.asked:  # noqa: ASYNC110 - seen from outside
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.2)
        assert live.saying.qsize() >= 50 - 10 - 2  # one on its way, one that waits
        told.set()
        said = await asyncio.wait_for(task, 20)
    values = [value for each in of(said, PRICE) for value in each.value]
    assert values[-50:] == list(range(1, 51))


async def test_a_restart_fills_the_gap_and_no_more() -> None:
    live, told = Live(), time.time_ns() - 7200 * SECOND
    live.say(one(PRICE, 111.0), one(DVOL, 0.77))
    known = {PRICE.meaning: told, DVOL.meaning: told}
    async with site(remembering.deribit) as place:
        source = preceded(live, remembered(place.url), known)
        said = await until(source, has(111.0, 0.77))
    for series in (PRICE, DVOL):
        assert of(said, series)[0].since == told
        assert_contiguous(of(said, series))
    assert sum(len(each.at) for each in of(said, PRICE)) == pytest.approx(485, abs=5)


async def test_after_an_outage_the_hole_is_filled_before_anything_else_is_said() -> (
    None
):
    live, beginning = Live(), one(DVOL, 0.77)
    clock = beginning.end
    live.say(beginning)
    async with site(remembering.deribit) as place:
        historians = {DVOL.meaning: remembered(place.url)[DVOL.meaning]}
        known = {DVOL.meaning: beginning.end - 1}
        saying = aiter(preceded(live, historians, known, now=lambda: clock))
        assert isinstance(saying, AsyncGenerator)
        first = await anext(saying)
        assert isinstance(first, Heard)
        assert first.value.tolist() == [0.77]
        # The line was down for a while, and its first word says since when not.
        clock += 5 * SECOND
        live.say(one(DVOL, 0.78, since=clock))
        said: list[Said] = [first]
        while not has(0.78)(said):
            said.append(await anext(saying))
        await saying.aclose()
        assert len(place.asked) == 1
    heard = of(said, DVOL)
    assert_contiguous(heard)
    assert sum(len(each.at) for each in heard) >= 6


async def test_others_do_not_wait_for_a_history_that_is_slow() -> None:
    live, answered = Live(), asyncio.Event()

    async def slow(request: web.Request) -> web.Response:
        if "tradingview" in request.path:
            await answered.wait()
        return await remembering.deribit(request)

    state = FeedState(feed="deribit", up=True, at=1, since=1)
    eth = Series("ETH", "deribit")
    live.say(one(PRICE, 111.0), state, one(eth, 222.0), one(DVOL, 0.77))
    async with site(slow) as place:
        saying = aiter(preceded(live, remembered(place.url)))
        assert isinstance(saying, AsyncGenerator)
        said: list[Said] = []
        while not (has(222.0, 0.77)(said) and state in said):
            said.append(await anext(saying))
        assert of(said, PRICE) == []
        answered.set()
        while not has(111.0)(said):
            said.append(await anext(saying))
        await saying.aclose()
    assert_contiguous(of(said, PRICE))


@pytest.mark.parametrize("bad", [too_many, cut_short, lambda: web.Response(status=503)])
async def test_what_fails_midway_goes_on_where_it_was(
    bad: Callable[[], web.Response],
) -> None:
    live = Live()
    live.say(one(PRICE, 111.0))
    async with site(bad_day(remembering.deribit, {2: bad, 3: bad})) as place:
        historians = {PRICE.meaning: remembered(place.url, 5)[PRICE.meaning]}
        said = await until(preceded(live, historians), has(111.0))
        starts = [
            path.split("start_timestamp=")[1].split("&")[0] for path in place.asked
        ]
    heard = of(said, PRICE)
    assert_contiguous(heard)
    assert sum(len(each.at) for each in heard) == pytest.approx(5 * 5760 + 5, abs=5)
    # The question that failed is asked again, and no other.
    assert starts[1] == starts[2] == starts[3]
    assert len(set(starts)) == len(starts) - 2


async def test_a_venue_that_never_tells_holds_nobody_up_for_long() -> None:
    live = Live()
    live.say(one(PRICE, 111.0), one(DVOL, 0.77))

    async def never(request: web.Request) -> web.Response:  # noqa: ARG001
        return web.Response(status=500)

    brief = Patience(idle=0.5, total=1)
    async with site(never) as place:
        source = preceded(live, remembered(place.url), beginning=brief, gap=brief)
        said = await until(source, has(111.0, 0.77), within=10)
    assert [len(of(said, series)) for series in (PRICE, DVOL)] == [1, 1]


async def test_a_venue_that_does_not_know_us_is_not_asked_again() -> None:
    live = Live()
    live.say(one(PRICE, 111.0))

    async def unknown(request: web.Request) -> web.Response:  # noqa: ARG001
        return web.Response(status=404)

    async with site(unknown) as place:
        historians = {PRICE.meaning: remembered(place.url)[PRICE.meaning]}
        await until(preceded(live, historians), has(111.0))
        assert len(place.asked) == 1


async def test_a_vols_history_that_misses_its_turn_comes_as_records_of_its_own() -> (
    None
):
    live, well = Live(), asyncio.Event()

    async def later(request: web.Request) -> web.Response:
        if not well.is_set():
            return web.Response(status=503)
        return await remembering.deribit(request)

    live.say(one(DVOL, 0.77))
    brief = Patience(idle=0.3, total=0.5)
    async with site(later) as place:
        historians = {DVOL.meaning: remembered(place.url, 400)[DVOL.meaning]}
        saying = aiter(preceded(live, historians, gap=brief))
        assert isinstance(saying, AsyncGenerator)
        first = await anext(saying)
        assert isinstance(first, Heard)
        assert first.value.tolist() == [0.77]
        well.set()
        late: list[VolTicks] = []
        while not late or late[-1].end < int(first.at[0]):
            said = await anext(saying)
            assert isinstance(said, VolTicks)
            late.append(said)
        await saying.aclose()
    assert all(record.history for record in late)
    assert all(a.end == b.start for a, b in pairwise(late))
    assert late[-1].end == first.at[0]
    assert len(late[0].at) > 360


async def test_when_the_source_ends_everything_kept_is_told() -> None:
    live = Live()
    live.say(one(PRICE, 111.0), one(PRICE, 112.0, since=0))
    live.end()
    async with site(remembering.deribit) as place:
        said = await until(preceded(live, remembered(place.url)), lambda _: False)
    assert has(111.0, 112.0)(said)
    assert_contiguous(of(said, PRICE))


async def test_without_a_broker_nothing_is_told_and_nothing_is_lost() -> None:
    live, back = Live(), asyncio.Event()
    live.say(one(PRICE, 111.0))

    async def known() -> Mapping[Meaning, int]:
        await back.wait()
        return {}

    async with site(remembering.deribit) as place:
        source = Preceded(live, remembered(place.url), known)
        saying = aiter(source)
        assert isinstance(saying, AsyncGenerator)
        soon = asyncio.ensure_future(anext(saying))
        await asyncio.wait([soon], timeout=0.3)
        assert not soon.done()
        back.set()
        said: list[Said] = [await soon]
        while not has(111.0)(said):
            said.append(await anext(saying))
        await saying.aclose()
    assert_contiguous(of(said, PRICE))


@effort(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 50), st.booleans()), max_size=12),
    st.integers(0, 300),
)
def test_every_live_tick_after_the_history_is_told_once(
    steps: list[tuple[int, bool]], end: int
) -> None:
    turn, now = Turn(), NEWS_NS * 3
    live, at = list[Heard](), now
    for step, breaks in steps:
        at += step
        since = at if breaks or not live else None
        heard = np.array([at], np.int64), np.array([1.0])
        live.append(Heard(PRICE, *heard, since=since))
    said = [each for heard in live for each in turn.hear(heard)]
    assert said == []
    history = np.array([now - 1], np.int64), np.array([1.0])
    past = Heard(PRICE, *history, since=now - 10, until=now + end)
    assert len(list(turn.remember(past, now))) == 1
    told = [int(t) for heard in turn.release() for t in heard.at]
    assert told == [int(h.at[0]) for h in live if h.at[0] >= now + end]
    assert not turn.past
