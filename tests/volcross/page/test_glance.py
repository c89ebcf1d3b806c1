"""What a glance at the page says: what fires, what is old, what is kept from it."""

import time

import msgspec
import pytest
from playwright.async_api import Browser, Page, expect

from streams.events import AlertState, Silence
from streams.settings import Kafka, Pair
from streams.topics import SILENCES
from tests.volcross.page.market import MINUTE, NVDA, SECOND, Told
from tests.volcross.page.viewing import Watched, ink, shown, told, until
from volcross.page.follower import Follower

pytestmark = pytest.mark.timeout(120)

ROW = """take({
  alerts: [], rows: [{
    ...shown, at_ms: [(rows.at.at(-1) + 60) * 1000], left: [0.7], right: [0.6],
  }],
})"""
"""A minute more, as the server would tell it."""


@pytest.fixture
def follower() -> Follower:
    return Follower(
        Kafka(),
        clocks={"NVDA": "us-equity", "BTC": "crypto"},
        pairs=[Pair(left="NVDA", right="BTC")],
    )


async def test_a_rule_that_fires_is_seen_at_the_top_and_in_the_tab(
    follower: Follower, browser: Browser
) -> None:
    market = Told(follower)
    await market.spread([0.5, 0.62], [0.6, 0.6])
    began = market.now - 15 * MINUTE
    async with told(follower) as address:
        page = await browser.new_page()
        watched = Watched(page)
        await shown(page, address)
        standing = page.locator("#standing")
        await expect(standing).to_be_hidden()
        await market.alert(AlertState.FIRING, 0.62, 0.6, since=began)
        await expect(standing).to_contain_text("firing since")
        await expect(standing).to_contain_text("nvda-above-btc")
        await expect(page).to_have_title("firing +2.0 NVDA/BTC · volcross")
        await expect(page.locator("#announced")).to_contain_text("firing: nvda-above")
        await market.alert(AlertState.UNKNOWN, 0.62, 0.6, "BTC is stale", since=began)
        await expect(standing).to_have_text("unknown: nvda-above-btc, BTC is stale")
        await market.alert(AlertState.KNOWN, 0.62, 0.6, since=began)
        await expect(standing).to_contain_text("firing since")
        await market.alert(AlertState.RESOLVED, 0.62, 0.6, since=began)
        await expect(standing).to_be_hidden()
        await expect(page).to_have_title("+2.0 NVDA/BTC · volcross")
        assert watched.complaints == []


async def test_every_comparison_is_listed_and_one_click_away(
    follower: Follower, browser: Browser
) -> None:
    market = Told(follower)
    await market.spread([0.5, 0.62], [0.6, 0.6])
    async with told(follower) as address:
        page = await browser.new_page()
        await shown(page, address)
        await expect(page.locator("#overview")).to_be_hidden()
        await market.spread([0.7], [0.4], "ewma/30d")
        rows = page.locator("#comparisons tr")
        await expect(rows).to_have_text(
            ["NVDA/BTC ewma/30d70.0%40.0%+30.0", "NVDA/BTC implied62.0%60.0%+2.0"]
        )
        choice = rows.nth(0).locator("button")
        await choice.focus()
        await page.keyboard.press("Enter")
        await expect(page.locator("#spread-value")).to_have_text("+30.0")
        await expect(page.locator("#pair")).to_have_value("NVDA/BTC ewma/30d")
        await expect(choice).to_have_attribute("aria-pressed", "true")
        await market.spread([0.8], [0.4], "ewma/30d")
        await expect(rows.nth(0)).to_contain_text("+40.0")
        await expect(choice).to_be_focused()


async def test_two_vols_of_one_symbol_are_told_apart_by_what_they_are(
    follower: Follower, browser: Browser
) -> None:
    market = Told(follower)
    realised = msgspec.structs.replace(NVDA, measure="close-to-close")
    await market.spread([0.6], [0.7], "risk_premium", (NVDA, realised))
    async with told(follower) as address:
        page = await browser.new_page()
        await shown(page, address)
        await expect(page.locator("#question")).to_have_text(
            "Is NVDA's iv30 now above its close-to-close?"
        )
        word = page.locator("#spread-word")
        await expect(word).to_have_text("points: close-to-close is above")
        labels = await page.evaluate("charts.lines.series.map(({label}) => label)")
        assert labels[1:] == ["iv30", "close-to-close"]


async def test_numbers_nobody_renews_are_shown_as_old(
    follower: Follower, browser: Browser
) -> None:
    market = Told(follower)
    await market.spread([0.5, 0.62], [0.6, 0.6])
    async with told(follower) as address:
        page = await browser.new_page()
        await shown(page, address)
        # An hour ago is all that the feed of BTC has ever covered.
        right = page.locator("#right")
        await expect(right.locator("#right-feed")).to_contain_text("deribit: no word")
        old = ("old", "right old", "spread old")
        await expect(right).to_have_class(old[1])
        await expect(page.locator("#difference")).to_have_class(old[2])
        await expect(page.locator("#left")).to_have_class("left")
        market.now = time.time_ns() // MINUTE * MINUTE
        await market.spread([0.62], [0.6])
        await expect(right).to_have_class("right")
        await expect(page.locator("#right-feed")).to_be_hidden()
        follower.why_not_ready = "no Kafka broker answers at elsewhere:9092"
        follower.tell(follower.message())
        await expect(page.locator("#link")).to_have_text(follower.why_not_ready)
        await expect(page.locator("#numbers")).to_have_class("numbers old")


async def test_a_silence_is_told_while_it_holds(
    follower: Follower, browser: Browser
) -> None:
    market = Told(follower)
    await market.spread([0.62], [0.6])
    now = time.time_ns()
    asked = Silence(
        id="a1",
        rule="nvda-*",
        author="ana",
        comment="earnings",
        start=now,
        end=now + 3600 * SECOND,
    )
    async with told(follower) as address:
        page = await browser.new_page()
        await shown(page, address)
        silences = page.locator("#silences")
        await expect(silences).to_be_hidden()
        await market.put(SILENCES, "a1", asked)
        await expect(silences).to_contain_text("Silenced: nvda-* until ")
        await expect(silences).to_contain_text("by ana: earnings")
        ended = msgspec.structs.replace(asked, end=now)
        await market.put(SILENCES, "a1", ended)
        await expect(silences).to_be_hidden()


async def test_what_is_zoomed_stays_zoomed_and_six_hours_stay_six(
    follower: Follower, browser: Browser
) -> None:
    market = Told(follower)
    market.now -= 24 * 60 * MINUTE
    await market.spread([0.61, 0.6] * 360, [0.6] * 720)
    async with told(follower) as address:
        page = await browser.new_page()
        await shown(page, address)
        await drag(page, 100, 160)
        narrow = await page.evaluate("charts.lines.scales.x.max")
        assert narrow < await page.evaluate("rows.at.at(-1)")
        await page.evaluate(ROW)
        assert await page.evaluate("charts.lines.scales.x.max") == narrow
        assert await page.evaluate("charts.spread.scales.x.max") == narrow
        await page.locator("#lines").dblclick(position={"x": 200, "y": 80})
        await page.evaluate(ROW)
        last = await page.evaluate("rows.at.at(-1)")
        await until(page, f"charts.lines.scales.x.max === {last}")

        async with page.expect_response(lambda answer: "last=6h" in answer.url):
            await page.get_by_text("6 h").click()
        await until(page, "rows.at.length === 360 && recent === null")
        for _ in range(5):
            await page.evaluate(ROW)
        # 360 minutes and both their ends, however long it is left open.
        assert await page.evaluate("rows.at.at(-1) - rows.at[0]") == 6 * 3600


async def drag(page: Page, begin: float, end: float) -> None:
    box = await page.locator("#lines").bounding_box()
    assert box is not None
    await page.mouse.move(box["x"] + begin, box["y"] + 80)
    await page.mouse.down()
    await page.mouse.move(box["x"] + end, box["y"] + 90, steps=5)
    await page.mouse.up()
    await until(page, "zoomed")


async def test_what_the_lines_were_is_told_where_the_pointer_is(
    follower: Follower, browser: Browser
) -> None:
    market = Told(follower)
    await market.spread([0.61] * 60, [0.6] * 60)
    async with told(follower) as address:
        page = await browser.new_page()
        await shown(page, address)
        pointed = page.locator("#pointed")
        await expect(pointed).to_be_hidden()
        await page.locator("#spread").hover(position={"x": 300, "y": 50})
        await expect(pointed).to_contain_text("UTC: NVDA 61.0%, BTC 60.0%, spread +1.0")
        await page.mouse.move(0, 0)
        await expect(pointed).to_be_hidden()


async def test_a_holiday_is_named(follower: Follower, browser: Browser) -> None:
    market = Told(follower)
    await market.spread([0.61] * 50, [0.6] * 50)
    async with told(follower) as address:
        page = await browser.new_page()
        await shown(page, address)
        word = page.locator("#sessions-word")
        await expect(word).to_contain_text("NVDA's market is", timeout=20_000)
        # Shut since the first row, to open in an hour; its noon is among the rows.
        await page.evaluate("""
            const next = state.now_ms + 36e5;
            markets[0].sessions_ms = [[0, rows.at[0] * 1e3], [next, 4e12]];
            markets[0].holidays = [{name: "Hog Day", at_ms: state.now_ms - 1}];
            draw()
        """)
        await expect(word).to_contain_text("NVDA's market is shut until")
        await expect(word).to_contain_text("UTC (Hog Day)")
        plain = await ink(page, "lines")
        await page.evaluate("markets[0].holidays[0].at_ms = rows.at[25] * 1e3; draw()")
        assert await ink(page, "lines") != plain


async def test_a_page_left_open_holds_no_more_than_it_shows(
    follower: Follower, browser: Browser
) -> None:
    market = Told(follower)
    await market.spread([0.61] * 50, [0.6] * 50)
    await market.alert(AlertState.FIRING, 0.62, 0.6)
    async with told(follower) as address:
        page = await browser.new_page()
        await shown(page, address)
        await until(page, "alerts.length === 1 && recent === null")
        await page.evaluate("""
            const one = alerts[0];
            for (let n = 0; n < 600; n++)
              take({rows: [], alerts: [{...one, id: `i${n}`, began: null}]})
        """)
        # Too many points are fetched again thinned out, and only once at a time.
        asked = await page.evaluate("""
            const fetched = window.fetch;
            let asked = 0;
            window.fetch = (...what) => { asked += 1; return fetched(...what); };
            for (let n = 0; n < 20; n++) {
              const last = rows.at.at(-1);
              const at_ms = [...Array(500).keys()].map((k) => (last + k + 1) * 1000);
              const half = at_ms.map(() => 0.5);
              take({rows: [{...shown, at_ms, left: half, right: half}], alerts: []});
            }
            asked
        """)
        assert asked == 1
        await until(page, "recent === null && rows.at.length <= 6000")
        assert await page.evaluate("alerts.length") == 500
        await expect(page.locator("#alerts > li")).to_have_count(9)
        await expect(page.locator("#alerts > li").last).to_have_text(
            "and 492 more: volcross alerts list"
        )
