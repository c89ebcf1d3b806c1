"""A page of one's own, and a browser to see it with."""

import asyncio
import shutil
from collections.abc import AsyncIterator

import pytest
from aiokafka import AIOKafkaProducer
from playwright.async_api import Browser, async_playwright

from streams.settings import Kafka, client
from tests.volcross.page.market import Market
from volcross.config import Settings, compose
from volcross.running.broker import free_port
from volcross.running.provisioning import provision

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")


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
