"""The page's server: static files, an API, and one stream of events."""

import asyncio
import contextlib
from importlib.resources import files
from pathlib import Path

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler

from streams.lengths import seconds
from streams.settings import Scheduled
from volcross.config import Settings
from volcross.page.follower import Follower
from volcross.page.history import points
from volcross.refusal import Refusal
from volcross.watching.report import alert, readings, spread, term_structure
from volcross.watching.structure import structures

log = structlog.get_logger(__name__)

STATIC = Path(str(files("volcross.page").joinpath("static")))

FOLLOWER: web.AppKey[Follower] = web.AppKey("follower", Follower)
CALENDAR: web.AppKey[list[Scheduled]] = web.AppKey("calendar", list[Scheduled])

HEADERS = {
    # Nothing from elsewhere, nothing inline, nobody's frame.
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self';"
        " connect-src 'self'; base-uri 'none'; form-action 'none';"
        " frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}

MOST_POINTS = 20_000

LOCAL_NAMES = {"localhost", "127.0.0.1", "::1"}


async def serve(settings: Settings) -> None:
    """Serve the page until cancelled.

    Raises:
        Refusal: its port is in use.
    """
    follower = Follower(
        settings.reached().kafka,
        replayed=settings.replayed,
        clocks={name: symbol.clock for name, symbol in settings.symbols.items()},
        pairs=settings.pairs,
    )
    app = application(follower, settings.announcements)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    host, port = settings.page.host, settings.page.port
    try:
        await web.TCPSite(runner, host, port).start()
    except OSError as error:
        await runner.cleanup()
        raise Refusal(f"the page's port {port} on {host} is already in use") from error
    log.info("page", url=f"http://{host}:{port}/")
    try:
        await follower.run()
    finally:
        await follower.hang_up()
        await runner.cleanup()


def application(follower: Follower, calendar: list[Scheduled]) -> web.Application:
    """Return the web application around what is known."""
    app = web.Application(middlewares=[_local_names_only])
    app.on_response_prepare.append(_add_headers)
    app[FOLLOWER] = follower
    app[CALENDAR] = calendar
    app.add_routes(
        [
            web.get("/", _index),
            web.static("/static", STATIC),
            web.get("/healthz", _alive),
            web.get("/readyz", _ready),
            web.get("/api/v1/openapi.json", _openapi),
            web.get("/api/v1/pairs", _pairs),
            web.get("/api/v1/history", _history),
            web.get("/api/v1/readings", _readings),
            web.get("/api/v1/term-structures", _term_structures),
            web.get("/api/v1/alerts", _alerts),
            web.get("/api/v1/markets", _markets),
            web.get("/api/v1/announcements", _announcements),
            web.get("/api/v1/health", _health),
            web.get("/api/v1/events", _events),
        ]
    )
    return app


@web.middleware
async def _local_names_only(
    request: web.Request, handler: Handler
) -> web.StreamResponse:
    """Turn away a name of somebody else's that was pointed at our loopback."""
    local = request.transport.get_extra_info("sockname") if request.transport else None
    name = request.url.host or ""
    if local and local[0] in LOCAL_NAMES and name not in LOCAL_NAMES:
        raise web.HTTPForbidden(text=f"not served under the name {name}\n")
    return await handler(request)


async def _add_headers(_: web.Request, response: web.StreamResponse) -> None:
    response.headers.update(HEADERS)


async def _index(_: web.Request) -> web.StreamResponse:
    fresh = {"Cache-Control": "no-cache"}
    return web.FileResponse(STATIC / "index.html", headers=fresh)


async def _openapi(_: web.Request) -> web.StreamResponse:
    return web.FileResponse(STATIC / "openapi.json")


async def _alive(_: web.Request) -> web.Response:
    return web.Response(text="ok\n")


async def _ready(request: web.Request) -> web.Response:
    why_not = request.app[FOLLOWER].why_not_ready
    if why_not is not None:
        return web.json_response({"ready": False, "reason": why_not}, status=503)
    return web.json_response({"ready": True})


async def _pairs(request: web.Request) -> web.Response:
    lines = sorted(request.app[FOLLOWER].board.spreads.items())
    return web.json_response([spread(line) for _, line in lines])


async def _readings(request: web.Request) -> web.Response:
    return web.json_response(readings(request.app[FOLLOWER].board))


async def _term_structures(request: web.Request) -> web.Response:
    board = request.app[FOLLOWER].board
    return web.json_response([term_structure(one) for one in structures(board)])


async def _markets(request: web.Request) -> web.Response:
    follower = request.app[FOLLOWER]
    await follower.markets.known()
    told = await asyncio.to_thread(follower.markets.report, follower.now)
    return web.json_response(told)


async def _alerts(request: web.Request) -> web.Response:
    board = request.app[FOLLOWER].board
    return web.json_response([alert(each) for each in reversed(board.alerts)])


async def _announcements(request: web.Request) -> web.Response:
    return web.json_response(
        [
            {
                "symbol": one.symbol,
                "at_ms": round(one.at.timestamp() * 1000),
                "what": one.what,
            }
            for one in request.app[CALENDAR]
        ]
    )


async def _health(request: web.Request) -> web.Response:
    state = request.app[FOLLOWER].state()
    wanted = [
        *("now_ms", "replayed", "ready", "reason"),
        *("missing", "feeds", "connections", "silences", "waiting"),
    ]
    return web.json_response({key: state[key] for key in wanted})


async def _history(request: web.Request) -> web.Response:
    follower = request.app[FOLLOWER]
    key = (request.query.get("pair", ""), request.query.get("comparison", "implied"))
    line = follower.board.spreads.get(key)
    if line is None:
        return _error(404, "no such pair and comparison: see /api/v1/pairs")
    try:
        back = seconds(request.query["last"]) if "last" in request.query else None
        count = int(request.query.get("points", "2000"))
    except ValueError:
        return _error(400, "last is a length such as 6h or 7d, points a number")
    if not 4 <= count <= MOST_POINTS:
        return _error(400, f"points is from 4 to {MOST_POINTS}")
    since = 0 if back is None else line.end - int(back * 1e9)
    told = points(line, since=since, count=count)
    return web.json_response({"pair": key[0], "comparison": key[1], **told.plain()})


def _error(status: int, said: str) -> web.Response:
    return web.json_response({"error": said}, status=status)


async def _events(request: web.Request) -> web.StreamResponse:
    follower = request.app[FOLLOWER]
    response = web.StreamResponse(
        headers={
            "Content-Type": "text/event-stream",
            "Cache-Control": "no-store",
            "X-Accel-Buffering": "no",
        }
    )
    await response.prepare(request)
    await response.write(b"retry: 1000\n\n")
    # A viewer who leaves, and one who hangs, are nobody's fault.
    with contextlib.suppress(ConnectionError, asyncio.TimeoutError):
        async with contextlib.aclosing(follower.watch()) as messages:
            async for raw in messages:
                async with asyncio.timeout(10):
                    await response.write(raw)
    return response
