"""The sources there are, as a table for a person."""

from rich.console import Console
from rich.table import Table

from producers.sources import SOURCES


def show(console: Console | None = None) -> None:
    """Print every kind of source: what it gives, wants, and allows."""
    table = Table("kind", "gives", "key", "delay", "terms of use", box=None)
    for name, kind in SOURCES.items():
        table.add_row(name, kind.gives, kind.key, kind.delay, kind.terms)
    (console or Console()).print(table)
