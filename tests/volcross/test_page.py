"""The live page: a real server on a real broker, in a real browser."""

import asyncio
import datetime as dt
import json
import shutil
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import pairwise
from typing import Any, Literal

import aiohttp
import numpy as np
import pytest
from aiokafka import AIOKafkaProducer
from axe_playwright_python.async_playwright import Axe  # type: ignore[import-untyped]  # it ships none
from playwright.async_api import Browser, Page, async_playwright, expect

from streams import wire
from streams.events import (
    Alert,
    AlertState,
    ContextReadings,
    Event,
    LegName,
    LegValue,
    Origin,
    SpreadReadings,
    VolTicks,
)
from streams.settings import Kafka, Scheduled, client
from streams.topics import ALERTS, CONTEXT, SPREADS, VOL_TICKS, Topic
from volcross.config import Settings, compose
from volcross.page.follower import BACKLOG, Follower
from volcross.page.history import kept
from volcross.page.server import serve
from volcross.running.broker import free_port
from volcross.running.provisioning import provision

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(120)]

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
SECOND = 1_000_000_000
MINUTE = 60 * SECOND

NVDA = LegName(
    symbol="NVDA", measure="iv30", window="30d", origin=Origin.PUBLISHED, source="cboe"
)
BTC = LegName(
    symbol="BTC",
    measure="dvol",
    window="30d",
    origin=Origin.PUBLISHED,
    source="deribit",
)


class Market:
    """Puts records on the topics, as the rooms would."""

    def __init__(self, kafka: Kafka, producer: AIOKafkaProducer) -> None:
        self._kafka = kafka
        self._producer = producer
        # Whole minutes; an hour of history up to now.
        self.now = time.time_ns() // MINUTE * MINUTE - 60 * MINUTE

    async def put(self, topic: Topic, key: str, event: Event) -> None:
        await self._producer.send_and_wait(
            self._kafka.topic_prefix + topic.name, wire.encode(event), key=key.encode()
        )

    async def spread(self, left: list[float], right: list[float]) -> None:
        start = self.now
        at = [start + MINUTE * row for row in range(len(left))]
        self.now = at[-1] + MINUTE
        await self.put(
            SPREADS,
            "NVDA/BTC",
            SpreadReadings(
                pair="NVDA/BTC",
                comparison="implied",
                left=NVDA,
                right=BTC,
                start=start,
                end=self.now,
                at=at,
                left_value=left,
                right_value=right,
                spread=[a - b for a, b in zip(left, right, strict=True)],
                left_at=at,
                right_at=at,
            ),
        )
        await self.put(
            VOL_TICKS,
            "BTC",
            VolTicks(
                symbol="BTC",
                source="deribit",
                measure="dvol",
                tenor_days=30,
                start=start,
                end=self.now,
                at=at,
                value=right,
            ),
        )

    async def context(self, z_score: float, left_rank: float | None) -> None:
        await self.put(
            CONTEXT,
            "NVDA/BTC",
            ContextReadings(
                pair="NVDA/BTC",
                comparison="implied",
                left=NVDA,
                right=BTC,
                start=self.now - MINUTE,
                end=self.now,
                at=[self.now - 1],
                z_score=[z_score],
                left_rank=[left_rank],
                left_percentile=[left_rank],
                right_rank=[None],
                right_percentile=[None],
                announcements=["NVDA earnings 2024-08-28"],
            ),
        )

    async def alert(self, state: AlertState, left: float, right: float) -> None:
        at = self.now

        def leg(name: LegName, value: float) -> LegValue:
            return LegValue(name=name, value=value, at=at, market_open=True)

        await self.put(
            ALERTS,
            "nvda-above-btc",
            Alert(
                id="i1",
                rule="nvda-above-btc",
                severity="warning",
                pair="NVDA/BTC",
                comparison="implied",
                state=state,
                event_time=at,
                since=at - 15 * MINUTE,
                left=leg(NVDA, left),
                right=leg(BTC, right),
                spread=left - right,
                reason="spread above 0 points for 15 min",
                channels=[],
            ),
        )


@pytest.fixture
async def market(kafka_settings: Kafka) -> AsyncIterator[Market]:
    await asyncio.to_thread(provision, kafka_settings)
    async with AIOKafkaProducer(**client(kafka_settings)) as producer:
        yield Market(kafka_settings, producer)


@pytest.fixture
def settings(kafka_settings: Kafka) -> Settings:
    given = {
        "kafka": kafka_settings.model_dump(exclude_none=True),
        "page": {"port": free_port()},
    }
    return compose(given, "test", {})


@asynccontextmanager
async def served(settings: Settings) -> AsyncIterator[str]:
    task = asyncio.create_task(serve(settings))
    address = f"http://127.0.0.1:{settings.page.port}"
    try:
        async with aiohttp.ClientSession() as session:
            deadline = time.monotonic() + 30
            while True:
                assert not task.done(), task.exception()
                assert time.monotonic() < deadline
                try:
                    async with session.get(address + "/readyz") as answer:
                        if answer.status == 200:
                            break
                except aiohttp.ClientError:
                    pass
                await asyncio.sleep(0.05)
        yield address
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    if CHROMIUM is None:
        pytest.fail("Chromium is missing: apt-get install chromium")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox"]
        )
        yield browser
        await browser.close()


class Watched:
    """A page, what it complained of, and whom it asked."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.complaints: list[str] = []
        self.asked: list[str] = []
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", lambda request: self.asked.append(request.url))

    def _console(self, message: Any) -> None:  # noqa: ANN401 - Playwright's
        if message.type in {"error", "warning"}:
            self.complaints.append(message.text)


async def shown(page: Page, address: str) -> None:
    await page.goto(address)
    await expect(page.locator("#link")).to_have_text("live")
    await expect(page.locator("#left-value")).not_to_have_text("–")


async def ink(page: Page, chart: str) -> str:
    """The pixels of a chart: they change when it moves."""
    drawn: str = await page.locator(f"#{chart} canvas").evaluate("c => c.toDataURL()")
    return drawn


async def test_it_shows_both_lines_moves_and_tells_of_an_alert_within_a_second(
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
        await expect(page.locator("#spread-value")).to_have_text("+2.0", timeout=2000)
        assert await ink(page, "lines") != before[0]
        assert await ink(page, "spread") != before[1]

        await market.alert(AlertState.FIRING, 0.62, 0.6)
        await expect(page.locator("#alerts strong")).to_have_text(
            "firing", timeout=1000
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
        await expect(page.locator("#left-age")).to_contain_text(", 87% up its range")
        await expect(page.locator("#right-age")).not_to_contain_text("range")
        await expect(page.locator("#ahead")).to_contain_text("NVDA earnings 2024-08-28")
        assert watched.complaints == []


async def test_a_known_date_is_marked_in_the_chart(
    settings: Settings, market: Market, browser: Browser
) -> None:
    await market.spread([0.61] * 50, [0.6] * 50)
    moment = dt.datetime.fromtimestamp(market.now // 10**9 - 600, dt.UTC)
    known = Scheduled(symbol="NVDA", at=moment, what="earnings")
    drawn = []
    for calendar in ([], [], [known]):
        told = settings.model_copy(update={"announcements": calendar})
        async with served(told) as address:
            page = await browser.new_page()
            await shown(page, address)
            drawn.append(await ink(page, "lines"))
            await page.close()
    assert drawn[0] == drawn[1]
    assert drawn[2] != drawn[0]


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
    async with served(settings) as address:
        page = await browser.new_page(
            color_scheme=scheme, viewport={"width": 360, "height": 740}
        )
        await shown(page, address)
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


async def test_the_api_says_what_its_description_says(
    settings: Settings, market: Market
) -> None:
    await market.spread([0.5, 0.61], [0.6, 0.6])
    await market.alert(AlertState.FIRING, 0.61, 0.6)
    known = Scheduled(symbol="NVDA", at=dt.datetime.now(dt.UTC))
    settings = settings.model_copy(update={"announcements": [known]})
    async with served(settings) as address, aiohttp.ClientSession() as session:
        async with session.get(address + "/api/v1/openapi.json") as answer:
            described = json.loads(await answer.text())
        assert described["openapi"].startswith("3.1")
        for path, methods in described["paths"].items():
            if path == "/api/v1/events":
                continue
            example = methods["get"].get("parameters", [])
            query = {p["name"]: str(p["example"]) for p in example if "example" in p}
            async with session.get(address + path, params=query) as answer:
                assert answer.status == 200, path
                assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
                content = methods["get"]["responses"]["200"]["content"]
                assert answer.content_type in content, path
                if answer.content_type == "application/json":
                    schema = content["application/json"]["schema"]
                    conforms(await answer.json(), schema, described, path)


def conforms(
    value: object, schema: dict[str, Any], described: dict[str, Any], where: str
) -> None:
    """Check types, required and unknown keys: what a client relies on."""
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[1]
        schema = described["components"]["schemas"][name]
    kinds: dict[str, tuple[type, ...]] = {
        "object": (dict,),
        "array": (list,),
        "string": (str,),
        "number": (int, float),
        "integer": (int,),
        "boolean": (bool,),
        "null": (type(None),),
    }
    allowed = schema.get("type", [])
    allowed = [allowed] if isinstance(allowed, str) else allowed
    assert any(isinstance(value, kinds[kind]) for kind in allowed), (where, value)
    if isinstance(value, dict) and "properties" in schema:
        assert value.keys() == schema["properties"].keys(), where
        for key, inner in schema["properties"].items():
            conforms(value[key], inner, described, f"{where}.{key}")
    if isinstance(value, list):
        for each in value:
            conforms(each, schema["items"], described, f"{where}[]")


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({"pair": "NVDA/DOGE"}, 404),
        ({"pair": "NVDA/BTC", "last": "yesterday"}, 400),
        ({"pair": "NVDA/BTC", "points": "many"}, 400),
        ({"pair": "NVDA/BTC", "points": "1000000000"}, 400),
        ({"pair": "NVDA/BTC", "last": "6h", "points": "100"}, 200),
    ],
)
async def test_a_bad_question_gets_a_reason(
    settings: Settings, market: Market, query: dict[str, str], status: int
) -> None:
    await market.spread([0.5], [0.6])
    async with (
        served(settings) as address,
        aiohttp.ClientSession() as session,
        session.get(address + "/api/v1/history", params=query) as answer,
    ):
        assert answer.status == status
        assert ("error" in await answer.json()) == (status != 200)


async def test_a_name_pointed_at_our_loopback_is_turned_away(
    settings: Settings, market: Market
) -> None:
    await market.spread([0.5], [0.6])
    async with (
        served(settings) as address,
        aiohttp.ClientSession() as session,
        session.get(address + "/", headers={"Host": "evil.example"}) as answer,
    ):
        assert answer.status == 403


async def test_a_viewer_that_does_not_keep_up_is_let_go() -> None:
    follower = Follower(Kafka())
    viewer = follower.watch()
    first = asyncio.create_task(anext(viewer))
    await asyncio.sleep(0)
    for number in range(3 * BACKLOG):
        follower.tell({"number": number})
    assert b'"number":' in await first
    assert len([raw async for raw in viewer]) < BACKLOG
    # Nobody is left, so nothing is even written.
    follower.tell({"number": -1})
    await viewer.aclose()


def test_a_spike_survives_being_drawn_in_few_points() -> None:
    spread = np.zeros(100_000)
    spread[[12_345, 67_890]] = 1.0, -1.0
    rows = kept(spread, 400)
    assert len(rows) <= 400
    assert {0, 12_345, 67_890, 99_999} <= set(rows.tolist())
    assert list(rows) == sorted(set(rows.tolist()))
    assert list(kept(spread[:50], 400)) == list(range(50))
