"""The README's map of rooms is the tree's own."""

from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def rooms() -> ModuleType:
    spec = spec_from_file_location("rooms", ROOT / "docs" / "rooms.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_file_is_in_the_map_under_its_own_caption(rooms: ModuleType) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for room in rooms.ROOMS:
        for path in rooms.files(room):
            said = rooms.caption(path)
            assert said, f"{path} does not say why it is there"
            if path.name != "__init__.py":
                row = f"| `{path.relative_to(ROOT)}` | {said} |"
                assert row in readme, "run: make rooms"


def test_the_map_names_no_file_that_is_gone(rooms: ModuleType) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    rows = [line for line in readme.splitlines() if line.startswith("| `")]
    named = {row.split("`")[1] for row in rows if row.split("`")[1].endswith(".py")}
    there = {
        str(path.relative_to(ROOT))
        for room in rooms.ROOMS
        for path in rooms.files(room)
    }
    assert named <= there, "run: make rooms"
