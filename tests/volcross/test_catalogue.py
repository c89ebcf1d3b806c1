from rich.console import Console

from producers.sources import SOURCES
from volcross.commands.catalogue import show


def test_every_source_is_listed_with_what_it_wants() -> None:
    console = Console(width=250, record=True)
    show(console)
    lines = console.export_text().splitlines()
    for name, kind in SOURCES.items():
        line = next(line for line in lines if line.split()[:1] == [name])
        for word in (kind.gives, kind.key, kind.delay, kind.terms):
            assert word in line
