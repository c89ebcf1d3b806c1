import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from streams.volatility.estimators import ESTIMATORS
from streams.volatility.market_time import market_clock
from volcross.cli import app
from volcross.commands.price_files import read_bars
from volcross.commands.rv import EstimatorName
from volcross.refusal import Refusal


def rv(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["rv", *map(str, arguments)])


def test_it_offers_every_estimator_there_is() -> None:
    assert {str(name) for name in EstimatorName} == set(ESTIMATORS)


@pytest.mark.parametrize(
    ("estimator", "expected"),
    [
        ("close-to-close", 70.68),
        ("close-to-close-demeaned", 72.27),
        ("parkinson", 46.37),
        ("garman-klass", 45.70),
        ("rogers-satchell", 45.03),
        ("yang-zhang", 61.43),
    ],
)
def test_nvidias_21_sessions_to_july_31_2024(
    estimator: str, expected: float, data_dir: Path
) -> None:
    answer = rv(
        *(data_dir / "nvda_daily_yahoo_2024.csv", "--estimator", estimator),
        *("--window", 21, "--calendar", "us-equity", "--until", "2024-07-31T20:00"),
        "--json",
    )
    assert answer.exit_code == 0
    report = json.loads(answer.stdout)
    assert 100 * report["value"] == pytest.approx(expected, abs=0.01)
    assert report["at"] == "2024-07-31T20:00:00Z"
    assert (report["bars"], report["warm"]) == (21, True)


@pytest.mark.parametrize(
    ("estimator", "expected"), [("close-to-close", 51.33), ("bipower", 48.05)]
)
def test_bitcoins_30_days_to_july_31_2024(
    estimator: str, expected: float, data_dir: Path
) -> None:
    answer = rv(
        *(
            data_dir / "btc_hourly_binance_2024-06_2024-09.csv",
            "--estimator",
            estimator,
        ),
        *("--window", "30d", "--until", "2024-07-31T23:00"),
    )
    assert f": {expected:.2f}" in answer.stdout


def test_ewma_over_n_bars_is_ewma_over_their_span(data_dir: Path) -> None:
    prices = data_dir / "dvol_btc_daily_2024-05_2024-09.csv"
    by_count = json.loads(
        rv(prices, "--estimator", "ewma", "--window", 30, "--json").stdout
    )
    by_span = json.loads(
        rv(prices, "--estimator", "ewma", "--window", "30d", "--json").stdout
    )
    assert by_count["value"] == by_span["value"]


def test_a_file_shorter_than_the_window_says_so(tmp_path: Path) -> None:
    path = tmp_path / "prices.csv"
    path.write_text("date,close\n2024-07-01,100\n2024-07-02,101\n")
    answer = rv(path)
    assert answer.exit_code == 0
    assert "shorter than the window" in answer.stdout
    path.write_text("date,close\n2024-07-01,100\n")
    alone = rv(path, "--json")
    assert alone.exit_code == 1
    assert json.loads(alone.stdout)["value"] is None


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "needs a column"),
        ("date,price\n", "needs a column"),
        ("date,close\n", "no prices"),
        ("date,close\n2024-07-01,abc\n", "line 2: .*abc"),
        ("date,close\nJuly,1\n", "line 2: .*July"),
        ("date,close\n2024-07-04,1\n", "line 2: 2024-07-04 is not a session"),
        ("date,close\n2024-07-02,1\n2024-07-01,1\n", "do not rise"),
        ("date,close\n2024-07-01,-1\n", "row 0 is not a bar"),
        ("date,open,high,low,close\n2024-07-01,10,11,9,12\n", "row 0 is not a bar"),
    ],
)
def test_a_file_that_is_no_prices_is_refused_by_line(text: str, complaint: str) -> None:
    with pytest.raises(Refusal, match=complaint):
        read_bars(text, "prices", market_clock("us-equity"))


@pytest.mark.parametrize(
    "arguments", [("--window", "soon"), ("--window", "0"), ("--estimator", "parkinson")]
)
def test_what_cannot_be_worked_out_is_refused(
    arguments: tuple[str, str], tmp_path: Path
) -> None:
    path = tmp_path / "prices.csv"
    path.write_text("date,close\n2024-07-01,100\n2024-07-02,101\n")
    assert isinstance(rv(path, *arguments).exception, Refusal)
