"""The page's API: what it answers is what its description says."""

import datetime as dt
import json
from typing import Any

import aiohttp
import pytest

from streams.events import AlertState
from streams.settings import Scheduled
from tests.volcross.page.market import NVDA, Market
from tests.volcross.page.viewing import served
from volcross.config import Settings
from volcross.page.server import STATIC

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(120)]


async def test_the_api_says_what_its_description_says(
    settings: Settings, market: Market
) -> None:
    await market.spread([0.5, 0.61], [0.6, 0.6])
    await market.alert(AlertState.FIRING, 0.61, 0.6)
    await market.chain("NVDA", 0.58, 0.031, tenors=(7, 30))
    await market.published(NVDA, 0.61)
    await market.connection("cboe/NVDA", "refused")
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
                    told = await answer.json()
                    conforms(told, schema, described, path)
                    assert told, f"{path} shows nothing to check"


def conforms(
    value: object, schema: dict[str, Any], described: dict[str, Any], where: str
) -> None:
    """Check types, words, required and unknown keys: what a client relies on."""
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
    assert value in schema.get("enum", [value]), (where, value)
    if isinstance(value, dict) and "properties" in schema:
        assert value.keys() == schema["properties"].keys(), where
        for key, inner in schema["properties"].items():
            conforms(value[key], inner, described, f"{where}.{key}")
    if isinstance(value, list):
        for each in value:
            conforms(each, schema["items"], described, f"{where}[]")


def test_every_state_of_an_alert_is_described() -> None:
    described = json.loads((STATIC / "openapi.json").read_text(encoding="utf-8"))
    alert = described["components"]["schemas"]["Alert"]["properties"]
    assert set(alert["state"]["enum"]) == set(AlertState)


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
