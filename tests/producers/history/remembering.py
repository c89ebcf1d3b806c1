"""Venues that remember, in the formats they document; any day of theirs can be bad."""

import json
import math
from collections.abc import Awaitable, Callable
from datetime import datetime

from aiohttp import web

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]
DAY = 86_400
SESSION = range(int(13.5 * 3600), 20 * 3600)
"""New York's, in UTC and in summer; good enough for a venue of our own."""


def price(second: int) -> float:
    """Return what anything is worth at a second: smooth, and never the same."""
    return round(100 + 5 * math.sin(second / 7000) + second % 977 / 1000, 4)


def vol(second: int) -> float:
    """Return DVOL at a second, in percent."""
    return round(50 + 20 * math.sin(second / 3e6) + second % 89 / 100, 2)


def row(
    second: int, step: int, value: Callable[[int], float] = price
) -> tuple[float, float, float, float]:
    """Return open, high, low and close of a candle."""
    seen = [value(second + n * step // 6) for n in range(6)] + [value(second + step)]
    return seen[0], max(seen), min(seen), seen[-1]


def _deribit_step(resolution: str, unit: int) -> int:
    return DAY if resolution == "1D" else int(resolution) * unit


async def deribit(request: web.Request) -> web.Response:
    """Answer as Deribit does; pages of DVOL lead backwards, 500 candles each."""
    query = request.query
    first, end = (int(query[f"{name}_timestamp"]) // 1000 for name in ("start", "end"))
    if request.path.endswith("get_volatility_index_data"):
        step = _deribit_step(query["resolution"], 1)
        opened = range(-(-first // step) * step, end, step)
        page = opened[-500:]
        before = page[0] * 1000 if len(page) < len(opened) else None
        data = [[at * 1000, *row(at, step, vol)] for at in page]
        return web.json_response({"result": {"data": data, "continuation": before}})
    if not request.query["instrument_name"].endswith("-PERPETUAL"):
        raise web.HTTPBadRequest
    step = _deribit_step(request.query["resolution"], 60)
    opened = range(-(-first // step) * step, end, step)
    columns = [*zip(*(row(at, step) for at in opened), strict=True)] or [()] * 4
    result = {
        "status": "ok" if opened else "no_data",
        "ticks": [at * 1000 for at in opened],
        **dict(zip(("open", "high", "low", "close"), columns, strict=True)),
        "volume": [1.0] * len(opened),
        "cost": [1.0] * len(opened),
    }
    return web.json_response({"jsonrpc": "2.0", "result": result, "usDiff": 7})


async def yahoo(request: web.Request) -> web.Response:
    """Answer as Yahoo does: sessions only, nulls, and the last trade on its own."""
    first, end = (int(request.query[name]) for name in ("period1", "period2"))
    interval = request.query["interval"]
    step = {"1m": 60, "5m": 300, "1d": DAY}[interval]
    if interval == "1m" and end - first > 8 * DAY:
        error = {
            "code": "Unprocessable Entity",
            "description": "Only 8 days worth of 1m granularity data are allowed",
        }
        body = {"chart": {"result": None, "error": error}}
        return web.json_response(body, status=422)
    stamps = [
        at
        for at in range(-(-first // step) * step, end, step)
        if at % DAY in SESSION and at // DAY % 7 not in (2, 3)  # no week-ends
    ]
    rows: list[tuple[float | None, ...]] = [row(at, step) for at in stamps]
    rows = [(None,) * 4 if n % 50 == 49 else r for n, r in enumerate(rows)]
    if stamps:
        stamps, rows = [*stamps, stamps[-1] + 61], [*rows, (1.0, 1.0, 1.0, 1.0)]
    names = ("open", "high", "low", "close")
    columns = [list(column) for column in zip(*rows, strict=True)] or [[]] * 4
    quote = dict(zip(names, columns, strict=True)) if rows else {}
    result = {
        "meta": {"symbol": "NVDA", "dataGranularity": interval},
        "indicators": {"quote": [quote]},
        **({"timestamp": stamps} if stamps else {}),
    }
    return web.json_response({"chart": {"result": [result], "error": None}})


async def coinbase(request: web.Request) -> web.Response:
    """Answer as Coinbase does: the newest first, no more than 300."""
    if "BTC-USD" not in request.path:
        return web.json_response({"message": "NotFound"}, status=404)
    step = int(request.query["granularity"])
    first, end = (
        round(datetime.fromisoformat(request.query[name]).timestamp())
        for name in ("start", "end")
    )
    opened = range(-(-first // step) * step, end + 1, step)
    if len(opened) > 300:
        reason = "granularity too small for the requested time range"
        return web.json_response({"message": reason}, status=400)
    rows = []
    for at in reversed(opened):
        start, high, low, close = row(at, step)
        rows.append([at, low, high, start, close, 1.5])
    return web.json_response(rows)


async def binance(request: web.Request) -> web.Response:
    """Answer as Binance does: numbers as text, times in milliseconds."""
    step = {"1m": 60, "5m": 300}[request.query["interval"]]
    first, end = (int(request.query[name]) for name in ("startTime", "endTime"))
    opened = range(-(-first // 1000 // step) * step, end // 1000 + 1, step)
    rows = []
    for at in opened[: int(request.query["limit"])]:
        prices = (f"{p:.8f}" for p in row(at, step))
        closes = (at + step) * 1000 - 1
        rows.append([at * 1000, *prices, "3.5", closes, "1", 9, "1", "1", "0"])
    return web.json_response(rows)


def bad_day(good: Answer, bad: dict[int, Callable[[], web.Response]]) -> Answer:
    """Return a venue of which some answers, by their number, go wrong."""
    asked = 0

    async def answer(request: web.Request) -> web.StreamResponse:
        nonlocal asked
        asked += 1
        if asked in bad:
            return bad[asked]()
        return await good(request)

    return answer


def too_many(retry_after: str = "0.2") -> web.Response:
    """Return a refusal that says when to come back."""
    return web.Response(status=429, headers={"Retry-After": retry_after})


def cut_short() -> web.Response:
    """Return the beginning of an answer."""
    body = json.dumps({"result": {"data": [[1, 2, 3, 4, 5]]}})[:-7]
    return web.Response(text=body, content_type="application/json")
