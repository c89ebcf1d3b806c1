"""A venue that wants a key and has none: down like any other, and never asked."""

import asyncio
from typing import Any

import pytest
from aiohttp import web
from prometheus_client import REGISTRY
from pydantic import TypeAdapter
from structlog.testing import capture_logs

from producers.historians import historians
from producers.listening.locked import Locked, wanted
from producers.settings import SourceSettings
from producers.source import SECOND, Heard, Said
from producers.sources import open_source
from streams.events import FeedState
from streams.settings import StreamSettings
from tests.producers.loopback import said_by, site
from tests.producers.venues.test_cboe import answer

SETTINGS: TypeAdapter[Any] = TypeAdapter(SourceSettings)


def table(kind: str, **keys: Any) -> Any:  # noqa: ANN401 - any settings
    return SETTINGS.validate_python({"kind": kind, **keys})


async def first(source: object, count: int) -> list[FeedState]:
    assert isinstance(source, Locked)
    said = await said_by(source, lambda said: len(said) == count, states=True)
    return [each for each in said if isinstance(each, FeedState)]


@pytest.mark.parametrize(
    ("kind", "given", "unset"),
    [
        ("alpaca", {}, "KEY and VOLCROSS_SOURCES__MINE__SECRET"),
        ("alpaca", {"key": "hush"}, "SECRET"),
        ("alpaca", {"secret": "hush", "key": ""}, "KEY"),
        ("massive", {}, "KEY"),
        ("massive", {"key": " \n"}, "KEY"),
        (
            "tastytrade",
            {},
            "CLIENT_SECRET and VOLCROSS_SOURCES__MINE__REFRESH_TOKEN",
        ),
        ("tastytrade", {"client_secret": "hush"}, "REFRESH_TOKEN"),
        ("tastytrade", {"refresh_token": "hush"}, "CLIENT_SECRET"),
    ],
)
async def test_a_missing_key_is_a_feed_that_is_down_and_says_what_to_set(
    kind: str, given: dict[str, str], unset: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (state,) = await first(open_source(table(kind, **given), "mine"), 1)
    assert (state.feed, state.up, state.reason) == (kind, False, "no_key")
    assert state.detail == f"set VOLCROSS_SOURCES__MINE__{unset}"
    assert (state.attempts, state.next_try) == (0, None)
    value = REGISTRY.get_sample_value("volcross_feed_connected", {"feed": kind})
    assert value == 0
    assert "hush" not in f"{state}{''.join(capsys.readouterr())}"


def test_it_is_one_clear_line_before_anything_else_happens() -> None:
    with capture_logs() as logs:
        open_source(table("massive", chains="1m"), "mine")
    (line,) = logs
    assert (line["event"], line["log_level"]) == ("no key, nobody is asked", "warning")
    assert line["detail"] == "set VOLCROSS_SOURCES__MINE__KEY"
    assert line["feeds"] == ["massive", "massive/NVDA"]


@pytest.mark.parametrize("kind", ["alpaca", "massive"])
async def test_each_feed_that_there_would_be_is_told(kind: str) -> None:
    settings = table(kind, symbols=["AMD", "TSM"], chains="1m")
    told = await first(open_source(settings), 3)
    assert [state.feed for state in told] == [kind, f"{kind}/AMD", f"{kind}/TSM"]
    assert all(state.detail.startswith("set VOLCROSS_SOURCES__") for state in told)


async def test_it_repeats_itself_once_a_minute_and_is_down_since_the_start() -> None:
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)
        await asyncio.sleep(0)

    def now() -> int:
        return (1_000 + round(sum(waits))) * SECOND

    locked = Locked(["alpaca"], wanted("alpaca", ["key"]), now, sleep)
    told = await first(locked, 4)
    assert waits == [60, 60, 60]
    assert [state.at // SECOND for state in told] == [1_000, 1_060, 1_120, 1_180]
    assert {state.since // SECOND for state in told} == {1_000}


async def test_no_venue_is_asked_without_a_key_and_the_next_one_is_believed() -> None:
    async def quotes(_: web.Request) -> web.Response:
        return web.json_response(answer())

    async def nobody(_: web.Request) -> web.Response:
        raise AssertionError

    async with site(nobody) as shut, site(quotes) as open_to_all:
        keyed = {"kind": "massive", "chains": "1s", "http_url": shut.url}
        keyed["url"] = shut.url.replace("http", "ws")
        keyless = {"kind": "cboe", "url": open_to_all.url, "history": False}
        both = table("failover", prefer=[keyed, keyless])
        said = await said_by(open_source(both, "nvda"), believed, states=True)
    states = {s.feed: s for s in said if isinstance(s, FeedState)}
    detail = "set VOLCROSS_SOURCES__NVDA__PREFER__0__KEY"
    assert states["massive"].detail == states["massive/NVDA"].detail == detail
    assert states["cboe/NVDA"].up
    assert shut.asked == []


def believed(said: list[Said]) -> bool:
    feeds = {each.feed for each in said if isinstance(each, FeedState)}
    return len(feeds) == 3 and any(isinstance(each, Heard) for each in said)


@pytest.mark.parametrize(("keys", "told"), [({}, 0), ({"key": "k"}, 1)])
def test_no_past_is_told_where_no_present_would_follow(
    keys: dict[str, str], told: int
) -> None:
    streams = StreamSettings.model_validate(
        {"symbols": {"NVDA": {"clock": "us-equity"}}}
    )
    assert len(historians(table("massive", **keys), streams)) == told


def test_nothing_can_be_recorded_without_a_key(tmp_path: Any) -> None:  # noqa: ANN401
    with pytest.raises(ValueError, match="mine: nothing to record: set VOLCROSS_SOU"):
        open_source(table("massive"), "mine", record=tmp_path / "capture.jsonl")
