import csv
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from streams.volatility.implied.at_the_money import AtTheMoney
from streams.volatility.implied.measure import Method, measure_chain
from streams.volatility.implied.refusals import IN_WORDS
from streams.volatility.implied.refusals import Refusal as Reason
from volcross.cli import app
from volcross.commands.chain_files import instant, read_chain
from volcross.refusal import Refusal

HEADER = "expiry,strike,right,bid,ask\n"
GOOD_ROW = "2024-08-30,120,C,1.0,1.1\n"


def iv(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["iv", *map(str, arguments)])


@pytest.fixture(scope="module")
def vix2009(data_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the worked example of Cboe's 2009 paper in our own columns."""
    path = tmp_path_factory.mktemp("chains") / "vix2009.csv"
    with (
        (data_dir / "vix2009/options.csv").open() as source,
        path.open("w", newline="") as target,
    ):
        writer = csv.writer(target)
        writer.writerow(("expiry", "strike", "right", "bid", "ask"))
        for row in csv.DictReader(source):
            expiry = f"2009-01-{1 + int(row['Days']):02d}T14:30Z"
            if row["Days"] == "37":
                expiry = "2009-02-07T14:30Z"
            for right in ("Call", "Put"):
                quotes = (row[f"{right} Bid"], row[f"{right} Ask"])
                writer.writerow((expiry, row["Strike"], right[0], *quotes))
    return path


def test_it_prints_the_2009_index_and_what_it_rests_on(vix2009: Path) -> None:
    asked = (vix2009, "--as-of", "2009-01-01T14:30Z", "--rate", "0.0038,0.0038")
    answer = iv(*asked, "--json")
    assert answer.exit_code == 0
    report = json.loads(answer.stdout)
    assert f"{100 * report['value']:.2f}" == "61.22"
    near, far = report["expiries"]
    assert (near["minutes"], far["minutes"]) == (12_960, 53_280)
    assert f"{near['forward']:.5f} {far['forward']:.5f}" == "920.50005 921.00039"
    assert f"{near['variance']:.7f} {far['variance']:.7f}" == "0.4727672 0.3668182"
    assert (near["k0"], far["k0"]) == (920, 920)
    assert near["strikes_used"] == len(near["strikes"]) > 50
    table = iv(*asked).stdout
    for shown in ("61.22", "920.50005", "0.4727672", "K0 920"):
        assert shown in table


def test_a_refused_tenor_is_named_and_ends_in_1(vix2009: Path) -> None:
    answer = iv(vix2009, "--as-of", "2009-01-01T14:30Z", "--tenor", 60, "--json")
    assert answer.exit_code == 1
    report = json.loads(answer.stdout)
    assert (report["value"], report["refusal"]) == (None, "not_bracketed")
    shown = iv(vix2009, "--as-of", "2009-01-01T14:30Z", "--tenor", 60).stdout
    assert "60d: no number: the quotes lie on one side only of what is asked" in shown
    assert "not_bracketed" not in shown


def test_every_refusal_has_words_of_its_own() -> None:
    assert IN_WORDS.keys() == set(Reason)
    assert len(set(IN_WORDS.values())) == len(Reason)
    assert all(" " in words and "_" not in words for words in IN_WORDS.values())


def test_an_expiry_that_is_left_out_says_why_in_words(tmp_path: Path) -> None:
    path = tmp_path / "chain.csv"
    path.write_text(HEADER + "2024-08-30,120,C,1.2,1.1\n")
    shown = iv(path, "--as-of", "2024-08-01").stdout
    assert "no number: a bid is above its ask" in shown
    assert "min  left out: a bid is above its ask" in shown
    coded = json.loads(iv(path, "--as-of", "2024-08-01", "--json").stdout)
    assert coded["refusal"] == coded["expiries"][0]["refusal"] == "crossed"


def test_it_reads_a_saved_cboe_answer(data_dir: Path) -> None:
    saved = data_dir / "cboe/delayed_quotes_options_mstr.json"
    answer = iv(saved, "--method", "atm", "--tenor", 14, "--json")
    report = json.loads(answer.stdout)
    assert report["symbol"] == "MSTR"
    assert report["as_of"] == "2026-07-10T21:12:30Z"
    # Cboe's own vols of the strikes around the forward: 0.809 to 0.813.
    assert report["value"] == pytest.approx(0.811, abs=0.004)
    assert report["exercise"].startswith("american")


def test_an_answer_of_which_only_near_strikes_were_saved_has_no_index(
    data_dir: Path,
) -> None:
    saved = data_dir / "cboe/delayed_quotes_options_mstr.json"
    answer = iv(saved, "--method", "vix", "--tenor", 14, "--json")
    assert answer.exit_code == 1
    report = json.loads(answer.stdout)
    # Read all the same, it would be 44 where the money is at 81.
    assert (report["value"], report["refusal"]) == (None, "truncated")


def test_it_reads_a_deribit_book_summary_and_refuses_one_without_pairs(
    data_dir: Path,
) -> None:
    answer = iv(data_dir / "deribit/book_summary.json", "--json")
    report = json.loads(answer.stdout)
    assert answer.exit_code == 1
    assert report["symbol"] == "BTC"
    assert report["refusal"] == "no_parity_strike"


def test_a_deribit_vol_is_the_exchanges_own() -> None:
    # Two marks of a recorded book, and their puts by parity with its forward.
    book = []
    for strike, call in ((66_000, 0.16908841), (60_000, 0.21461253)):
        put = call - 1 + strike / 65_626
        book += [
            {
                "instrument_name": f"BTC-25JUN27-{strike}-{right}",
                "bid_price": price,
                "ask_price": price,
                "creation_timestamp": 1_783_189_639_016,
            }
            for right, price in (("C", call), ("P", put))
        ]
    chain = read_chain(json.dumps(book), "book", None, coin=False, american=False)
    (expiry,) = measure_chain(chain, chain.at, methods=(Method.ATM,)).expiries
    answer = expiry.answers[Method.ATM]
    assert isinstance(answer, AtTheMoney)
    # The exchange marks them at 43.88% and 45.05%; the forward is near the first.
    assert answer.vol == pytest.approx(0.4396, abs=0.0005)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "no column expiry"),
        ("expiry,strike,bid\n", "no column right, ask"),
        (HEADER + "tomorrow,120,C,1,2\n", "line 2: .*tomorrow"),
        (HEADER + GOOD_ROW + "2024-08-30,12O,C,1,2\n", "line 3: .*12O"),
        (HEADER + "2024-08-30,120,X,1,2\n", "line 2: 'X' is neither"),
        (HEADER + "2024-08-30,120\n", "line 2"),
        ("{}", "neither a Cboe"),
        ("[]", "neither a Cboe"),
        ('{"data": {"options": [{"option": "?"}]}}', "'[?]' is not an OCC"),
        ("{broken", "chain: "),
    ],
)
def test_a_file_that_is_no_chain_is_refused_by_line(text: str, complaint: str) -> None:
    with pytest.raises(Refusal, match=complaint):
        read_chain(text, "chain", instant("2024-08-01"), coin=False, american=False)


def test_a_csv_needs_to_be_told_the_time() -> None:
    with pytest.raises(Refusal, match="--as-of"):
        read_chain(HEADER + GOOD_ROW, "chain", None, coin=False, american=False)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("2024-08-30,120,C,nan,1.1", "not_finite"),
        ("2024-08-30,120,C,-1,1.1", "negative_price"),
        ("2024-08-30,120,C,2,1.1", "crossed"),
        ("2024-08-30,120,C,,1.1", "no_bids"),
        ("2024-07-30,120,C,1,1.1", "expired"),
    ],
)
def test_what_the_quotes_lack_is_the_reason(
    row: str, reason: str, tmp_path: Path
) -> None:
    path = tmp_path / "chain.csv"
    path.write_text(HEADER + row + "\n")
    answer = iv(path, "--as-of", "2024-08-01", "--json")
    assert answer.exit_code == 1
    assert json.loads(answer.stdout)["refusal"] == reason


def test_two_underlyings_in_one_file_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "chain.csv"
    rows = [f"{name},2024-08-30,120,C,1,1.1\n" for name in ("NVDA", "AMD")]
    path.write_text("underlying," + HEADER + "".join(rows))
    report = json.loads(iv(path, "--as-of", "2024-08-01", "--json").stdout)
    assert report["refusal"] == "mixed_underlyings"


def test_a_missing_file_is_one_line(tmp_path: Path) -> None:
    answer = iv(tmp_path / "none.csv")
    assert isinstance(answer.exception, Refusal)
    assert len(answer.exception.lines) == 1


@pytest.mark.parametrize("rate", ["five", "1,2,3", "nan", ""])
def test_a_rate_that_is_none_is_refused(rate: str, vix2009: Path) -> None:
    answer = iv(vix2009, "--as-of", "2009-01-01T14:30Z", "--rate", rate)
    assert isinstance(answer.exception, Refusal)
