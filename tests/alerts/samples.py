"""An alert to send, and destinations that misbehave on purpose."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import msgspec
from aiohttp import web
from aiosmtpd.smtp import SMTP, Envelope, Session

from alerts.judging.incidents import incident_id
from alerts.telling.letter import Letter
from alerts.words.message import Message, compose
from alerts.words.settings import Links
from streams.events import Alert, AlertState, LegName, LegValue, Origin

MINUTE = 60 * 10**9
EVENT_TIME = 1_722_014_820 * 10**9
"""2024-07-26 17:27 UTC."""


def leg(symbol: str, measure: str, value: float) -> LegValue:
    name = LegName(
        symbol=symbol,
        measure=measure,
        window="30d",
        origin=Origin.PUBLISHED,
        source="test",
    )
    return LegValue(name=name, value=value, at=EVENT_TIME, market_open=True)


FIRING = Alert(
    id=incident_id("nvda-above-btc", EVENT_TIME - 15 * MINUTE),
    rule="nvda-above-btc",
    severity="warning",
    pair="NVDA/BTC",
    comparison="implied",
    state=AlertState.FIRING,
    event_time=EVENT_TIME,
    since=EVENT_TIME - 15 * MINUTE,
    left=leg("NVDA", "iv30", 0.5985),
    right=leg("BTC", "dvol", 0.5974),
    spread=0.0011,
    reason="spread above 0 points for 15 min",
    channels=["slack", "email", "webhook"],
    began=EVENT_TIME - 15 * MINUTE,
    peak=0.0011,
    peak_at=EVENT_TIME,
)

RESOLVED = msgspec.structs.replace(
    FIRING,
    state=AlertState.RESOLVED,
    event_time=EVENT_TIME + 100 * MINUTE,
    since=EVENT_TIME + 85 * MINUTE,
    left=leg("NVDA", "iv30", 0.8201),
    right=leg("BTC", "dvol", 0.8369),
    spread=-0.0168,
    reason="spread below -1 points for 15 min",
)


def in_words(alert: Alert) -> Message:
    return compose(alert, Links(dashboard="http://127.0.0.1:3000/d/volcross"))


def letter(alert: Alert, picture: bytes | None = None) -> Letter:
    async def drawn() -> bytes | None:
        return picture

    return Letter((alert,), in_words(alert), drawn)


Answer = Callable[[web.Request], web.StreamResponse]


def answer(status: int, text: str = "", **headers: str) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda _: web.Response(status=status, text=text, headers=named)


@dataclass
class HttpServer:
    """Answers the scripted answers in turn, the last one for ever."""

    answers: Sequence[Answer | float]
    url: str = ""
    bodies: list[bytes] = field(default_factory=list)
    requests: list[web.Request] = field(default_factory=list)
    at: list[float] = field(default_factory=list)
    called: asyncio.Event = field(default_factory=asyncio.Event)
    answered: int = 0

    async def take(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        turn = self.answers[min(len(self.bodies), len(self.answers) - 1)]
        self.bodies.append(body)
        self.requests.append(request)
        self.at.append(asyncio.get_running_loop().time())
        self.called.set()
        if isinstance(turn, float):
            await asyncio.sleep(turn)
            self.answered += 1
            return web.Response(text="late")
        self.answered += 1
        return turn(request)


@asynccontextmanager
async def http_server(
    *answers: Answer | float, port: int = 0, path: str = "/services/T0/B0/hunter2"
) -> AsyncIterator[HttpServer]:
    server = HttpServer(answers or [answer(200, "ok")])
    app = web.Application()
    app.router.add_post(path, server.take)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    server.url = f"http://127.0.0.1:{runner.addresses[0][1]}{path}"
    try:
        yield server
    finally:
        await runner.cleanup()


@dataclass
class Mailbox:
    """Takes mail, after the scripted refusals of data and of readers."""

    refusals: list[str] = field(default_factory=list)
    refused_readers: dict[str, list[str]] = field(default_factory=dict)
    mails: list[tuple[list[str], bytes]] = field(default_factory=list)
    port: int = 0

    async def handle_RCPT(  # noqa: N802 - the name aiosmtpd calls
        self,
        _server: SMTP,
        _session: Session,
        envelope: Envelope,
        address: str,
        _options: list[str],
    ) -> str:
        if waiting := self.refused_readers.get(address):
            return waiting.pop(0)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802 - the name aiosmtpd calls
        self, _server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        if self.refusals:
            return self.refusals.pop(0)
        content = envelope.content
        assert isinstance(content, bytes)
        self.mails.append((list(envelope.rcpt_tos), content))
        return "250 OK"
