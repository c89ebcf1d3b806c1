from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
import pytest

from producers.recorded.replay import BadFile, Replay, recordings
from producers.settings import ReplaySource
from producers.source import SECOND, Heard, Series, instant
from streams.events import Origin

PRICES = """at,symbol,price,size
2024-07-01T00:00:00Z,BTC,62000,0.5
2024-07-01T00:00:01.5Z,BTC,62001,0.25
2024-07-01T03:30:00Z,ETH,3400,1
"""
VOLS = """timestamp,symbol,measure,value,tenor_days,origin
2024-07-01 01:00:00,BTC,dvol,0.49,30,interpolated
2024-07-01 02:00,BTC,dvol,0.5,30,interpolated
"""
START = instant(datetime(2024, 7, 1, tzinfo=UTC))
HOUR = 3600 * SECOND


def file(path: Path, text: str, name: str = "ticks.csv") -> Path:
    (path / name).write_text(text)
    return path / name


async def told(*files: Path, speed: float = 0) -> list[Heard]:
    settings = ReplaySource(kind="replay", files=list(files), speed=speed)
    return [heard async for heard in Replay(settings)]


def test_it_reads_prices_with_sizes(tmp_path: Path) -> None:
    btc, eth = recordings(file(tmp_path, PRICES))
    assert btc.series == Series("BTC", "replay")
    assert btc.at.tolist() == [START, START + 1_500_000_000]
    assert btc.value.tolist() == [62000, 62001]
    assert btc.size is not None
    assert btc.size.tolist() == [0.5, 0.25]
    assert eth.series == Series("ETH", "replay")


def test_it_reads_vols_with_their_origin(tmp_path: Path) -> None:
    (dvol,) = recordings(file(tmp_path, VOLS))
    assert dvol.series == Series("BTC", "replay", "dvol", 30, Origin.INTERPOLATED)
    assert dvol.at.tolist() == [START + HOUR, START + 2 * HOUR]
    assert dvol.value.tolist() == [0.49, 0.5]


def test_nanoseconds_are_kept_to_the_last_digit(tmp_path: Path) -> None:
    text = "at,symbol,price\n1719792000123456789,BTC,1\n1719792000123456790,BTC,2\n"
    (btc,) = recordings(file(tmp_path, text))
    assert btc.at.tolist() == [1719792000123456789, 1719792000123456790]


@pytest.mark.parametrize("unit", ["ns", "us", "s"])
def test_it_reads_parquet(tmp_path: Path, unit: Literal["ns", "us", "s"]) -> None:
    at = pd.to_datetime(["2024-07-01T00:00:00Z", "2024-07-01T01:00:00Z"])
    frame = pd.DataFrame(
        {
            "timestamp": at.as_unit(unit),
            "symbol": "NVDA",
            "measure": "iv30",
            "value": [0.5, 0.6],
            "tenor_days": 30,
            "source": "desk",
        }
    )
    frame.to_parquet(tmp_path / "vols.parquet")
    (iv30,) = recordings(tmp_path / "vols.parquet")
    assert iv30.series == Series("NVDA", "desk", "iv30", 30)
    assert iv30.at.tolist() == [START, START + HOUR]


async def test_silent_symbols_are_covered_like_the_others(tmp_path: Path) -> None:
    heard = await told(file(tmp_path, PRICES))
    end = START + 3 * HOUR + 1800 * SECOND + 1
    for symbol in ("BTC", "ETH"):
        mine = [h for h in heard if h.series.symbol == symbol]
        assert [h.until for h in mine] == [
            START + HOUR,
            START + 2 * HOUR,
            START + 3 * HOUR,
            end,
        ]
        assert mine[0].since == START
    assert [len(h.at) for h in heard if h.series.symbol == "ETH"] == [0, 0, 0, 1]


async def test_files_are_played_side_by_side_in_event_time(tmp_path: Path) -> None:
    later = file(
        tmp_path, "at,symbol,price\n2024-07-01T02:10:00Z,BTC,62500\n", "later.csv"
    )
    heard = await told(later, file(tmp_path, PRICES))
    told_until = [h.until for h in heard]
    assert told_until == sorted(told_until, key=lambda until: until or 0)
    btc = [h for h in heard if h.series.symbol == "BTC"]
    assert np.concatenate([h.value for h in btc]).tolist() == [62000, 62001, 62500]


async def test_it_keeps_to_its_speed(tmp_path: Path) -> None:
    began = datetime.now(UTC)
    await told(file(tmp_path, PRICES), speed=6 * 3600)
    assert timedelta(seconds=0.5) < datetime.now(UTC) - began < timedelta(seconds=3)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", r"ticks\.csv: no rows"),
        ("at,symbol,price\n", r"ticks\.csv: no rows"),
        ("symbol,price\nBTC,1\n", r"no column `at` or `timestamp`"),
        ("at,price\n2024-07-01,1\n", "no column `symbol`"),
        ("at,symbol\n2024-07-01,BTC\n", "no column `price`"),
        ("at,symbol,value\n2024-07-01,BTC,1\n", "no column `measure`"),
        (
            "at,symbol,price,value\n2024-07-01,BTC,1,1\n",
            "prices or vols, not both",
        ),
        (
            "at,symbol,price\n2024-07-01,BTC,1\nyesterday,BTC,1\n",
            r"ticks\.csv:3: at is no instant: 'yesterday'",
        ),
        ("at,symbol,price\n,BTC,1\n", r":2: no at"),
        ("at,symbol,price\n2024-07-01,,1\n", r":2: no symbol"),
        (
            "at,symbol,price\n2024-07-01,BTC,many\n",
            r":2: price is no number: 'many'",
        ),
        ("at,symbol,price\n2024-07-01,BTC,nan\n", r":2: no price"),
        ("at,symbol,price\n2024-07-01,BTC,inf\n", r":2: price is no number: 'inf'"),
        (
            "at,symbol,price\n2024-07-01,BTC,0\n2024-07-02,BTC,-1\n",
            r":2: not positive \(and 1 more rows\)",
        ),
        (
            "at,symbol,measure,value,tenor_days\n2024-07-01,B,d,0.5,30\n2024-07-02,B,d,49,30\n",
            r":3: a vol above 10: in percent\? It must be a fraction",
        ),
        (
            "at,symbol,measure,value,tenor_days\n2024-07-01,BTC,dvol,0.5,x\n",
            r":2: tenor_days is no whole number",
        ),
        (
            "at,symbol,measure,value,tenor_days,origin\n2024-07-01,B,d,0.5,30,guess\n",
            r":2: origin is none of published, computed",
        ),
        ('at,symbol,price\n2024-07-01,BTC,1\n"2024', "not readable"),
        ("at,symbol,price\n2024-07-01,BTC,1,5,5\n", "not readable|no symbol|instant"),
    ],
)
def test_a_bad_file_is_refused_by_name_and_line(
    tmp_path: Path, text: str, complaint: str
) -> None:
    with pytest.raises(BadFile, match=complaint) as refused:
        recordings(file(tmp_path, text))
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("name", ["gone.csv", "gone.parquet"])
def test_a_missing_file_is_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(BadFile, match=rf"{name}: no such file"):
        recordings(tmp_path / name)


def test_other_formats_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match=r"neither \.csv nor \.parquet"):
        recordings(file(tmp_path, "x", "ticks.xlsx"))


def test_a_parquet_file_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match="not readable"):
        recordings(file(tmp_path, "no parquet", "ticks.parquet"))
