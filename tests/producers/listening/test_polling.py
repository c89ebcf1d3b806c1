"""A polled feed leaves a hole for every outage, and takes no old answer for news."""

from collections.abc import Awaitable, Callable

from aiohttp import web

from producers.publishing.coverage import Coverage
from producers.source import SECOND, Heard, Said, Series
from streams.events import FeedState
from tests.producers.loopback import said_by, site
from tests.producers.venues.test_cboe import IV30, PRICE, answer
from tests.producers.venues.test_poll_manners import polled

MINUTE = 60 * SECOND


def script(
    *told: int | None,
) -> tuple[list[int | None], Callable[[web.Request], Awaitable[web.Response]]]:
    """Answer with each seqno in turn, None being a failure; then with the last."""
    left = list(told)

    async def say(_: web.Request) -> web.Response:
        seqno = left.pop(0) if len(left) > 1 else left[0]
        if seqno is None:
            return web.Response(status=500)
        return web.json_response(answer(seqno))

    return left, say


def holes(said: list[Said], series: Series) -> list[tuple[int, int]]:
    """Return the stretches that a publisher would find missing."""
    coverage, end = Coverage(), 0
    found = []
    for each in said:
        if isinstance(each, Heard) and each.series == series:
            coverage.hear(each)
            while (stretch := coverage.cut(5000)) is not None:
                if end and stretch.start > end:
                    found.append((end, stretch.start))
                end = stretch.end
    return found


def outages(said: list[Said]) -> list[tuple[int, int]]:
    """Return from when to when the feed said that it was down."""
    found: list[tuple[int, int]] = []
    since: int | None = None
    for each in said:
        if not isinstance(each, FeedState):
            continue
        if not each.up:
            since = each.since
        elif since is not None:
            found.append((since, each.at))
            since = None
    return found


def back_after(count: int) -> Callable[[list[Said]], bool]:
    """Until it has spoken after so many outages."""
    return lambda said: (
        isinstance(said[-1], Heard)
        and said[-1].series == IV30
        and len(outages(said)) == count
    )


async def test_every_outage_is_a_hole_as_long_as_the_feed_was_down() -> None:
    _, say = script(1, None, 2, 2, None, None, 2, 3, None, 4)

    async with site(say) as venue:
        line, _ = polled("cboe", venue.url)
        said = await said_by(line, back_after(3), states=True)
    # A tick is covered up to a nanosecond after it.
    assert holes(said, PRICE) == holes(said, IV30)
    found = [(begin, end) for begin, end in holes(said, IV30) if end - begin > 1]
    assert found == outages(said)
    downs = [each for each in said if isinstance(each, FeedState) and not each.up]
    assert [down.attempts for down in downs] == [1, 1, 2, 1]  # it begins anew


async def test_a_venue_that_says_the_same_for_too_long_is_down_until_it_has_news() -> (
    None
):
    # Asked each minute, it is given up after 20; and an error is no news either.
    left, say = script(*[7] * 24, None, *[7] * 4, 8)
    async with site(say) as venue:
        line, clock = polled("cboe", venue.url)
        began = clock[0]
        said = await said_by(line, back_after(1), states=True, within=20)
    assert left == [8]
    ((down, up),) = outages(said)
    assert 20 * MINUTE <= down - began <= 22 * MINUTE
    told = [each for each in said if isinstance(each, FeedState) and not each.up]
    reasons = [state.reason for state in told]
    assert reasons == [*["silent"] * (24 - 21), "refused", *["silent"] * 4]
    assert told[0].detail == "no tick while its market is open"
    waits = [(state.next_try or 0) - state.at for state in told]
    assert max(waits) <= MINUTE  # it does answer: it is asked as often as ever
    silent = said[said.index(told[0]) + 1 : said.index(told[-1])]
    assert not any(isinstance(each, Heard) for each in silent)
    assert holes(said, IV30) == [(down, up)]


async def test_what_still_holds_after_an_outage_is_said_again() -> None:
    _, say = script(7, None, 7)
    async with site(say) as venue:
        line, _ = polled("cboe", venue.url)
        said = await said_by(line, lambda said: len(ticks(said)) == 2, states=True)
    first, again = ticks(said)
    ((_, up),) = outages(said)
    assert first.value[0] == again.value[0]
    assert again.at[0] == again.since == up


def ticks(said: list[Said]) -> list[Heard]:
    return [
        each
        for each in said
        if isinstance(each, Heard) and each.series == IV30 and len(each.at)
    ]
