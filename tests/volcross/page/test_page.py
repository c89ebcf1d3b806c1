"""The live page: a real server on a real broker, in a real browser."""

import asyncio
import datetime as dt
from itertools import pairwise
from typing import Literal

import pytest
from axe_playwright_python.async_playwright import Axe  # type: ignore[import-untyped]  # it ships none
from playwright.async_api import Browser, expect

from streams.events import AlertState
from streams.settings import Scheduled
from tests.volcross.page.market import BTC, MINUTE, NVDA, Market
from tests.volcross.page.viewing import Watched, ink, served, settled, shown
from volcross.config import Settings

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(120)]


async def test_it_shows_both_lines_moves_and_tells_of_an_alert(
    settings: Settings, market: Market, browser: Browser
) -> None:
    await market.spread([0.48 + 0.001 * n for n in range(50)], [0.6] * 50)
    async with served(settings) as address:
        page = await browser.new_page()
        watched = Watched(page)
        await shown(page, address)
        assert await page.locator("#left-name").inner_text() == "NVDA iv30 30d"
        assert await page.locator("#left-value").inner_text() == "52.9%"
        assert await page.locator("#spread-value").inner_text() == "−7.1"
        before = await ink(page, "lines"), await ink(page, "spread")

        await market.spread([0.61, 0.62], [0.6, 0.6])
        await expect(page.locator("#spread-value")).to_have_text("+2.0", timeout=15_000)
        assert await ink(page, "lines") != before[0]
        assert await ink(page, "spread") != before[1]

        await market.alert(AlertState.FIRING, 0.62, 0.6)
        await expect(page.locator("#alerts strong")).to_have_text(
            "firing", timeout=15_000
        )
        assert watched.complaints == []
        assert all(url.startswith(address + "/") for url in watched.asked)


async def test_it_says_where_the_spread_and_its_legs_stand(
    settings: Settings, market: Market, browser: Browser
) -> None:
    await market.spread([0.61, 0.62], [0.6, 0.6])
    await market.context(1.53, 0.874)
    async with served(settings) as address:
        page = await browser.new_page()
        watched = Watched(page)
        await shown(page, address)
        word = page.locator("#spread-word")
        await expect(word).to_have_text("points: NVDA is above, +1.5 σ of its 30 days")
        await expect(page.locator("#left-age")).to_contain_text(
            ", 87% up its range of 63 days"
        )
        await expect(page.locator("#right-age")).not_to_contain_text("range")
        await expect(page.locator("#ahead")).to_contain_text("NVDA earnings 2024-08-28")
        assert watched.complaints == []


async def test_vols_by_maturity_are_shown_once_chains_come(
    settings: Settings, market: Market, browser: Browser
) -> None:
    await market.spread([0.61, 0.62], [0.6, 0.6])
    async with served(settings) as address:
        page = await browser.new_page()
        watched = Watched(page)
        await shown(page, address)
        word = page.locator("#structure-word")
        await expect(word).to_contain_text("NVDA, BTC: no option chain yet")
        await expect(page.locator("#structure-curves")).to_be_hidden()

        await market.published(NVDA, 0.62)
        await market.published(BTC, 0.6)
        await market.chain("NVDA", 0.58, 0.031)
        await market.chain("BTC", 0.55, -0.012, tenors=(7, 14, 30))
        rows = page.locator("#structure-table tbody tr")
        await expect(rows).to_have_count(5)
        await expect(rows.nth(2)).to_have_text("3058.0%60.0%+3.155.0%57.0%−1.2")
        await expect(rows.nth(4)).to_have_text("9051.3%53.3%+1.0–––")
        await expect(word).to_contain_text("NVDA, BTC: made-up, ")
        before = await ink(page, "curves"), await ink(page, "skews")

        market.now += MINUTE
        await market.chain("BTC", 0.70, 0.02)
        await expect(rows.nth(4)).to_contain_text("63.3%")
        assert await ink(page, "curves") != before[0]
        assert await ink(page, "skews") != before[1]
        assert watched.complaints == []


async def test_before_the_first_spread_it_says_what_it_waits_for(
    settings: Settings, market: Market, browser: Browser
) -> None:
    async with served(settings) as address:
        page = await browser.new_page()
        watched = Watched(page)
        await page.goto(address)
        nothing = page.locator("#nothing")
        await expect(nothing).to_contain_text("NVDA: no published vol yet")
        await expect(page.locator("#charts")).to_be_hidden()
        await expect(page.locator("#missing-list li")).to_have_count(5)
        found = await Axe().run(page)
        assert not [each["id"] for each in found.response["violations"]]
        await market.spread([0.61], [0.6])
        await expect(page.locator("#left-value")).to_have_text("61.0%")
        await expect(nothing).to_be_hidden()
        await expect(page.locator("#lines canvas")).to_be_visible()
        await expect(page.locator("#missing-list li")).to_have_count(4)
        assert watched.complaints == []


async def test_an_incident_is_one_thread_and_an_unknown_says_why(
    settings: Settings, market: Market, browser: Browser
) -> None:
    await market.spread([0.5, 0.61], [0.6, 0.6])
    began = market.now - 15 * MINUTE
    await market.alert(AlertState.FIRING, 0.61, 0.6, since=began)
    market.now += MINUTE
    stale = "BTC dvol is stale: nothing for 20 min"
    await market.alert(AlertState.UNKNOWN, 0.61, 0.6, stale, since=began)
    async with served(settings) as address:
        page = await browser.new_page()
        await shown(page, address)
        one = page.locator("#alerts > li")
        await expect(one.locator("strong")).to_have_text("unknown")
        await expect(one).to_contain_text(stale)
        await expect(one.locator(".thread li")).to_contain_text("firing")
        market.now += MINUTE
        await market.alert(AlertState.RESOLVED, 0.55, 0.6, "fell back", since=began)
        await expect(one.locator("strong")).to_have_text("resolved", timeout=15_000)
        await expect(one).to_contain_text("lasted 17 min")
        await expect(one.locator(".thread li")).to_have_count(2)
        await expect(one).to_have_count(1)


async def test_open_hours_are_a_strip_under_the_lines(
    settings: Settings, market: Market, browser: Browser
) -> None:
    await market.spread([0.61] * 50, [0.6] * 50)
    async with served(settings) as address:
        page = await browser.new_page()
        await shown(page, address)
        word = page.locator("#sessions-word")
        await expect(word).to_contain_text("NVDA's market is", timeout=20_000)
        await expect(word).not_to_contain_text("BTC")
        plain = await ink(page, "lines")
        await page.evaluate(
            "markets[0].sessions_ms = [[rows.at[5] * 1e3, rows.at[20] * 1e3]]; draw()"
        )
        assert await ink(page, "lines") != plain
        # A page left open for a week is told of the week to come.
        async with page.expect_request(lambda r: r.url.endswith("/markets")):
            await page.evaluate("askedAt = state.now_ms - 8 * 864e5")


async def test_a_known_date_is_marked_in_the_chart(
    settings: Settings, market: Market, browser: Browser
) -> None:
    await market.spread([0.61] * 50, [0.6] * 50)
    moment = dt.datetime.fromtimestamp(market.now // 10**9 - 600, dt.UTC)
    known = Scheduled(symbol="NVDA", at=moment, what="earnings")
    # Markets that never shut: no strip of open hours comes in between.
    always = {
        name: symbol.model_copy(update={"clock": "crypto"})
        for name, symbol in settings.symbols.items()
    }
    drawn = []
    for calendar in ([], [known]):
        told = settings.model_copy(
            update={"announcements": calendar, "symbols": always}
        )
        async with served(told) as address:
            page = await browser.new_page()
            await shown(page, address)
            drawn.append(await settled(page, "lines"))
            await page.close()
    assert drawn[0] != drawn[1]


async def test_it_comes_back_after_the_server_was_away_with_what_it_missed(
    settings: Settings, market: Market, browser: Browser
) -> None:
    await market.spread([0.5], [0.6])
    page = await browser.new_page()
    async with served(settings) as address:
        await shown(page, address)
    await expect(page.locator("#link")).to_have_text("reconnecting")
    await market.spread([0.66], [0.6])
    await market.alert(AlertState.FIRING, 0.66, 0.6)
    async with served(settings):
        await expect(page.locator("#link")).to_have_text("live", timeout=15_000)
        await expect(page.locator("#left-value")).to_have_text("66.0%")
        await expect(page.locator("#alerts strong")).to_have_count(1)


async def test_no_minute_is_missing_between_the_history_and_what_follows(
    settings: Settings, market: Market, browser: Browser
) -> None:
    market.now -= 1000 * MINUTE
    await market.spread([0.5] * 10, [0.6] * 10)

    async def go_on() -> None:
        while True:
            await market.spread([0.5], [0.6])
            await asyncio.sleep(0.02)

    async with served(settings) as address:
        moving = asyncio.create_task(go_on())
        page = await browser.new_page()
        await shown(page, address)
        await asyncio.sleep(1.5)
        moving.cancel()
        at: list[float] = await page.evaluate("rows.at")
    assert len(at) > 30
    assert {later - earlier for earlier, later in pairwise(at)} == {60}


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_nobody_is_shut_out_and_nothing_is_cut_off_on_a_phone(
    settings: Settings,
    market: Market,
    browser: Browser,
    scheme: Literal["light", "dark"],
) -> None:
    await market.spread([0.5, 0.61], [0.6, 0.6])
    await market.alert(AlertState.FIRING, 0.61, 0.6)
    await market.context(1.53, 0.874)
    await market.spread([0.7], [0.6], "a-comparison-whose-name-is-longer-than-a-phone")
    await market.chain("NVDA", 0.58, 0.031)
    await market.chain("BTC", 0.55, -0.012)
    async with served(settings) as address:
        page = await browser.new_page(
            color_scheme=scheme, viewport={"width": 360, "height": 740}
        )
        await shown(page, address)
        await expect(page.locator("#overview")).to_be_visible()
        await expect(page.locator("#standing")).to_contain_text("firing")
        found = await Axe().run(page)
        assert not [
            (violation["id"], [node["html"] for node in violation["nodes"]])
            for violation in found.response["violations"]
        ]
        wide: int = await page.evaluate("document.documentElement.scrollWidth")
        assert wide <= 360


async def test_everything_can_be_reached_with_the_keyboard(
    settings: Settings, market: Market, browser: Browser
) -> None:
    await market.spread([0.5, 0.61], [0.6, 0.6])
    async with served(settings) as address:
        page = await browser.new_page()
        await shown(page, address)
        await page.keyboard.press("Tab")
        focused: str = await page.evaluate("document.activeElement.id")
        assert focused == "pair"
        await page.keyboard.press("Tab")
        async with page.expect_request(lambda r: "last=7d" in r.url):
            await page.keyboard.press("ArrowLeft")
