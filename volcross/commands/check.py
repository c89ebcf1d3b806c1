"""Is everything there that the service needs? A line each, with the reason.

Nothing is posted, mailed or created on the way.
"""

import asyncio
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass

import aiohttp
import aiosmtplib
from rich.console import Console
from rich.text import Text
from yarl import URL

from alerts.channels.settings import Email, Slack, Webhook
from producers.rivals import rivals
from volcross.config import Settings
from volcross.refusal import Refusal
from volcross.running.broker import BrokerError, binary
from volcross.running.provisioning import existing, mismatches, refusal, wanted

REACH_SECONDS = 8.0


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        what: ``broker``, ``slack``.
        good: whether it will do.
        said: what was found, in words; never a secret.
    """

    what: str
    good: bool
    said: str


def check(settings: Settings) -> bool:
    """Look at everything, print a line each, and say whether all will do."""
    console = Console(highlight=False)
    good = True

    async def look() -> None:
        nonlocal good
        async for finding in findings(settings):
            good &= finding.good
            mark = ("✓ ", "green") if finding.good else ("✗ ", "bold red")
            console.print(
                Text.assemble(mark, f"{finding.what:<14}", finding.said),
                soft_wrap=True,
            )

    asyncio.run(look())
    return good


async def findings(settings: Settings) -> AsyncIterator[Finding]:
    """Yield what was found, as it is found."""
    yield Finding(
        "configuration",
        good=True,
        said=f"{len(settings.symbols)} symbols, {len(settings.pairs)} pairs,"
        f" {len(settings.sources)} sources, {len(settings.rules)} rules",
    )
    if (told := rivals(settings.sources)) is not None:
        yield Finding("sources", good=False, said=told)
    yield await _broker(settings)
    channels = settings.channels
    if not channels.names:
        yield Finding("channels", good=True, said="none is on: nobody will be told")
    if channels.slack is not None:
        yield await _slack(channels.slack)
    if channels.email is not None:
        yield await _email(channels.email)
    if channels.webhook is not None:
        yield await _webhook(channels.webhook)


async def _broker(settings: Settings) -> Finding:
    kafka = settings.reached().kafka
    if settings.embedded and refusal(kafka, 1.0) is not None:
        return await asyncio.to_thread(_startable, settings)

    def look() -> str:
        exist = existing(kafka, REACH_SECONDS)
        if wrong := mismatches(exist, kafka):
            raise Refusal("; ".join(wrong))
        absent = len(wanted(kafka).keys() - exist.keys())
        topics = (
            f"{absent} are missing, a first start makes them" if absent else "exist"
        )
        return f"{kafka.bootstrap_servers} answers; its topics: {topics}"

    try:
        return Finding("broker", good=True, said=await asyncio.to_thread(look))
    except Refusal as error:
        return Finding("broker", good=False, said=error.lines[0])


def _startable(settings: Settings) -> Finding:
    """The embedded broker does not run: would it?"""
    folder = settings.data_dir
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    if not os.access(folder, os.W_OK):
        return Finding("broker", good=False, said=f"{folder} cannot be written")
    try:
        binary()
    except BrokerError as error:
        return Finding("broker", good=False, said=error.lines[0])
    return Finding(
        "broker",
        good=True,
        said=f"embedded; `volcross up` starts it on port {settings.broker.port}",
    )


async def _slack(slack: Slack) -> Finding:
    """Ask Slack for nothing: it refuses, and how tells whether it knows us."""
    url = slack.webhook_url.get_secret_value()
    try:
        async with (
            _http() as session,
            session.post(url, json={}, allow_redirects=False) as answer,
        ):
            said = (await answer.content.read(80)).decode(errors="replace").strip()
            host = answer.url.host
    except (aiohttp.ClientError, TimeoutError) as error:
        return Finding("slack", good=False, said=_unreached(error, url))
    if answer.status == 400 and said in {"no_text", "invalid_payload"}:
        return Finding("slack", good=True, said=f"{host} knows the webhook")
    return Finding(
        "slack",
        good=False,
        said=f"{host} refuses the webhook: {answer.status} {said}".rstrip(),
    )


async def _webhook(webhook: Webhook) -> Finding:
    url = webhook.url.get_secret_value()
    try:
        async with (
            _http() as session,
            session.options(url, allow_redirects=False) as answer,
        ):
            host = answer.url.host
    except (aiohttp.ClientError, TimeoutError) as error:
        return Finding("webhook", good=False, said=_unreached(error, url))
    # It need not know OPTIONS; one that is missing or broken says so.
    good = answer.status < 500 and answer.status not in {401, 403, 404, 410}
    return Finding("webhook", good=good, said=f"{host} answers {answer.status}")


async def _email(email: Email) -> Finding:
    where = f"{email.host}:{email.port}"
    client = aiosmtplib.SMTP(
        hostname=email.host,
        port=email.port,
        use_tls=email.security == "tls",
        start_tls=email.security == "starttls",
        cert_bundle=email.ca_file,
        timeout=REACH_SECONDS,
    )
    try:
        async with client:
            if email.username is not None and email.password is not None:
                await client.login(email.username, email.password.get_secret_value())
    except aiosmtplib.SMTPResponseException as error:
        said = f"{where} refuses us: {error.code} {error.message}"
        return Finding("email", good=False, said=" ".join(said.split()))
    except (aiosmtplib.SMTPException, OSError) as error:
        said = f"{where} cannot be reached: {error}"
        return Finding("email", good=False, said=" ".join(said.split()))
    login = "takes our password" if email.username else "answers"
    return Finding("email", good=True, said=f"{where} {login} ({email.security})")


def _http() -> aiohttp.ClientSession:
    return aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=REACH_SECONDS))


def _unreached(error: Exception, url: str) -> str:
    """Say why, naming the host alone: the path of a webhook is its password."""
    host = URL(url).host
    if isinstance(error, TimeoutError):
        return f"{host} does not answer within {REACH_SECONDS:g} s"
    reason = getattr(error, "strerror", None) or type(error).__name__
    return f"{host} cannot be reached: {reason}"
