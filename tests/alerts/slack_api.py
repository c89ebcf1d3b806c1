"""Slack's Web API, as far as a bot of ours speaks it, and as strict as Slack is."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from volcross.demo.block_kit import refusal

TOKEN = "xoxb-2024-hunter2"
CHANNEL = "C0123456789"


@dataclass
class Posted:
    """A message that stands in the channel, or below another."""

    text: str
    colour: str
    thread: str | None
    broadcast: bool


@dataclass
class SlackApi:
    """What was posted, by its ``ts``, and what was uploaded into which thread."""

    url: str = ""
    posted: dict[str, Posted] = field(default_factory=dict)
    pictures: dict[str, list[bytes]] = field(default_factory=dict)
    refusals: dict[str, list[dict[str, Any] | int]] = field(default_factory=dict)
    """What a method answers next, instead of doing it: an answer, or a status."""
    called: list[str] = field(default_factory=list)
    _files: dict[str, tuple[int, bytes | None]] = field(default_factory=dict)

    @property
    def parents(self) -> list[str]:
        return [ts for ts, one in self.posted.items() if one.thread is None]

    def below(self, parent: str) -> list[Posted]:
        return [one for one in self.posted.values() if one.thread == parent]

    async def call(self, request: web.Request) -> web.Response:  # noqa: PLR0911 - one a way to say no
        method = request.match_info["method"]
        self.called.append(method)
        if waiting := self.refusals.get(method):
            refused = waiting.pop(0)
            if isinstance(refused, int):
                headers = {"Retry-After": "1"} if refused == 429 else {}
                return web.json_response(
                    {"ok": False, "error": "ratelimited"},
                    status=refused,
                    headers=headers,
                )
            return web.json_response({"ok": False, **refused})
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return web.json_response({"ok": False, "error": "invalid_auth"})
        # Only some methods take JSON, and those take nothing else from us.
        if method == "files.getUploadURLExternal":
            if request.content_type != "application/x-www-form-urlencoded":
                return web.json_response({"ok": False, "error": "invalid_form_data"})
            given: dict[str, Any] = dict(await request.post())
        else:
            if request.content_type != "application/json":
                return web.json_response({"ok": False, "error": "invalid_json"})
            given = await request.json()
        methods = {
            "auth.test": lambda _: {"ok": True, "user": "volcross", "team": "desk"},
            "chat.postMessage": self._post,
            "chat.update": self._update,
            "files.getUploadURLExternal": self._place,
            "files.completeUploadExternal": self._complete,
        }
        if method not in methods:
            return web.json_response({"ok": False, "error": "unknown_method"})
        return web.json_response(methods[method](given))

    async def upload(self, request: web.Request) -> web.Response:
        name = request.match_info["file"]
        body = await request.read()
        length, _ = self._files[name]
        if length != len(body):
            return web.Response(status=400, text="length mismatch")
        self._files[name] = (length, body)
        return web.Response(text=f"OK - {length}")

    def _post(self, given: dict[str, Any]) -> dict[str, Any]:
        if given.get("channel") != CHANNEL:
            return {"ok": False, "error": "channel_not_found"}
        if (why := refusal(given)) is not None:
            return {"ok": False, "error": why}
        thread = given.get("thread_ts")
        if thread is not None and thread not in self.posted:
            return {"ok": False, "error": "thread_not_found"}
        ts = f"1722014820.{len(self.posted):06}"
        self.posted[ts] = Posted(
            given["text"],
            given["attachments"][0]["color"],
            thread,
            bool(given.get("reply_broadcast")),
        )
        return {"ok": True, "channel": CHANNEL, "ts": ts}

    def _update(self, given: dict[str, Any]) -> dict[str, Any]:
        if given.get("channel") != CHANNEL:
            return {"ok": False, "error": "channel_not_found"}
        if given.get("ts") not in self.posted:
            return {"ok": False, "error": "message_not_found"}
        if (why := refusal(given)) is not None:
            return {"ok": False, "error": why}
        one = self.posted[given["ts"]]
        one.text, one.colour = given["text"], given["attachments"][0]["color"]
        return {"ok": True, "channel": CHANNEL, "ts": given["ts"]}

    def _place(self, given: dict[str, Any]) -> dict[str, Any]:
        if not given.get("filename") or not str(given.get("length", "")).isdigit():
            return {"ok": False, "error": "invalid_arguments"}
        name = f"F{len(self._files)}"
        self._files[name] = (int(given["length"]), None)
        base = self.url.removesuffix("/api")
        url = f"{base}/upload/v1/{name}?signature=hunter2"
        return {"ok": True, "upload_url": url, "file_id": name}

    def _complete(self, given: dict[str, Any]) -> dict[str, Any]:
        (file,) = given["files"]
        length, body = self._files.get(file["id"], (0, None))
        if body is None or len(body) != length:
            return {"ok": False, "error": "file_not_found"}
        if given["channel_id"] != CHANNEL or given["thread_ts"] not in self.posted:
            return {"ok": False, "error": "invalid_channel"}
        self.pictures.setdefault(given["thread_ts"], []).append(body)
        return {"ok": True, "files": [{"id": file["id"]}]}


@asynccontextmanager
async def slack_api() -> AsyncIterator[SlackApi]:
    api = SlackApi()
    app = web.Application()
    app.router.add_post("/api/{method}", api.call)
    app.router.add_post("/upload/v1/{file}", api.upload)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    api.url = f"http://127.0.0.1:{runner.addresses[0][1]}/api"
    try:
        yield api
    finally:
        await runner.cleanup()
