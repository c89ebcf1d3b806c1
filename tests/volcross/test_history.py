"""`volcross history import`: refused by row, or told to whoever ranks."""

import asyncio
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from streams.events import VolTicks
from streams.settings import Kafka
from streams.topics import VOL_TICKS
from tests.producers.publishing.consuming import read
from volcross.cli import app
from volcross.running.provisioning import provision

HEADER = "at,symbol,measure,value\n"


def imported(text: str, directory: Path, **environment: str) -> Result:
    file = directory / "iv30.csv"
    file.write_text(text, encoding="utf-8")
    return CliRunner(env=environment).invoke(app, ["history", "import", str(file)])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "iv30.csv: no rows"),
        ("at,symbol,value\n2024-07-01,NVDA,0.5", "no column `measure`"),
        (f"{HEADER}2024-07-01,NVDA,iv30,48", "iv30.csv:2: a vol above 10"),
        (
            f"{HEADER}2024-07-01,NVDA,iv30,0.48\nsoon,NVDA,iv30,0.5",
            "iv30.csv:3: at is no instant: 'soon'",
        ),
        (
            f"{HEADER}2999-07-01,NVDA,iv30,0.48",
            "iv30.csv:2: at is no instant: '2999-07-01'",
        ),
        (f"{HEADER}2024-07-01,NVDA,iv30,x", "iv30.csv:2: value is no number: 'x'"),
        (f"{HEADER}2024-07-01,AMD,iv30,0.5", "AMD: no [symbols.AMD]"),
        (
            f"{HEADER}2024-07-01,NVDA,dvol,0.5",
            "NVDA dvol: symbols.NVDA.implied is 'iv30'",
        ),
        (f"{HEADER}2099-07-01,NVDA,iv30,0.5", "NVDA: 2099-07-01 is yet to come"),
        ("at,symbol,price\n2024-07-01,NVDA,120", "prices: a past of prices cannot"),
    ],
)
def test_what_cannot_be_used_is_refused_by_its_row(
    text: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = imported(text, tmp_path)
    assert said in str(result.exception)
    assert result.exit_code == 1


def test_a_broker_that_is_not_there_is_said_to_be_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    text = f"{HEADER}2024-07-01,NVDA,iv30,0.48"
    nobody = {"VOLCROSS_KAFKA__BOOTSTRAP_SERVERS": "127.0.0.1:1"}
    result = imported(text, tmp_path, **nobody)
    assert "no Kafka broker answers at 127.0.0.1:1" in str(result.exception)


@pytest.mark.kafka
async def test_a_file_becomes_history_on_the_topic(
    kafka_settings: Kafka, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    await asyncio.to_thread(provision, kafka_settings)
    rows = [f"2024-07-{day:02},NVDA,iv30,0.{40 + day}\n" for day in range(1, 32)]
    reached = {
        "VOLCROSS_KAFKA__BOOTSTRAP_SERVERS": kafka_settings.bootstrap_servers or "",
        "VOLCROSS_KAFKA__TOPIC_PREFIX": kafka_settings.topic_prefix,
    }
    text = HEADER + "".join(reversed(rows))
    result = await asyncio.to_thread(imported, text, tmp_path, **reached)
    assert result.output == "NVDA iv30: 31 values, 2024-07-01 to 2024-07-31\n"
    (record,) = await read(kafka_settings, VOL_TICKS)
    assert isinstance(record, VolTicks)
    assert record.history
    assert (record.symbol, record.measure, record.tenor_days) == ("NVDA", "iv30", 30)
    assert record.value == [round((40 + day) / 100, 2) for day in range(1, 32)]
    assert (record.start, record.end) == (record.at[0], record.at[-1] + 1)
