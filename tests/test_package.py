"""What is installed is what is here, and only what is locked."""

import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tests.brokers import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PIN = re.compile(r"^([a-z0-9][a-z0-9._-]*)==([^\s;]+)", re.MULTILINE)
LOCKS = ["requirements.lock", "requirements-dev.lock", "requirements-bench.lock"]


def pins(lock: str) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for name, version in PIN.findall((ROOT / lock).read_text(encoding="utf-8")):
        found.setdefault(name, set()).add(version)
    return found


def wanted(group: str | None) -> list[Requirement]:
    named: list[str] = list(PROJECT["project"]["dependencies"])
    for extra in PROJECT["project"]["optional-dependencies"].values():
        named += extra
    groups = PROJECT["dependency-groups"]
    if group is not None:
        named += [line for line in groups[group] if isinstance(line, str)]
        for line in groups[group]:
            if isinstance(line, dict):
                named += groups[line["include-group"]]
    return [Requirement(line) for line in named]


@pytest.mark.parametrize(
    ("lock", "group"), list(zip(LOCKS, [None, "dev", "bench"], strict=True))
)
def test_the_lock_holds_every_dependency_at_a_version_it_allows(
    lock: str, group: str | None
) -> None:
    locked = pins(lock)
    for requirement in wanted(group):
        name = re.sub(r"[-_.]+", "-", requirement.name).lower()
        assert name in locked, f"{name} is not in {lock}: make lock"
        for version in locked[name]:
            assert requirement.specifier.contains(version, prereleases=True), lock


@pytest.mark.parametrize("lock", LOCKS)
def test_the_lock_names_no_place_to_fetch_from(lock: str) -> None:
    text = (ROOT / lock).read_text(encoding="utf-8")
    assert "--hash=sha256:" in text
    assert not re.search(r"://|--find-links|--index-url|--extra-index", text)


def test_what_tests_run_on_is_what_users_run_on() -> None:
    used, tested = pins("requirements.lock"), pins("requirements-dev.lock")
    assert {name: tested[name] for name in used} == used


def test_the_wheel_holds_every_file_of_every_room(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", tmp_path],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        inside = set(archive.namelist())
    rooms = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    for room in rooms:
        here = {
            str(path.relative_to(ROOT))
            for path in (ROOT / room).rglob("*")
            if path.is_file() and "__pycache__" not in path.parts
        }
        assert here, room
        assert here <= inside
    assert not [name for name in inside if name.startswith("tests/")]


def test_the_image_is_built_of_the_same_rooms() -> None:
    recipe = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    rooms = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    copied = re.findall(r"^COPY (\w+) \1$", recipe, re.MULTILINE)
    assert sorted(copied) == sorted(rooms)
