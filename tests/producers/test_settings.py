from datetime import timedelta
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from producers.settings import ReplaySource, SourceSettings, StorySource
from producers.sources import SOURCES

ANY: TypeAdapter[Any] = TypeAdapter(SourceSettings)


def test_a_source_is_told_by_its_kind() -> None:
    story = ANY.validate_python({"kind": "story"})
    assert story == StorySource(kind="story")
    replay = ANY.validate_python(
        {"kind": "replay", "files": ["a.csv"], "lateness": "5s"}
    )
    assert isinstance(replay, ReplaySource)
    assert replay.lateness == timedelta(seconds=5)


def test_every_kind_is_in_the_table() -> None:
    schema = ANY.json_schema()
    assert set(schema["discriminator"]["mapping"]) == set(SOURCES)


@pytest.mark.parametrize(
    ("table", "complaint"),
    [
        ({}, "Unable to extract tag using discriminator 'kind'"),
        ({"kind": "crystal-ball"}, "does not match any of the expected tags"),
        ({"kind": "replay"}, "files"),
        ({"kind": "replay", "files": []}, "at least 1 item"),
        ({"kind": "replay", "files": ["a.csv"], "grid": "0s"}, "greater than"),
        ({"kind": "replay", "files": ["a.csv"], "speed": -1}, "greater than or equal"),
        ({"kind": "story", "secondes": 60}, "Extra inputs are not permitted"),
        ({"kind": "story", "record_ticks": 0}, "greater than or equal to 1"),
        ({"kind": "synthetic", "symbols": {}}, "at least 1 item"),
        ({"kind": "synthetic", "symbols": {"A": {"vol": -1}}}, "greater than 0"),
        ({"kind": "synthetic", "symbols": {"A": {}}, "speed": 0}, "never end"),
        (
            {"kind": "synthetic", "symbols": {"A": {}}, "speed": 9},
            "only run at speed = 1",
        ),
    ],
)
def test_bad_tables_are_refused(table: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValidationError, match=complaint):
        ANY.validate_python(table)
