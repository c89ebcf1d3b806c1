"""What a person sees who types it right, and who types it wrong."""

import json
import os
import resource
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from streams.settings import Kafka
from streams.topics import AGENTS
from tests.brokers import ROOT
from volcross.running.broker import EmbeddedBroker, free_port
from volcross.running.provisioning import provision

RECEIVER_URL = "VOLCROSS_CHANNELS__SLACK__WEBHOOK_URL"


def volcross(
    *arguments: str, folder: Path, **variables: str
) -> subprocess.CompletedProcess[str]:
    clean = {k: v for k, v in os.environ.items() if not k.startswith("VOLCROSS_")}
    return subprocess.run(
        [sys.executable, "-m", "volcross", *arguments],
        cwd=folder,
        env={
            **clean,
            "PYTHONPATH": str(Path(__file__).parents[2]),
            "COLUMNS": "200",
            **variables,
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def refused(ran: subprocess.CompletedProcess[str], code: int) -> list[str]:
    assert ran.returncode == code, ran.stderr
    assert "Traceback" not in ran.stderr
    lines = ran.stderr.splitlines()
    assert all(line.startswith("volcross: ") for line in lines), lines
    return [line.removeprefix("volcross: ") for line in lines]


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    own = EmbeddedBroker(tmp_path_factory.mktemp("broker"))
    own.start()
    yield own.bootstrap_servers
    own.stop()


def test_help_answers_before_anyone_gets_impatient(tmp_path: Path) -> None:
    # By its own CPU, not by what else this machine is doing.
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    ran = volcross("--help", folder=tmp_path)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert ran.returncode == 0
    assert "demo" in ran.stdout
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    assert spent < 0.5


def test_ctrl_c_while_it_still_imports_is_no_traceback() -> None:
    program = (
        "import sys\n"
        "class Hand:\n"
        "    def find_spec(self, name, *rest):\n"
        "        if name == 'typer':\n"
        "            raise KeyboardInterrupt\n"
        "sys.meta_path.insert(0, Hand())\n"
        "from volcross.__main__ import main\n"
        "main()\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ran.returncode, ran.stderr) == (130, "")


def test_it_says_its_version(tmp_path: Path) -> None:
    assert volcross("--version", folder=tmp_path).stdout.startswith("volcross 0.")


@pytest.mark.parametrize("command", [["up"], ["stream"], ["check"], ["status"]])
def test_a_broken_file_is_one_line_whatever_the_command(
    tmp_path: Path, command: list[str]
) -> None:
    (tmp_path / "volcross.toml").write_text("[kafka]\npartitions = = 3\n")
    (line,) = refused(volcross(*command, folder=tmp_path), 2)
    assert line == "volcross.toml: Invalid value (at line 2, column 14)"


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    (line,) = refused(volcross("--config", "no.toml", "check", folder=tmp_path), 2)
    assert line == "no.toml: No such file or directory"


def test_an_unknown_key_is_named(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text("[kafka]\npartition = 3\n")
    (line,) = refused(volcross("-c", "mine.toml", "up", folder=tmp_path), 2)
    assert line == (
        "mine.toml: kafka.partition: unknown key (did you mean 'partitions'?)"
    )


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file, where a folder is asked for")
    (line,) = refused(volcross("demo", "--out", "taken/out", folder=tmp_path), 1)
    assert line == "taken/out/slack: Not a directory"


def test_a_source_that_is_not_configured_is_named(tmp_path: Path) -> None:
    (line,) = refused(volcross("produce", "nowhere", folder=tmp_path), 1)
    assert line.startswith("no source 'nowhere' in the configuration")


@pytest.mark.parametrize(
    "command",
    [
        ["topics", "create"],
        ["status"],
        ["silence", "add", "nvda-*", "--for", "1h", "--comment", "earnings"],
    ],
)
def test_an_unreachable_broker_is_told_in_one_line(
    tmp_path: Path, command: list[str]
) -> None:
    server = f"127.0.0.1:{free_port()}"
    ran = volcross(*command, folder=tmp_path, VOLCROSS_KAFKA__BOOTSTRAP_SERVERS=server)
    (line,) = refused(ran, 1)
    assert line == f"no Kafka broker answers at {server}: connection refused"


def test_a_server_that_is_no_broker_is_told_within_fifteen_seconds(
    tmp_path: Path,
) -> None:
    with socket.socket() as mute:
        mute.bind(("127.0.0.1", 0))
        mute.listen()
        server = f"127.0.0.1:{mute.getsockname()[1]}"
        began = time.monotonic()
        ran = volcross(
            *("topics", "create"),
            folder=tmp_path,
            VOLCROSS_KAFKA__BOOTSTRAP_SERVERS=server,
        )
        assert time.monotonic() - began < 15
        (line,) = refused(ran, 1)
        assert line.startswith(f"no Kafka broker answers at {server} within 10 s")


def test_a_role_waits_for_its_broker_and_says_so(tmp_path: Path) -> None:
    server = f"127.0.0.1:{free_port()}"
    with subprocess.Popen(
        [sys.executable, "-m", "volcross", "stream"],
        cwd=tmp_path,
        env={
            **os.environ,
            "PYTHONPATH": str(Path(__file__).parents[2]),
            "VOLCROSS_KAFKA__BOOTSTRAP_SERVERS": server,
        },
        stderr=subprocess.PIPE,
        text=True,
    ) as role:
        threading.Timer(40, role.kill).start()
        assert role.stderr is not None
        said = json.loads(role.stderr.readline())
        assert said["event"] == (
            f"no Kafka broker answers at {server}: connection refused"
        )
        assert said["retry_in_seconds"] == 1
        began = time.monotonic()
        role.terminate()
        assert role.wait(10) == 0
        assert time.monotonic() - began < 5


def test_topics_are_created_once(servers: str, tmp_path: Path) -> None:
    variables = {
        "VOLCROSS_KAFKA__BOOTSTRAP_SERVERS": servers,
        "VOLCROSS_KAFKA__TOPIC_PREFIX": "once.",
    }
    first = volcross("topics", "create", folder=tmp_path, **variables)
    assert "created once.ticks.price\n" in first.stdout
    again = volcross("topics", "create", folder=tmp_path, **variables)
    assert again.stdout == f"all topics exist on {servers}\n"


@pytest.mark.parametrize("command", [["topics", "create"], ["stream"], ["status"]])
def test_other_partitions_than_configured_are_refused_by_name_and_number(
    servers: str, tmp_path: Path, command: list[str]
) -> None:
    provision(Kafka(bootstrap_servers=servers, topic_prefix="other.", partitions=2))
    ran = volcross(
        *command,
        folder=tmp_path,
        VOLCROSS_KAFKA__BOOTSTRAP_SERVERS=servers,
        VOLCROSS_KAFKA__TOPIC_PREFIX="other.",
        VOLCROSS_KAFKA__PARTITIONS="3",
    )
    lines = refused(ran, 1)
    assert "topic other.bars: found 2 partitions, expected 3" in lines
    assert not [line for line in lines if "other.alerts" in line]  # always one
    assert lines[-1].startswith("refused: set kafka.partitions")


def test_status_of_a_broker_without_our_topics_says_so(
    servers: str, tmp_path: Path
) -> None:
    ran = volcross(
        "status",
        folder=tmp_path,
        VOLCROSS_KAFKA__BOOTSTRAP_SERVERS=servers,
        VOLCROSS_KAFKA__TOPIC_PREFIX="nobody.",
    )
    (line,) = refused(ran, 1)
    assert "topics are missing" in line


def test_status_of_an_idle_service_is_no_error(servers: str, tmp_path: Path) -> None:
    variables = {
        "VOLCROSS_KAFKA__BOOTSTRAP_SERVERS": servers,
        "VOLCROSS_KAFKA__TOPIC_PREFIX": "idle.",
    }
    volcross("topics", "create", folder=tmp_path, **variables)
    ran = volcross("status", "--json", folder=tmp_path, **variables)
    assert ran.returncode == 0, ran.stderr
    told = json.loads(ran.stdout)
    assert told["spreads"] == []
    assert told["lag"] == dict.fromkeys(AGENTS, 0)


@pytest.mark.parametrize("command", ["stream", "alert"])
def test_a_metrics_port_in_use_is_named(
    servers: str, tmp_path: Path, command: str
) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        ran = volcross(
            command,
            folder=tmp_path,
            VOLCROSS_KAFKA__BOOTSTRAP_SERVERS=servers,
            VOLCROSS_KAFKA__TOPIC_PREFIX="metrics.",
            **{f"VOLCROSS_METRICS__{command.upper()}": str(port)},
        )
        assert ran.returncode == 1
        assert "Traceback" not in ran.stderr
        assert f"volcross: the metrics port {port} is already in use\n" in ran.stderr
