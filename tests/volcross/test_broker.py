import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from volcross.running.broker import BrokerError, EmbeddedBroker, answers, free_port


@pytest.fixture
def embedded(tmp_path: Path) -> Iterator[EmbeddedBroker]:
    embedded = EmbeddedBroker(tmp_path / "broker")
    yield embedded
    embedded.stop()


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    stat = Path(f"/proc/{pid}/stat")
    return not stat.exists() or stat.read_text().rsplit(")", 1)[1].split()[0] != "Z"


def test_it_answers_once_started_and_no_longer_once_stopped(
    embedded: EmbeddedBroker,
) -> None:
    embedded.start()
    pid = embedded.pid
    assert pid is not None
    assert answers(embedded.host, embedded.port)
    embedded.stop()
    assert embedded.pid is None
    assert not alive(pid)
    assert not answers(embedded.host, embedded.port)


def test_it_starts_again_on_the_same_port_with_its_folder(
    embedded: EmbeddedBroker,
) -> None:
    embedded.start()
    port = embedded.port
    embedded.stop()
    embedded.start()
    assert embedded.port == port
    assert answers(embedded.host, port)


def test_a_port_held_by_something_else_is_named(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(BrokerError, match=f"port {port} .* already in use"):
            EmbeddedBroker(tmp_path, port).start()


def test_a_port_held_by_another_broker_is_never_taken_for_ours(
    embedded: EmbeddedBroker, tmp_path: Path
) -> None:
    embedded.start()
    with pytest.raises(BrokerError, match="already in use"):
        EmbeddedBroker(tmp_path / "second", embedded.port).start()


def test_a_data_folder_in_use_is_named(embedded: EmbeddedBroker) -> None:
    embedded.start()
    with pytest.raises(BrokerError, match=f"data folder {embedded.data_dir}"):
        EmbeddedBroker(embedded.data_dir).start()


def test_a_port_that_accepts_and_says_nothing_is_no_broker() -> None:
    with socket.socket() as mute:
        mute.bind(("127.0.0.1", 0))
        mute.listen()
        assert not answers("127.0.0.1", mute.getsockname()[1], timeout=0.1)
    assert not answers("127.0.0.1", free_port(), timeout=0.1)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="PR_SET_PDEATHSIG")
def test_it_ends_when_its_owner_is_killed(tmp_path: Path) -> None:
    program = (
        "import pathlib, time; from volcross.running.broker import EmbeddedBroker\n"
        f"broker = EmbeddedBroker(pathlib.Path({str(tmp_path)!r})); broker.start()\n"
        "print(broker.pid, flush=True); time.sleep(60)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, text=True
    ) as owner:
        assert owner.stdout is not None
        pid = int(owner.stdout.readline())
        assert alive(pid)
        owner.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 5
    while alive(pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not alive(pid)
