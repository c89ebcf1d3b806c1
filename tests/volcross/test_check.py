import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web

from tests.alerts.slack_api import CHANNEL, TOKEN, slack_api
from volcross.commands.check import findings
from volcross.commands.finding import Finding
from volcross.config import Settings, compose
from volcross.demo.receivers import Receivers
from volcross.running.broker import EmbeddedBroker, free_port
from volcross.running.provisioning import provision

SECRET = "verysecret"


def settings(**variables: str) -> Settings:
    return compose({"data_dir": "."}, "volcross.toml", variables)


async def found(what: str, **variables: str) -> Finding:
    variables.setdefault("VOLCROSS_BROKER__PORT", str(free_port()))
    async for finding in findings(settings(**variables)):
        assert SECRET not in finding.said
        if finding.what == what:
            return finding
    raise AssertionError(what)


def email(port: int, **more: str) -> dict[str, str]:
    return {
        "VOLCROSS_CHANNELS__EMAIL__HOST": "127.0.0.1",
        "VOLCROSS_CHANNELS__EMAIL__PORT": str(port),
        "VOLCROSS_CHANNELS__EMAIL__SECURITY": "none",
        "VOLCROSS_CHANNELS__EMAIL__FROM": "volcross@localhost",
        "VOLCROSS_CHANNELS__EMAIL__TO": '["desk@localhost"]',
        **{f"VOLCROSS_CHANNELS__EMAIL__{key}": more[key] for key in more},
    }


@pytest.fixture
async def receivers(tmp_path: Path) -> AsyncIterator[Receivers]:
    receivers = Receivers(tmp_path)
    await receivers.start()
    yield receivers
    await receivers.stop()


async def test_a_webhook_slack_knows_is_good_and_nothing_is_posted(
    receivers: Receivers,
) -> None:
    finding = await found(
        "slack", VOLCROSS_CHANNELS__SLACK__WEBHOOK_URL=receivers.slack_url
    )
    assert finding.good, finding.said
    assert receivers.slack == []


@pytest.mark.parametrize(
    ("status", "body"), [(404, "no_service"), (403, "invalid_token"), (200, "ok")]
)
async def test_a_webhook_slack_does_not_know_is_bad(status: int, body: str) -> None:
    async def refuse(_: web.Request) -> web.Response:
        return web.Response(status=status, text=body)

    app = web.Application()
    app.router.add_post(f"/services/{SECRET}", refuse)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}/services/{SECRET}"
    finding = await found("slack", VOLCROSS_CHANNELS__SLACK__WEBHOOK_URL=url)
    await runner.cleanup()
    assert not finding.good
    assert finding.said == f"127.0.0.1 refuses the webhook: {status} {body}"


async def test_a_slack_that_cannot_be_reached_is_bad_and_its_url_stays_secret() -> None:
    url = f"http://127.0.0.1:{free_port()}/services/{SECRET}"
    finding = await found("slack", VOLCROSS_CHANNELS__SLACK__WEBHOOK_URL=url)
    assert not finding.good
    assert finding.said.startswith("127.0.0.1 cannot be reached: ")


async def test_a_mail_server_that_answers_is_good_and_no_mail_is_sent(
    receivers: Receivers,
) -> None:
    finding = await found("email", **email(receivers.smtp_port))
    assert finding.good, finding.said
    assert receivers.mail == []


async def test_a_mail_server_that_cannot_be_reached_is_bad() -> None:
    port = free_port()
    finding = await found("email", **email(port))
    assert not finding.good
    assert finding.said.startswith(f"127.0.0.1:{port} cannot be reached: ")


async def test_a_mail_server_without_the_encryption_asked_for_is_bad(
    receivers: Receivers,
) -> None:
    finding = await found("email", **email(receivers.smtp_port, SECURITY="starttls"))
    assert not finding.good
    assert "STARTTLS" in finding.said


async def test_a_server_that_is_no_mail_server_does_not_hang_us() -> None:
    async def turn_away(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"554 5.7.1 go away\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(turn_away, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        finding = await found("email", **email(port))
    assert not finding.good
    assert "554" in finding.said


async def test_a_webhook_that_is_not_there_is_bad() -> None:
    url = f"http://127.0.0.1:{free_port()}/{SECRET}"
    finding = await found("webhook", VOLCROSS_CHANNELS__WEBHOOK__URL=url)
    assert not finding.good


async def test_the_embedded_broker_need_not_run_to_be_good(tmp_path: Path) -> None:
    port = free_port()
    finding = await found(
        "broker",
        VOLCROSS_BROKER__PORT=str(port),
        VOLCROSS_DATA_DIR=str(tmp_path / "data"),
    )
    assert finding == Finding(
        "broker", good=True, said=f"embedded; `volcross up` starts it on port {port}"
    )


async def test_a_broker_of_somebody_else_must_answer() -> None:
    server = f"127.0.0.1:{free_port()}"
    finding = await found("broker", VOLCROSS_KAFKA__BOOTSTRAP_SERVERS=server)
    assert not finding.good
    assert finding.said == f"no Kafka broker answers at {server}: connection refused"


async def test_topics_that_do_not_fit_are_told(tmp_path: Path) -> None:
    own = EmbeddedBroker(tmp_path)
    own.start()
    kafka = settings(VOLCROSS_KAFKA__BOOTSTRAP_SERVERS=own.bootstrap_servers).kafka
    missing = await found(
        "broker", VOLCROSS_KAFKA__BOOTSTRAP_SERVERS=own.bootstrap_servers
    )
    provision(kafka)
    good = await found(
        "broker", VOLCROSS_KAFKA__BOOTSTRAP_SERVERS=own.bootstrap_servers
    )
    bad = await found(
        "broker",
        VOLCROSS_KAFKA__BOOTSTRAP_SERVERS=own.bootstrap_servers,
        VOLCROSS_KAFKA__PARTITIONS="3",
    )
    own.stop()
    assert missing.good
    assert "are missing" in missing.said
    assert good.said == f"{own.bootstrap_servers} answers; its topics exist"
    assert not bad.good
    assert "topic bars: found 4 partitions, expected 3" in bad.said


BOT = {
    "VOLCROSS_CHANNELS__SLACK__CHANNEL": CHANNEL,
    "VOLCROSS_CHANNELS__SLACK__TOKEN": TOKEN,
}


async def test_a_bot_slack_knows_is_good_and_nothing_is_posted() -> None:
    async with slack_api() as api:
        url = {"VOLCROSS_CHANNELS__SLACK__API_URL": api.url}
        finding = await found("slack", **BOT, **url)
        assert finding.good, finding.said
        assert "volcross" in finding.said
        assert api.called == ["auth.test"]
        wrong = {**BOT, "VOLCROSS_CHANNELS__SLACK__TOKEN": SECRET}
        finding = await found("slack", **wrong, **url)
    assert not finding.good
    assert finding.said == "127.0.0.1 refuses the bot: 200 invalid_auth"


async def serving(path: str, answer: web.Response) -> tuple[str, web.AppRunner]:
    async def take(_: web.Request) -> web.Response:
        return answer

    app = web.Application()
    app.router.add_get(path, take)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    return f"http://127.0.0.1:{runner.addresses[0][1]}/{SECRET}", runner


@pytest.mark.parametrize(
    ("answer", "good", "said"),
    [
        (
            web.json_response({"versionInfo": {"version": "0.33.0"}}),
            True,
            "127.0.0.1 runs 0.33.0",
        ),
        (web.Response(text="It works!"), False, "not as an Alertmanager"),
        (web.Response(status=404), False, "127.0.0.1 answers 404"),
    ],
)
async def test_an_alertmanager_must_answer_as_one(
    answer: web.Response, good: bool, said: str
) -> None:
    url, runner = await serving(f"/{SECRET}/api/v2/status", answer)
    finding = await found("alertmanager", VOLCROSS_CHANNELS__ALERTMANAGER__URL=url)
    await runner.cleanup()
    assert finding.good is good
    assert said in finding.said


async def test_an_alertmanager_that_is_not_there_is_bad() -> None:
    url = f"http://127.0.0.1:{free_port()}/{SECRET}"
    finding = await found("alertmanager", VOLCROSS_CHANNELS__ALERTMANAGER__URL=url)
    assert not finding.good


@pytest.mark.parametrize(
    ("urls", "good", "said"),
    [
        (f'["json://desk:{SECRET}@127.0.0.1"]', True, "JSON; not asked"),
        (f'["json://localhost", "nothing://{SECRET}"]', False, "number 2 is no"),
    ],
)
async def test_what_apprise_cannot_read_is_bad(
    urls: str, good: bool, said: str
) -> None:
    finding = await found("apprise", VOLCROSS_CHANNELS__APPRISE__URLS=urls)
    assert finding.good is good
    assert said in finding.said
