"""Without internet: what cannot be reached says so, and takes nothing else with it."""

import json
import re
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from tests.volcross.test_up import CONFIG, Service

pytestmark = pytest.mark.timeout(300)

UNREACHABLE = """
[sources.deribit]
kind = "deribit"
currencies = ["ETH"]
stream_url = "ws://{nobody}"
http_url = "http://{nobody}"

[sources.cboe]
kind = "cboe"
symbols = ["AMD"]
url = "http://nowhere.invalid"

[sources.mine]
kind = "alpaca"
symbols = ["TSM"]
"""

FEEDS = {
    "cboe/AMD": "unknown name",
    "deribit": "connection refused",
    "deribit/ETH": "connection refused",
    "alpaca": "no key: set VOLCROSS_SOURCES__MINE__KEY and",
}


@pytest.fixture
def offline(tmp_path: Path) -> Iterator[Service]:
    # Bound and never listening: to connect to it is refused, and nobody else gets it.
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        where = "{}:{}".format(*nobody.getsockname())
        service = Service(tmp_path, CONFIG + UNREACHABLE.format(nobody=where))
        yield service
        service.process.kill()
        service.process.wait()


def asked(service: Service, path: str) -> Any:  # noqa: ANN401 - any JSON
    with urlopen(f"http://127.0.0.1:{service.page}{path}") as answer:
        assert answer.status == 200
        body = answer.read()
    return json.loads(body) if path.startswith("/api/") else body.decode()


def connections(service: Service) -> dict[str, dict[str, Any]]:
    told = asked(service, "/api/v1/health")["connections"]
    return {each["feed"]: each for each in told}


def reached(service: Service) -> str:
    """How far the implied spread has come, in event time; empty before."""
    told = asked(service, "/api/v1/pairs")
    return max(
        (pair["as_of"] for pair in told if pair["spread"] is not None), default=""
    )


def test_without_internet_feeds_are_down_with_a_reason_and_the_rest_is_well(
    offline: Service,
) -> None:
    offline.come_up()
    offline.until(offline.ready, within=120)
    # What needs no internet arrives.
    offline.until(lambda: reached(offline) != "", within=120)
    offline.until(
        lambda: (
            connections(offline).keys() == FEEDS.keys()
            and connections(offline)["deribit"]["attempts"] >= 3
        ),
        within=120,
    )
    told = connections(offline)
    for feed, reason in FEEDS.items():
        assert not told[feed]["up"]
        assert reason in told[feed]["reason"]
        tried = re.search(r"next try .*in \d+ s", told[feed]["reason"]) is not None
        assert tried == (told[feed]["next_try"] is not None) == (feed != "alpaca")
    lights = {
        (f["symbol"], f["light"]) for f in asked(offline, "/api/v1/health")["feeds"]
    }
    assert lights == {("NVDA", "good"), ("BTC", "good")}
    assert asked(offline, "/healthz") == "ok\n"
    assert asked(offline, "/readyz")
    before = reached(offline)
    offline.until(lambda: reached(offline) > before)
    said = offline.log.read_text()
    assert "Traceback" not in said
    assert "process died" not in said
    offline.process.terminate()
    assert offline.process.wait(15) == 0
