"""The page as somebody sees it: served, opened, and watched."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
from aiohttp import web
from playwright.async_api import Page, expect

from volcross.config import Settings
from volcross.page.follower import Follower
from volcross.page.server import application, serve


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


@asynccontextmanager
async def told(follower: Follower) -> AsyncIterator[str]:
    """A page whose follower is told by the test what the topics would."""
    runner = web.AppRunner(application(follower, []), shutdown_timeout=1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        await follower.markets.load()
        yield "http://{}:{}".format(*runner.addresses[0])
    finally:
        await follower.hang_up()
        await runner.cleanup()


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


async def until(page: Page, expression: str) -> None:
    """Wait until the page finds it true: its own policy forbids it to be told so."""
    await page.evaluate(
        "new Promise((done) => {"
        f" const look = () => ({expression}) ? done() : setTimeout(look, 20);"
        " look(); })"
    )


async def settled(page: Page, chart: str) -> str:
    """The pixels of a chart once drawing it again changes nothing."""
    before, drawn = "", await ink(page, chart)
    while drawn != before:
        await page.evaluate("draw()")
        before, drawn = drawn, await ink(page, chart)
    return drawn


async def ink(page: Page, chart: str) -> str:
    """The pixels of a chart: they change when it moves."""
    drawn: str = await page.locator(f"#{chart} canvas").evaluate("c => c.toDataURL()")
    return drawn
