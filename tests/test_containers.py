"""The containers: what is described is valid, closed, and can be run."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
import yaml

from streams.settings import Metrics
from tests.brokers import ROOT
from volcross.config import FILE, load

BIN = Path(sys.executable).parent
EMAIL = {
    "SMTP_HOST": "mail.example.com",
    "SMTP_USERNAME": "volcross",
    "SMTP_FROM": "volcross@example.com",
    "SMTP_TO": '["desk@example.com"]',
}
OVERLAYS = ["docker-compose.slack.yml", "docker-compose.email.yml"]


def run(*command: str, **environment: str) -> str:
    done = subprocess.run(
        [str(BIN / command[0]), *command[1:]],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def composed(*overlays: str) -> dict[str, Any]:
    files = [f"--file={name}" for name in ("docker-compose.yml", *overlays)]
    said = run(
        "docker-compose", "--profile=*", *files, "config", "--format=json", **EMAIL
    )
    config: dict[str, Any] = json.loads(said)
    return config


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    found: dict[str, Any] = composed()["services"]
    return found


def ours(services: dict[str, Any]) -> dict[str, Any]:
    return {
        name: service
        for name, service in services.items()
        if service["image"].startswith("volcross:")
    }


@pytest.mark.parametrize("overlays", [[], *[[name] for name in OVERLAYS], OVERLAYS])
def test_compose_itself_accepts_every_combination(overlays: list[str]) -> None:
    assert "kafka" in composed(*overlays)["services"]


def test_the_linters_find_nothing() -> None:
    run("hadolint", "Dockerfile")
    # The overlays are fragments: they inherit what the linter would miss in them.
    run(
        *("compose-lint", "check", "--strict-config", "--fail-on", "medium"),
        "docker-compose.yml",
    )


def test_nothing_is_published_beyond_loopback(services: dict[str, Any]) -> None:
    published = [
        port for service in services.values() for port in service.get("ports", [])
    ]
    assert published
    assert {port["host_ip"] for port in published} == {"127.0.0.1"}


def test_every_service_can_do_only_what_it_must(services: dict[str, Any]) -> None:
    for name, service in services.items():
        assert service["read_only"], name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert service["mem_limit"], name
        assert service["pids_limit"], name
        assert not service.get("privileged"), name


def test_every_image_is_pinned(services: dict[str, Any]) -> None:
    for name, service in services.items():
        _, _, tag = service["image"].rpartition(":")
        assert re.fullmatch(r"v?\d+\.\d+\.\d+", tag), name


def test_no_secret_stands_in_an_environment() -> None:
    alert = composed(*OVERLAYS)["services"]["alert"]
    told = alert["environment"]
    assert told["VOLCROSS_CHANNELS__SLACK__WEBHOOK_URL_FILE"].startswith("/run/secrets")
    assert told["VOLCROSS_CHANNELS__EMAIL__PASSWORD_FILE"].startswith("/run/secrets")
    assert {secret["source"] for secret in alert["secrets"]} == {
        "slack_webhook_url",
        "smtp_password",
    }
    assert not any(key.endswith(("PASSWORD", "WEBHOOK_URL")) for key in told)


def test_the_tests_run_on_the_kafka_that_compose_runs(services: dict[str, Any]) -> None:
    pom = ET.parse(ROOT / "tests" / "kafka" / "pom.xml").getroot()  # noqa: S314 - ours
    space = {"m": "http://maven.apache.org/POM/4.0.0"}
    version = pom.findtext("m:dependencies/m:dependency[1]/m:version", None, space)
    assert services["kafka"]["image"] == f"apache/kafka:{version}"


def test_every_role_is_a_command_that_exists(services: dict[str, Any]) -> None:
    found = ours(services)
    assert {"topics", "produce", "stream", "alert"} <= found.keys()
    for name, service in found.items():
        command = [part for part in service["command"] if part != "synthetic"]
        said = run("python", "-m", "volcross", *command, "--help")
        assert "Usage" in said, name


def test_the_environment_of_every_role_is_configuration(tmp_path: Path) -> None:
    webhook, password = tmp_path / "webhook", tmp_path / "password"
    webhook.write_text("https://hooks.slack.com/services/T/B/x\n")
    password.write_text("made-up\n")
    files = {
        "/run/secrets/slack_webhook_url": str(webhook),
        "/run/secrets/smtp_password": str(password),
        "/etc/volcross.toml": str(ROOT / "docker-compose.toml"),
    }
    settings = {
        name: load(variables={k: files.get(v, v) for k, v in told.items()})
        for name, service in ours(composed(*OVERLAYS)["services"]).items()
        if (told := service["environment"])
    }
    assert {each.kafka.bootstrap_servers for each in settings.values()} == {
        "kafka:9092"
    }
    # Inside a container, where no port is published.
    assert {each.metrics.host for each in settings.values()} == {"0.0.0.0"}  # noqa: S104
    assert settings["alert"].channels.names == ["slack", "email"]
    assert settings["stream"].channels.names == []
    assert "synthetic" in settings["produce"].sources


def test_what_is_scraped_is_what_listens(services: dict[str, Any]) -> None:
    ports = {
        "produce": Metrics().produce,
        "stream": Metrics().stream,
        "alert": Metrics().alert,
    }
    targets = ROOT / "monitoring" / "prometheus" / "targets"

    def scraped(where: str) -> dict[str, list[str]]:
        groups = yaml.safe_load((targets / where / "volcross.yml").read_text())
        return {group["labels"]["role"]: group["targets"] for group in groups}

    assert scraped("compose") == {
        role: [f"{role}:{port}"] for role, port in ports.items()
    }
    by_default = load(variables={}, file=ROOT / "volcross.example.toml").sources
    assert scraped("local") == {
        "produce": [
            f"localhost:{ports['produce'] + place}" for place in range(len(by_default))
        ],
        "stream": [f"localhost:{ports['stream']}"],
        "alert": [f"localhost:{ports['alert']}"],
    }
    for role, port in ports.items():
        assert f"127.0.0.1:{port}/" in " ".join(services[role]["healthcheck"]["test"])


def test_the_live_overlay_runs_and_scrapes_every_source_that_is_configured() -> None:
    live = composed("docker-compose.live.yml")
    config = Path(live["configs"]["volcross"]["file"])
    settings = load(config, variables={})
    producers = {
        name: service
        for name, service in ours(live["services"]).items()
        if service["command"][0] == "produce"
    }
    assert {service["command"][1] for service in producers.values()} == set(
        settings.sources
    )
    ports = {
        source: settings.metrics.produce + place
        for place, source in enumerate(settings.sources)
    }
    (mounted,) = (
        volume["source"]
        for volume in live["services"]["prometheus"]["volumes"]
        if volume["target"] == "/etc/prometheus/targets"
    )
    groups = yaml.safe_load((Path(mounted) / "volcross.yml").read_text())
    scraped = {target for group in groups for target in group["targets"]}
    spools = set()
    for name, service in producers.items():
        port = ports[service["command"][1]]
        assert f"{name}:{port}" in scraped
        assert f"127.0.0.1:{port}/" in " ".join(service["healthcheck"]["test"])
        spools.add(service["volumes"][0]["source"])
    assert len(spools) == len(producers), "two producers share a spool"


def test_every_mounted_file_exists(services: dict[str, Any]) -> None:
    live = composed("docker-compose.live.yml")["services"]
    for service in [*services.values(), *live.values()]:
        for volume in service.get("volumes", []):
            if volume["type"] == "bind":
                assert Path(volume["source"]).exists(), volume


def test_the_default_configuration_is_not_in_the_image() -> None:
    # It would be read from the working directory before anybody's own.
    assert f"!{FILE}" not in (ROOT / ".dockerignore").read_text()
