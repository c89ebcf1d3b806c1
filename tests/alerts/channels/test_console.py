import json

import pytest

from alerts.channels.console import ConsoleChannel
from alerts.channels.settings import Console
from tests.alerts.samples import FIRING, RESOLVED, in_words, letter


async def test_it_prints_a_line_an_alert(capsys: pytest.CaptureFixture[str]) -> None:
    channel = ConsoleChannel(Console())
    for alert in (FIRING, RESOLVED):
        await channel.send(letter(alert))
    first, second = capsys.readouterr().out.splitlines()
    assert first == (
        "2024-07-26 17:27:00Z  FIRING · warning · 713bd8fb08e4b0fd  "
        + in_words(FIRING).headline
    )
    assert second.endswith(in_words(RESOLVED).headline)


async def test_it_prints_the_document_for_programs(
    capsys: pytest.CaptureFixture[str],
) -> None:
    await ConsoleChannel(Console(form="json")).send(letter(FIRING))
    (line,) = capsys.readouterr().out.splitlines()
    document = json.loads(line)
    assert (document["id"], document["state"]) == (FIRING.id, "firing")
    assert document["left"]["value"] == FIRING.left.value
