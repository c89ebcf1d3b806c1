"""The founding story, end to end, as `volcross demo` tells it to a program."""

import csv
import email
import email.policy
import json
import os
import resource
import signal
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest

TRANSITIONS = [
    ("firing", "2024-07-26T17:27", 0.5985, 0.5974),
    ("resolved", "2024-08-05T14:02", 0.8201, 0.8369),
    ("firing", "2024-08-05T17:30", 0.8857, 0.8715),
    ("resolved", "2024-08-28T14:42", 0.5301, 0.5423),
]
"""As published with the story; found by two independent simulations."""


class Told(NamedTuple):
    result: dict[str, Any]
    out: Path
    processor_seconds: float


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "volcross", *arguments]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Told:
    out = tmp_path_factory.mktemp("demo")
    began = processor_seconds()
    ran = subprocess.run(
        command("demo", "--json", "--seconds", "8", "--out", str(out)),
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return Told(json.loads(ran.stdout), out, processor_seconds() - began)


def processor_seconds() -> float:
    """What processes that we have waited for have taken, and theirs."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.mark.timeout(180)
def test_it_finds_the_four_transitions_and_no_other(told: Told) -> None:
    alerts = told.result["alerts"]
    assert [alert["state"] for alert in alerts] == [state for state, *_ in TRANSITIONS]
    for alert, (_, when, left, right) in zip(alerts, TRANSITIONS, strict=True):
        off = at(alert["event_time"]) - at(when + "+00:00")
        assert abs(off) <= timedelta(minutes=2)
        assert alert["left"] == pytest.approx(left, abs=2e-4)
        assert alert["right"] == pytest.approx(right, abs=2e-4)
        assert alert["spread"] == pytest.approx(alert["left"] - alert["right"])
        assert alert["rule"] == "nvda-above-btc"


def test_a_firing_and_its_all_clear_share_an_id(told: Told) -> None:
    ids = [alert["id"] for alert in told.result["alerts"]]
    assert ids[0] == ids[1] != ids[2] == ids[3]


def test_every_transition_reaches_slack_and_the_mailbox_exactly_once(
    told: Told,
) -> None:
    assert told.result["deliveries"] == {
        "slack": {"delivered": 4, "failed": 0},
        "email": {"delivered": 4, "failed": 0},
    }
    slack = [json.loads(f.read_text()) for f in (told.out / "slack").iterdir()]
    assert len(slack) == 4
    assert all(message["text"] and "blocks" in json.dumps(message) for message in slack)
    mails = [
        email.message_from_bytes(f.read_bytes(), policy=email.policy.default)
        for f in (told.out / "mail").glob("*.eml")
    ]
    assert len({mail["Message-ID"] for mail in mails}) == len(mails) == 4


def test_nothing_was_refused_and_everything_was_counted(told: Told) -> None:
    assert told.result["rejected"] == 0
    assert told.result["ticks"] > 70_000
    assert told.result["readings"] > 70_000


def test_at_the_end_of_july_the_spread_is_as_published(told: Told) -> None:
    with (told.out / "spreads.csv").open() as file:
        rows = {row["at"]: row for row in csv.DictReader(file)}
    row = rows["2024-07-31T23:59:00+00:00"]
    assert float(row["NVDA"]) == pytest.approx(0.7100, abs=2e-4)
    assert float(row["BTC"]) == pytest.approx(0.4873, abs=2e-4)
    assert float(row["spread"]) == pytest.approx(0.2227, abs=2e-4)


def test_two_processors_can_do_it_in_two_minutes(told: Told) -> None:
    # Their time and not the clock's, which others on the machine share. The default
    # story waits for 37 s more than this one.
    assert 0 < told.processor_seconds < 2 * (120 - 37)


@pytest.mark.timeout(120)
def test_ctrl_c_leaves_no_process_and_no_folder_behind(tmp_path: Path) -> None:
    folder = tmp_path / "tmp"
    folder.mkdir()
    with subprocess.Popen(
        command("demo", "--seconds", "60", "--out", str(tmp_path / "out")),
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "TMPDIR": str(folder)},
    ) as demo:
        assert demo.stderr is not None
        for line in demo.stderr:
            if line.startswith("prices"):
                break
        (children,) = Path(f"/proc/{demo.pid}/task").glob(f"{demo.pid}/children")
        pids = [int(pid) for pid in children.read_text().split()]
        assert len(pids) >= 3
        demo.send_signal(signal.SIGINT)
        assert demo.wait(12) == 130
    assert not [pid for pid in pids if Path(f"/proc/{pid}").exists()]
    assert not list(folder.iterdir())


def test_a_data_folder_without_the_prices_is_refused(tmp_path: Path) -> None:
    ran = subprocess.run(
        command("demo", "--data", str(tmp_path)),
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 1
    assert ran.stderr.startswith(f"volcross: {tmp_path} has no btc_hourly")
    assert ran.stderr.count("\n") == 1
