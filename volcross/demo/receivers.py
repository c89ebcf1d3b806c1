"""A mailbox and a Slack-shaped endpoint on this machine, for the demo and tests.

Both are real servers on real sockets, and refuse what the real ones refuse;
what they take they keep as files.
"""

import asyncio
import json
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default as modern
from pathlib import Path
from typing import Any, cast

from aiohttp import web
from aiosmtpd.smtp import SMTP, Envelope, Session

from volcross.demo.block_kit import refusal

_HOST = "127.0.0.1"
_SLACK_PATH = "/services/T00000000/B00000000/local"


class Receivers:
    """The two servers, and what has come in.

    Args:
        directory: where messages are kept, ``slack/001.json``, ``mail/001.eml``.

    Attributes:
        slack: the messages taken, as sent.
        mail: the mails taken.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self.slack: list[dict[str, Any]] = []
        self.mail: list[EmailMessage] = []
        self._runner: web.AppRunner | None = None
        self._smtp: asyncio.Server | None = None

    async def start(self) -> None:
        """Listen on two free ports of the loopback."""
        for kind in ("slack", "mail"):
            (self._directory / kind).mkdir(parents=True, exist_ok=True)
        app = web.Application()
        app.router.add_post(_SLACK_PATH, self._take_slack)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, _HOST, 0).start()
        loop = asyncio.get_running_loop()
        self._smtp = await loop.create_server(
            lambda: SMTP(self, hostname="localhost", ident="volcross mailbox"), _HOST, 0
        )

    async def stop(self) -> None:
        """Stop listening; the files stay."""
        if self._smtp is not None:
            self._smtp.close()
            await self._smtp.wait_closed()
        if self._runner is not None:
            await self._runner.cleanup()
        self._smtp = self._runner = None

    @property
    def slack_url(self) -> str:
        """The webhook to post to.

        Raises:
            RuntimeError: not started.
        """
        if self._runner is None:
            raise RuntimeError("the receivers are not started")
        return f"http://{_HOST}:{self._runner.addresses[0][1]}{_SLACK_PATH}"

    @property
    def smtp_port(self) -> int:
        """The port mail is taken on.

        Raises:
            RuntimeError: not started.
        """
        if self._smtp is None:
            raise RuntimeError("the receivers are not started")
        return int(self._smtp.sockets[0].getsockname()[1])

    async def _take_slack(self, request: web.Request) -> web.Response:
        try:
            payload = await request.json()
        except ValueError:
            return web.Response(status=400, text="invalid_payload")
        refused = refusal(payload)
        if refused is not None:
            return web.Response(status=400, text=refused)
        self.slack.append(payload)
        path = self._directory / "slack" / f"{len(self.slack):03}.json"
        path.write_text(json.dumps(payload, indent=2, ensure_ascii=False) + "\n")
        return web.Response(text="ok")

    async def handle_DATA(  # noqa: N802 - the name aiosmtpd calls
        self, _server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        """Take a mail in, as aiosmtpd hands it over."""
        raw = cast("bytes", envelope.content)
        self.mail.append(message_from_bytes(raw, policy=modern))
        path = self._directory / "mail" / f"{len(self.mail):03}.eml"
        path.write_bytes(raw)
        return "250 OK"
