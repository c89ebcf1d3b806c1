"""A capture outlives whoever wrote it, and says what is wrong with it."""

from pathlib import Path

import pytest

from producers.listening.capture import Capture, Entry, entries

TOLD = [
    Entry("coinbase", 1),
    Entry("coinbase", 2, '{"type":"match","price":"Δ62000"}'),
    Entry("yahoo", 3, binary="//4="),
]


def written(path: Path) -> Path:
    with Capture(path) as capture:
        capture.opened("coinbase", 1)
        capture.heard("coinbase", 2, '{"type":"match","price":"Δ62000"}')
        capture.heard("yahoo", 3, b"\xff\xfe")
    return path


def test_what_is_written_is_read(tmp_path: Path) -> None:
    told = list(entries(written(tmp_path / "deep" / "tape.jsonl")))
    assert told == TOLD
    assert [entry.frame for entry in told] == [None, TOLD[1].text, b"\xff\xfe"]


def test_what_was_heard_is_there_before_anything_else_is(tmp_path: Path) -> None:
    tape = tmp_path / "tape.jsonl"
    with Capture(tape) as capture:
        for number, entry in enumerate(TOLD, 1):
            if entry.frame is None:
                capture.opened(entry.feed, entry.at)
            else:
                capture.heard(entry.feed, entry.at, entry.frame)
            assert list(entries(tape)) == TOLD[:number]


def test_cut_anywhere_it_plays_up_to_the_cut_and_goes_on_behind_it(
    tmp_path: Path,
) -> None:
    whole = written(tmp_path / "tape.jsonl").read_bytes()
    ends = [0, *(n + 1 for n, byte in enumerate(whole) if byte == ord("\n"))]
    for cut in range(len(whole)):
        tape = tmp_path / f"{cut}.jsonl"
        tape.write_bytes(whole[:cut])
        # A line that lacks no more than its end is whole.
        kept = sum(end <= cut + 1 for end in ends) - 1
        assert list(entries(tape)) == TOLD[:kept]
        written(tape)
        assert list(entries(tape)) == [*TOLD[:kept], *TOLD]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("no capture\n", "tape.jsonl:1: no capture: JSON is malformed"),
        ('{"feed":"yahoo","at":1}\n{}\n', "tape.jsonl:2: no capture: Object missing"),
        ('{"feed":"yahoo","at":"x"}\n', "tape.jsonl:1: no capture: Expected `int`"),
        ('{"feed":"yahoo","at":1} \xff', "tape.jsonl:1: no capture"),
    ],
)
def test_what_is_no_entry_is_named_with_its_line(
    tmp_path: Path, content: str, reason: str
) -> None:
    tape = tmp_path / "tape.jsonl"
    tape.write_text(content)
    with pytest.raises(ValueError, match=reason):
        list(entries(tape))


def test_a_capture_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"gone\.jsonl: no capture: No such file"):
        list(entries(tmp_path / "gone.jsonl"))
    with pytest.raises(ValueError, match="no capture: Is a directory"):
        list(entries(tmp_path))
