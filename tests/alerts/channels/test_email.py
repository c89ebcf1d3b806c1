"""Mail against a real SMTP server."""

import asyncio
import ssl
import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default as modern
from pathlib import Path

import pytest
import trustme
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from alerts.channels.email import EmailChannel
from alerts.channels.settings import Email
from alerts.telling.delivery import DeliveryError
from tests.alerts.samples import FIRING, RESOLVED, Mailbox, in_words, letter

DESK, BOSS = "desk@example.com", "boss@example.com"


def authenticate(
    _server: SMTP, _session: Session, _envelope: Envelope, _how: str, given: object
) -> AuthResult:
    right = isinstance(given, LoginPassword) and given.password == b"hunter2"
    return AuthResult(success=right, handled=False)


@asynccontextmanager
async def serving(
    mailbox: Mailbox, *, tls: ssl.SSLContext | None = None, at_once: bool = False
) -> AsyncIterator[Mailbox]:
    protocols: list[SMTP] = []

    def protocol() -> SMTP:
        if tls is None:
            protocols.append(SMTP(mailbox, hostname="localhost"))
            return protocols[-1]
        with warnings.catch_warnings():
            # aiosmtpd does not see that a connection was TLS from the start, so
            # it must not require it, and warns that it does not.
            warnings.simplefilter("ignore", UserWarning)
            one = SMTP(
                mailbox,
                hostname="localhost",
                tls_context=None if at_once else tls,
                authenticator=authenticate,
                auth_required=True,
                auth_require_tls=not at_once,
            )
        protocols.append(one)
        return one

    server = await asyncio.get_running_loop().create_server(
        protocol, "127.0.0.1", 0, ssl=tls if at_once else None
    )
    mailbox.port = server.sockets[0].getsockname()[1]
    try:
        yield mailbox
    finally:
        server.close()
        await server.wait_closed()
        for one in protocols:
            # After STARTTLS aiosmtpd leaves the plain transport under it open.
            for transport in (one.transport, one._original_transport):
                if transport is not None:
                    transport.close()
        await asyncio.sleep(0.01)


def channel(port: int, **given: object) -> EmailChannel:
    table = {
        "host": "localhost",
        "port": port,
        "security": "none",
        "from": "volcross@example.com",
        "to": [DESK, BOSS],
        "timeout": 5,
        **given,
    }
    return EmailChannel(Email.model_validate(table))


async def send(port: int, **given: object) -> None:
    await channel(port, **given).send(letter(FIRING))


async def refused(port: int, **given: object) -> DeliveryError:
    with pytest.raises(DeliveryError) as error:
        await send(port, **given)
    assert "hunter2" not in f"{error.value!r}"
    return error.value


def read(raw: bytes) -> EmailMessage:
    return message_from_bytes(raw, policy=modern)


async def test_it_sends_the_news_as_text_and_as_html_to_all() -> None:
    async with serving(Mailbox()) as mailbox:
        await send(mailbox.port)
    ((readers, raw),) = mailbox.mails
    mail = read(raw)
    assert readers == [DESK, BOSS]
    assert mail["Subject"] == in_words(FIRING).headline
    assert mail["Date"] == "Fri, 26 Jul 2024 17:27:00 +0000"
    text, html = mail.get_body(["plain"]), mail.get_body(["html"])
    assert text is not None
    assert html is not None
    assert text.get_content().replace("\r\n", "\n") == in_words(FIRING).text
    assert in_words(FIRING).headline in html.get_content()


async def test_the_mails_of_one_incident_are_one_thread() -> None:
    async with serving(Mailbox()) as mailbox:
        for alert in (FIRING, FIRING, RESOLVED):
            await channel(mailbox.port).send(letter(alert))
    first, again, resolved = (read(raw) for _, raw in mailbox.mails)
    assert first["Message-ID"] == "<713bd8fb08e4b0fd.firing@example.com>"
    assert first["In-Reply-To"] is None
    assert again["Message-ID"] == first["Message-ID"]
    assert resolved["Message-ID"] != first["Message-ID"]
    assert resolved["In-Reply-To"] == resolved["References"] == first["Message-ID"]


@pytest.mark.parametrize(
    ("said", "permanent"),
    [("451 busy, come back", False), ("554 no such thing as a free lunch", True)],
)
async def test_only_a_4xx_is_worth_another_try(said: str, permanent: bool) -> None:
    async with serving(Mailbox(refusals=[said])) as mailbox:
        error = await refused(mailbox.port)
        assert (error.permanent, error.reason) == (
            permanent,
            f"localhost answered {said}",
        )


async def test_a_reader_refused_for_now_is_the_only_one_tried_again() -> None:
    mailbox = Mailbox(refused_readers={BOSS: ["450 mailbox busy"]})
    async with serving(mailbox):
        one = channel(mailbox.port)
        with pytest.raises(DeliveryError, match=r"boss@example\.com: .* 450") as error:
            await one.send(letter(FIRING))
        assert not error.value.permanent
        await one.send(letter(FIRING))
    assert [readers for readers, _ in mailbox.mails] == [[DESK], [BOSS]]


async def test_a_reader_refused_for_good_is_named_and_the_others_get_it() -> None:
    mailbox = Mailbox(refused_readers={BOSS: ["550 no such user"]})
    async with serving(mailbox):
        error = await refused(mailbox.port)
    assert error.permanent
    assert error.reason == "boss@example.com: localhost answered 550 no such user"
    assert [readers for readers, _ in mailbox.mails] == [[DESK]]


async def test_all_readers_refused_is_a_refusal() -> None:
    mailbox = Mailbox(refused_readers={BOSS: ["550 no"], DESK: ["450 busy"]})
    async with serving(mailbox):
        error = await refused(mailbox.port)
    assert not error.permanent
    assert mailbox.mails == []


async def test_a_refused_connection_is_tried_again() -> None:
    async with serving(Mailbox()) as mailbox:
        port = mailbox.port
    error = await refused(port)
    assert not error.permanent
    assert error.reason.startswith(f"no connection to localhost:{port}: ")


async def test_a_server_that_says_nothing_is_tried_again() -> None:
    enough = asyncio.Event()

    async def silent(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await enough.wait()
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    error = await refused(server.sockets[0].getsockname()[1], timeout=0.2)
    enough.set()
    server.close()
    await server.wait_closed()
    await asyncio.sleep(0.01)
    assert not error.permanent
    assert error.reason.startswith("no answer from localhost")


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def serving_tls(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("localhost").configure_cert(context)
    return context


@pytest.mark.parametrize("security", ["starttls", "tls"])
async def test_it_logs_in_over_tls(
    authority: trustme.CA, tmp_path: Path, security: str
) -> None:
    ca_file = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(ca_file))
    login = {
        "security": security,
        "ca_file": str(ca_file),
        "username": "volcross",
        "password": "hunter2",
    }
    tls, at_once = serving_tls(authority), security == "tls"
    async with serving(Mailbox(), tls=tls, at_once=at_once) as mailbox:
        await send(mailbox.port, **login)
        assert len(mailbox.mails) == 1
        error = await refused(mailbox.port, **{**login, "password": "hunter2x"})
    assert error.permanent
    assert "535" in error.reason


async def test_a_server_that_repeats_the_password_is_not_quoted_on_it(
    authority: trustme.CA, tmp_path: Path
) -> None:
    ca_file = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(ca_file))
    login = {"ca_file": str(ca_file), "username": "volcross", "password": "hunter2"}
    told = Mailbox(refusals=["554 we know your hunter2"])
    async with serving(told, tls=serving_tls(authority)) as mailbox:
        error = await refused(mailbox.port, security="starttls", **login)
    assert error.reason == "localhost answered 554 we know your ***"


async def test_it_does_not_trust_a_stranger(authority: trustme.CA) -> None:
    async with serving(Mailbox(), tls=serving_tls(authority)) as mailbox:
        login = {"security": "starttls", "username": "u", "password": "hunter2"}
        error = await refused(mailbox.port, **login)
    assert not error.permanent
    assert mailbox.mails == []


async def test_a_server_without_starttls_gets_no_password() -> None:
    async with serving(Mailbox()) as mailbox:
        login = {"security": "starttls", "username": "u", "password": "hunter2"}
        error = await refused(mailbox.port, **login)
    assert "STARTTLS" in error.reason
    assert mailbox.mails == []


PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256))


async def test_the_picture_travels_in_the_mail_and_is_shown_in_its_place() -> None:
    async with serving(Mailbox()) as mailbox:
        for _ in range(2):
            await channel(mailbox.port).send(letter(FIRING, PNG))
    (_, first), (_, again) = mailbox.mails
    mail = read(first)
    text, related = mail.iter_parts()
    assert text.get_content_type() == "text/plain"
    assert related.get_content_type() == "multipart/related"
    html, picture = related.iter_parts()
    assert picture.get_content() == PNG
    assert picture["Content-ID"] == f"<lines.{FIRING.id}.firing@example.com>"
    assert picture.get_content_disposition() == "inline"
    assert f'src="cid:{picture["Content-ID"][1:-1]}"' in html.get_content()
    assert first == again


@pytest.mark.parametrize("wanted", [True, False])
async def test_without_a_picture_it_is_the_mail_it_was(wanted: bool) -> None:
    drawn = None if wanted else PNG
    async with serving(Mailbox()) as mailbox:
        await channel(mailbox.port, picture=wanted).send(letter(FIRING, drawn))
    ((_, raw),) = mailbox.mails
    kinds = [part.get_content_type() for part in read(raw).walk()]
    assert kinds == ["multipart/alternative", "text/plain", "text/html"]
