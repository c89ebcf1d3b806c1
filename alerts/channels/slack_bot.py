"""Slack, as a bot: a thread an incident, with a picture, and a parent that turns green.

https://api.slack.com/methods: every answer is 200 and says in ``ok`` whether it
was one, but for 429, which says how long to wait.
"""

import asyncio
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode

import msgspec
import structlog

from alerts.channels.endpoint import Endpoint
from alerts.channels.settings import Slack
from alerts.channels.slack_blocks import payload
from alerts.judging.incidents import incident_id
from alerts.telling.delivery import DeliveryError
from alerts.telling.letter import Letter
from streams.events import Alert, AlertState

_log = structlog.get_logger()

_PASSING = frozenset(
    {
        "fatal_error",
        "internal_error",
        "rate_limited",
        "ratelimited",
        "request_timeout",
        "service_unavailable",
        "team_added_to_org",
    }
)
_JSON = "application/json; charset=utf-8"
_FORM = "application/x-www-form-urlencoded"
_SHOWN = (AlertState.RESOLVED, AlertState.UNKNOWN)
"""What is shown in the channel as well as in the thread: it must not be missed."""
_GRACE_SECONDS = 3.0

_answer = msgspec.json.Decoder(dict[str, Any])


class SlackBot:
    """Writes what an incident comes to under the message that opened it."""

    name = "slack"
    bundles = True

    def __init__(self, settings: Slack) -> None:
        if settings.token is None or settings.channel is None:
            raise ValueError("no token and channel are set")
        self.per_minute = settings.per_minute
        self._channel = settings.channel
        self._token = settings.token.get_secret_value()
        self._pictures = settings.picture
        self._seconds = settings.timeout.total_seconds()
        self._api = Endpoint(settings.api_url, self._seconds, (self._token,))
        self._threads: dict[str, str] = {}
        self._uploads: set[asyncio.Task[None]] = set()

    def resume(self, told: Iterable[tuple[Alert, str]]) -> None:
        """Learn which incidents have a thread already."""
        self._threads.clear()
        for alert, receipt in told:
            self._remember(alert, receipt)

    async def send(self, letter: Letter) -> str:
        """Post it; see `alerts.telling.delivery.Channel`."""
        words = payload(letter.message)
        thread = self._thread(letter)
        if thread and letter.first.state is AlertState.RESOLVED:
            # First, because it can be repeated: whatever fails, fails before
            # there is a second message.
            await self._recolour(thread, words)
        posted = await self._post(words, thread, letter.first.state)
        receipt = f"{posted.get('channel')}/{posted.get('ts')}"
        for alert in letter.alerts:
            self._remember(alert, receipt)
        if self._pictures:
            upload = asyncio.ensure_future(self._illustrate(letter, thread or receipt))
            self._uploads.add(upload)
            upload.add_done_callback(self._uploads.discard)
        return receipt

    async def close(self) -> None:
        """Let pictures under way arrive, and let go of the connection."""
        if self._uploads:
            await asyncio.wait(self._uploads, timeout=_GRACE_SECONDS)
        for upload in self._uploads:
            upload.cancel()
        await self._api.close()

    def _thread(self, letter: Letter) -> str:
        """Return the message under which all of the letter belongs; empty: none."""
        threads = {self._threads.get(_incident(alert), "") for alert in letter.alerts}
        return threads.pop() if len(threads) == 1 else ""

    def _remember(self, alert: Alert, receipt: str) -> None:
        incident = _incident(alert)
        if alert.state is AlertState.RESOLVED or (
            alert.state is AlertState.KNOWN and alert.began is None
        ):
            self._threads.pop(incident, None)
        elif receipt:
            # The first message of an incident is the parent of all others.
            self._threads.setdefault(incident, receipt)

    async def _recolour(self, thread: str, words: dict[str, Any]) -> None:
        """Let the parent show how it ended, unless it speaks of others as well."""
        if sum(parent == thread for parent in self._threads.values()) > 1:
            return
        channel, _, ts = thread.partition("/")
        try:
            await self._call("chat.update", {**words, "channel": channel, "ts": ts})
        except DeliveryError as error:
            if not error.permanent:
                raise
            # Somebody removed it, or we may not edit any more: the news still goes.
            _log.warning("not recoloured", channel=self.name, reason=error.reason)

    async def _post(
        self, words: dict[str, Any], thread: str, state: AlertState
    ) -> dict[str, Any]:
        below: dict[str, Any] = {}
        channel, _, ts = thread.partition("/")
        if thread:
            below = {"thread_ts": ts, "reply_broadcast": state in _SHOWN}
        return await self._call(
            "chat.postMessage", {**words, **below, "channel": channel or self._channel}
        )

    async def _illustrate(self, letter: Letter, thread: str) -> None:
        """Send the picture after the message, which is there already."""
        picture = await letter.picture()
        if picture is None:
            return
        channel, _, ts = thread.partition("/")
        try:
            place = await self._call(
                "files.getUploadURLExternal",
                {
                    "filename": f"{letter.first.id}.{letter.first.state}.png",
                    "length": len(picture),
                    "alt_txt": letter.message.headline,
                },
                form=True,
            )
            upload = Endpoint(str(place.get("upload_url")), self._seconds)
            try:
                await upload.post(picture, {"Content-Type": "image/png"})
            finally:
                await upload.close()
            file = {"id": place.get("file_id"), "title": letter.message.headline}
            await self._call(
                "files.completeUploadExternal",
                {"files": [file], "channel_id": channel, "thread_ts": ts},
            )
        except DeliveryError as error:
            _log.warning("picture not sent", channel=self.name, reason=error.reason)

    async def _call(
        self, method: str, given: dict[str, Any], *, form: bool = False
    ) -> dict[str, Any]:
        """Return what a method of Slack's answers.

        Raises:
            DeliveryError: it did not do it.
        """
        headers = {
            "Authorization": f"Bearer {self._token}",
            "Content-Type": _FORM if form else _JSON,
        }
        body = urlencode(given).encode() if form else msgspec.json.encode(given)
        said = await self._api.post(body, headers, to=method)
        try:
            answer = _answer.decode(said)
        except msgspec.DecodeError:
            raise DeliveryError(
                f"{method}: an answer that is not JSON", permanent=False
            ) from None
        if answer.get("ok") is True:
            return answer
        why = self._api.hidden(str(answer.get("error", "no reason given")))
        needed = f" (needs {answer['needed']})" if "needed" in answer else ""
        raise DeliveryError(
            f"{method}: {why}{needed}"[:200], permanent=why not in _PASSING
        )


def _incident(alert: Alert) -> str:
    """Return what names the incident; of an unknown outside one, itself."""
    if alert.state is AlertState.FIRING or alert.began is None:
        return alert.id
    return incident_id(alert.rule, alert.began)
