"""Writes the map of rooms into README.md: every file, and what it is there for.

The caption of a file is the first line of its docstring, so the map cannot say
anything that the file itself does not. A room's wiring comes first; every other
file stands after those it builds on. ``python docs/rooms.py`` writes; a test
holds the two together.
"""

import ast
import re
from graphlib import TopologicalSorter
from pathlib import Path

ROOT = Path(__file__).parents[1]
ROOMS = ("producers", "streams", "alerts", "volcross")
WIRING = ("app.py", "cli.py")
BEGIN, END = "<!-- rooms: begin -->\n", "<!-- rooms: end -->\n"


def files(room: str) -> list[Path]:
    """Return the room's files, each after those it imports."""
    paths = {_module(path): path for path in sorted((ROOT / room).rglob("*.py"))}
    graph = {name: _imports(path) & paths.keys() for name, path in paths.items()}
    order = TopologicalSorter(graph)
    order.prepare()
    found: list[Path] = []
    while order.is_active():
        ready = sorted(order.get_ready())
        found += [paths[name] for name in ready]
        order.done(*ready)
    # The room's own files first; its folders stay together after them, each in the
    # place of the first of its files.
    first: dict[Path, int] = {ROOT / room: -1}
    for place, path in enumerate(found):
        first.setdefault(path.parent, place)
    return sorted(
        found,
        key=lambda path: (
            first[path.parent],
            path.name not in WIRING,
            found.index(path),
        ),
    )


def caption(path: Path) -> str:
    """Return the first sentence of the file's docstring, in one line."""
    text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return " ".join(text.split("\n\n")[0].split()).removesuffix(".")


def rooms() -> str:
    """Return the whole map, as Markdown."""
    blocks = []
    for room in ROOMS:
        door = ROOT / room / "__init__.py"
        folder, rows = door.parent, []
        for path in files(room):
            if path.parent != folder and path.name != "__init__.py":
                folder = path.parent
                rows.append(_row(f"**{_shown(folder)}/**", folder / "__init__.py"))
            if path.name != "__init__.py":
                rows.append(_row(f"`{_shown(path)}`", path))
        table = "\n".join(rows)
        blocks.append(
            f"<details>\n<summary><b>{room}/</b> · {caption(door)}</summary>\n\n"
            f"| file | why it is there |\n| --- | --- |\n{table}\n\n</details>\n"
        )
    return "\n".join(blocks)


def _row(name: str, path: Path) -> str:
    return f"| {name} | {caption(path)} |"


def _shown(path: Path) -> str:
    return str(path.relative_to(ROOT))


def written(readme: str) -> str:
    """Return the README with the map as it is now.

    Raises:
        ValueError: the README has no place for it.
    """
    before, begin, rest = readme.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"README.md has no {BEGIN.strip()} … {END.strip()}")
    return f"{before}{BEGIN}\n{rooms()}\n{END}{after}"


def _module(path: Path) -> str:
    name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
    return name.removesuffix(".__init__")


def _imports(path: Path) -> set[str]:
    found: set[str] = set()
    # Only what the file needs to be read at all: lazy imports may go in circles.
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return found - {_module(path)}


if __name__ == "__main__":
    readme = ROOT / "README.md"
    text = readme.read_text(encoding="utf-8")
    readme.write_text(re.sub(r"\n{3,}", "\n\n", written(text)), encoding="utf-8")
