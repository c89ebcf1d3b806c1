"""Mail, over SMTP: text and HTML, one thread an incident."""

import ssl
from email.message import EmailMessage, MIMEPart
from email.utils import format_datetime
from typing import cast

import aiosmtplib
from aiosmtplib import (
    SMTPConnectError,
    SMTPException,
    SMTPRecipientRefused,
    SMTPRecipientsRefused,
    SMTPResponseException,
    SMTPTimeoutError,
)

from alerts.channels.email_page import page
from alerts.channels.settings import Email
from alerts.judging.incidents import incident_id
from alerts.telling.delivery import DeliveryError, fault
from alerts.telling.letter import Letter
from alerts.words.message import Message
from alerts.words.wording import moment
from streams.events import Alert, AlertState

_PERMANENT = 500
"""SMTP codes from here on are for good, those below pass (RFC 5321, 4.2.1)."""


class EmailChannel:
    """Sends one mail an alert to all its readers."""

    name = "email"
    bundles = True

    def __init__(self, settings: Email) -> None:
        self.per_minute = settings.per_minute
        self._settings = settings
        self._password = (
            settings.password.get_secret_value() if settings.password else None
        )
        self._tls = ssl.create_default_context()
        if settings.ca_file is not None:
            self._tls.load_verify_locations(settings.ca_file)
        self._taken: tuple[str, set[str]] = ("", set())

    async def send(self, letter: Letter) -> str:
        """Send it; see `alerts.telling.delivery.Channel`.

        A server may take it for some readers and not for others: then only
        the others are tried again.
        """
        picture = await letter.picture() if self._settings.picture else None
        mail = compose(letter.first, letter.message, self._settings, picture)
        identity = str(mail["Message-ID"])
        if self._taken[0] != identity:
            self._taken = (identity, set())
        taken = self._taken[1]
        to = [reader for reader in self._settings.to if reader not in taken]
        refused = await self._hand_over(mail, to)
        taken.update(reader for reader in to if reader not in refused)
        if refused:
            raise self._refusal(refused)
        return identity

    async def close(self) -> None:
        """Do nothing: a connection lives for one mail."""

    async def _hand_over(
        self, mail: EmailMessage, to: list[str]
    ) -> dict[str, tuple[int, str]]:
        """Return the readers the server would not take it for, and why.

        Raises:
            DeliveryError: it took it for nobody.
        """
        settings = self._settings
        try:
            answers, _ = await aiosmtplib.send(
                mail,
                sender=settings.sender,
                recipients=to,
                hostname=settings.host,
                port=settings.port,
                username=settings.username,
                password=self._password,
                use_tls=settings.security == "tls",
                start_tls=settings.security == "starttls",
                tls_context=None if settings.security == "none" else self._tls,
                timeout=settings.timeout.total_seconds(),
            )
        except SMTPRecipientsRefused as error:
            return {r.recipient: (r.code, r.message) for r in error.recipients}
        except SMTPRecipientRefused as error:
            return {error.recipient: (error.code, error.message)}
        except SMTPResponseException as error:
            raise DeliveryError(
                self._said(error.code, error.message),
                permanent=error.code >= _PERMANENT,
            ) from error
        except SMTPTimeoutError as error:
            raise DeliveryError(
                f"no answer from {settings.host}:{settings.port}", permanent=False
            ) from error
        except (SMTPConnectError, OSError) as error:
            raise DeliveryError(
                f"no connection to {settings.host}:{settings.port}: {fault(error)}",
                permanent=False,
            ) from error
        except (SMTPException, ValueError) as error:
            # Such as no STARTTLS where we ask for it: they may yet mend that.
            raise DeliveryError(
                f"{settings.host}: {self._hidden(str(error))}", permanent=False
            ) from error
        return {reader: (code, text) for reader, (code, text) in answers.items()}

    def _refusal(self, refused: dict[str, tuple[int, str]]) -> DeliveryError:
        reason = "; ".join(
            f"{reader}: {self._said(code, text)}"
            for reader, (code, text) in refused.items()
        )
        # As long as one of them may yet get it, it is worth trying.
        permanent = all(code >= _PERMANENT for code, _ in refused.values())
        return DeliveryError(reason, permanent=permanent)

    def _said(self, code: int, text: str) -> str:
        words = self._hidden(" ".join(text.split()))
        return f"{self._settings.host} answered {code} {words[:200]}".rstrip()

    def _hidden(self, text: str) -> str:
        return text.replace(self._password, "***") if self._password else text


def compose(
    alert: Alert, message: Message, settings: Email, picture: bytes | None = None
) -> EmailMessage:
    """Return the mail; the same alert makes the same mail, byte for byte."""
    mail = EmailMessage()
    mail["From"] = settings.sender
    mail["To"] = ", ".join(settings.to)
    mail["Subject"] = message.headline
    # When it happened: a mail held up by an outage still sorts where it belongs.
    mail["Date"] = format_datetime(moment(alert.event_time))
    domain = settings.sender.rpartition("@")[2]
    mail["Message-ID"] = f"<{alert.id}.{alert.state}@{domain}>"
    if alert.state is not AlertState.FIRING and alert.began is not None:
        incident = incident_id(alert.rule, alert.began)
        firing = f"<{incident}.{AlertState.FIRING}@{domain}>"
        mail["In-Reply-To"] = mail["References"] = firing
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Volcross-Rule"] = alert.rule
    mail["X-Volcross-Id"] = alert.id
    if alert.severity == "critical" and alert.state is AlertState.FIRING:
        mail["X-Priority"] = "1"
    mail.set_content(message.text)
    cid = f"lines.{alert.id}.{alert.state}@{domain}"
    html = page(message, cid if picture else None)
    mail.add_alternative(html, subtype="html")
    if picture:
        _, shown = cast("list[MIMEPart]", mail.get_payload())
        shown.add_related(
            picture,
            "image",
            "png",
            cid=f"<{cid}>",
            disposition="inline",
            filename="volatility.png",
        )
    for depth, part in enumerate(p for p in mail.walk() if p.is_multipart()):
        part.set_boundary(f"=_{depth}_{alert.id}_{alert.state}")
    return mail
