"""Does every channel answer, and know us? Asked in ways that tell nobody anything."""

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import aiosmtplib
from yarl import URL

from alerts.channels.settings import (
    Alertmanager,
    Apprise,
    Channels,
    Email,
    Slack,
    Webhook,
)
from alerts.drawing.pictures import drawable
from volcross.commands.finding import Finding

REACH_SECONDS = 8.0


async def channel_findings(channels: Channels) -> AsyncIterator[Finding]:
    """Yield what was found of each channel that is on."""
    if not channels.names:
        yield Finding("channels", good=True, said="none is on: nobody will be told")
    if channels.slack is not None:
        bot = channels.slack.token is not None
        yield await (_slack_bot if bot else _slack)(channels.slack)
    if channels.email is not None:
        yield await _email(channels.email)
    if channels.webhook is not None:
        yield await _webhook(channels.webhook)
    if channels.alertmanager is not None:
        yield await _alertmanager(channels.alertmanager)
    if channels.apprise is not None:
        yield _apprise(channels.apprise)
    if _shows_pictures(channels) and not drawable():
        said = "none: pip install 'volcross[pictures]', or set picture = false"
        yield Finding("pictures", good=True, said=said)


def _shows_pictures(channels: Channels) -> bool:
    slack, email = channels.slack, channels.email
    return bool((slack and slack.token and slack.picture) or (email and email.picture))


async def _slack(slack: Slack) -> Finding:
    """Ask Slack for nothing: it refuses, and how tells whether it knows us."""
    assert slack.webhook_url is not None  # noqa: S101 - it is no bot
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


async def _slack_bot(slack: Slack) -> Finding:
    """Ask who we are; whether we are in the channel, only a message would tell."""
    assert slack.token is not None  # noqa: S101 - that is why we are asked
    headers = {"Authorization": f"Bearer {slack.token.get_secret_value()}"}
    url = f"{slack.api_url.rstrip('/')}/auth.test"
    try:
        async with (
            _http() as session,
            session.post(
                url, json={}, headers=headers, allow_redirects=False
            ) as answer,
        ):
            host, status = answer.url.host, answer.status
            said: dict[str, Any] = await answer.json(content_type=None)
    except (aiohttp.ClientError, TimeoutError, ValueError) as error:
        return Finding("slack", good=False, said=_unreached(error, url))
    if status == 200 and said.get("ok") is True:
        known = f"{host} knows the bot {said.get('user')}, which is to be in"
        return Finding("slack", good=True, said=f"{known} {slack.channel}")
    why = str(said.get("error", ""))[:80]
    return Finding(
        "slack", good=False, said=f"{host} refuses the bot: {status} {why}".rstrip()
    )


async def _alertmanager(alertmanager: Alertmanager) -> Finding:
    url = alertmanager.url.get_secret_value().rstrip("/") + "/api/v2/status"
    try:
        async with (
            _http() as session,
            session.get(url, allow_redirects=False) as answer,
        ):
            host, status = answer.url.host, answer.status
            said = await answer.json(content_type=None) if answer.ok else None
    except ValueError:
        said = None
    except (aiohttp.ClientError, TimeoutError) as error:
        return Finding("alertmanager", good=False, said=_unreached(error, url))
    if isinstance(said, dict) and "versionInfo" in said:
        version = said["versionInfo"].get("version", "of some version")
        return Finding("alertmanager", good=True, said=f"{host} runs {version}")
    return Finding(
        "alertmanager",
        good=False,
        said=f"{host} answers {status}, and not as an Alertmanager",
    )


def _apprise(apprise: Apprise) -> Finding:
    """Read the URLs: what Apprise can be asked without telling anybody."""
    from alerts.channels.apprise import AppriseChannel

    try:
        channel = AppriseChannel(apprise)
    except RuntimeError as error:
        return Finding("apprise", good=False, said=str(error))
    services = ", ".join(channel.services)
    return Finding("apprise", good=True, said=f"{services}; not asked")


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
