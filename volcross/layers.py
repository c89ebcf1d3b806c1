"""One configuration out of several: defaults < file < environment < flags.

Pure: text and mappings in, a plain tree out, with a note of where each value
came from, so that a complaint can name the file or the variable.
"""

import tomllib
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from typing import Any

from volcross.refusal import Refusal

PREFIX = "VOLCROSS_"
NOT_SETTINGS = ("VOLCROSS_CONFIG", "VOLCROSS_TEST_")
"""Names, or beginnings of names, that are ours but no keys of the configuration."""

Tree = dict[str, Any]
Path = tuple[str, ...]
Origins = dict[Path, str]
"""Where the value at a path was given: a file's name or a variable's."""


class Unreadable(Refusal):
    """A layer that cannot be read at all."""

    exit_code = 2


def parse(text: str, name: str) -> Tree:
    """Return the tree in a TOML text.

    Raises:
        Unreadable: it is not TOML; names the file, the line and the column.
    """
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise Unreadable(f"{name}: {error}") from error


def overlay(base: Tree, upper: Tree, origin: str, origins: Origins) -> Tree:
    """Return `base` with what `upper` says put over it, table by table.

    Args:
        base: the lower layer; left as it is.
        upper: the layer that prevails.
        origin: the name of `upper`.
        origins: gets a note for every value taken from `upper`.
    """
    merged = deepcopy(base)
    for path, value in _leaves(upper, ()):
        _put(merged, path, value)
        origins[path] = origin
    return merged


def environment(
    base: Tree,
    variables: Mapping[str, str],
    read: Callable[[str], str],
    origins: Origins,
) -> Tree:
    """Return `base` with every ``VOLCROSS_TABLE__KEY`` put over it.

    A variable ending in ``_FILE`` holds the path of a file that holds the
    value: how container platforms hand over secrets. A value that begins with
    ``[`` or ``{`` is TOML, everything else is taken as it stands.

    Args:
        base: the lower layer; left as it is.
        variables: the environment.
        read: returns the text of a file.
        origins: gets a note for every value taken.

    Raises:
        Unreadable: a ``_FILE`` cannot be read, or a list or table is not TOML.
    """
    merged = deepcopy(base)
    for variable, given in sorted(variables.items()):
        if not variable.startswith(PREFIX) or variable.startswith(NOT_SETTINGS):
            continue
        key, value = variable.removeprefix(PREFIX), given
        if key.endswith("_FILE"):
            key = key.removesuffix("_FILE")
            try:
                value = read(given).strip()
            except (OSError, UnicodeDecodeError) as error:
                reason = getattr(error, "strerror", None) or "not text"
                raise Unreadable(f"{variable}: {given}: {reason}") from error
        path = _spelt_as_in(merged, tuple(key.split("__")))
        _put(merged, path, _value(value, variable))
        origins[path] = variable
    return merged


def _value(text: str, variable: str) -> object:
    if not text.lstrip().startswith(("[", "{")):
        return text
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        # Not the parser's words: they may quote what could be a secret.
        raise Unreadable(f"{variable}: not a TOML list or table") from None


def _spelt_as_in(tree: Tree, path: Path) -> Path:
    """Environment names are upper case, keys are not, and symbols are."""
    here: Any = tree
    spelt: list[str] = []
    for part in path:
        known = here if isinstance(here, dict) else {}
        match = next((key for key in known if key.casefold() == part.casefold()), None)
        spelt.append(part.lower() if match is None else match)
        if isinstance(here, list) and part.isdigit() and int(part) < len(here):
            here = here[int(part)]
        else:
            here = known.get(spelt[-1])
    return tuple(spelt)


def _leaves(tree: Tree, path: Path) -> Iterator[tuple[Path, Any]]:
    for key, value in tree.items():
        if isinstance(value, dict) and value:
            yield from _leaves(value, (*path, key))
        else:
            yield (*path, key), value


def _put(tree: Tree, path: Path, value: object) -> None:
    here: Any = tree
    for part in path[:-1]:
        if isinstance(here, list) and part.isdigit() and int(part) < len(here):
            here = here[int(part)]
            continue
        if not isinstance(here.get(part), (dict, list)):
            here[part] = {}
        here = here[part]
    if isinstance(here, list):
        if not path[-1].isdigit() or int(path[-1]) >= len(here):
            raise Unreadable(f"{'.'.join(path)}: no such item in the list")
        here[int(path[-1])] = deepcopy(value)
    else:
        here[path[-1]] = deepcopy(value)
