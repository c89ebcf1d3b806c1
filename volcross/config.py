"""The whole configuration: each room's tables, put together and checked once.

The file is ``volcross.toml``; ``volcross.example.toml`` explains every key.
"""

import difflib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, Field, SecretStr, ValidationError, model_validator

from alerts.settings import AlertSettings
from producers.settings import SourceSettings
from streams.settings import StreamSettings, Table
from volcross.layers import (
    PREFIX,
    Origins,
    Tree,
    Unreadable,
    environment,
    overlay,
    parse,
)
from volcross.refusal import Refusal

FILE = Path("volcross.toml")

FOUNDING: Tree = {
    "symbols": {
        "NVDA": {"clock": "us-equity", "implied": "iv30"},
        "BTC": {"clock": "crypto", "implied": "dvol"},
    },
    "pairs": [{"left": "NVDA", "right": "BTC"}],
    "sources": {"deribit": {"kind": "deribit"}, "cboe": {"kind": "cboe"}},
}
"""What volcross watches unless told otherwise: the question it began with."""


class ConfigError(Refusal):
    """The configuration cannot be used; one line a finding."""

    exit_code = 2


class Embedded(Table):
    """The broker that ``up`` starts itself when no other is configured."""

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=1, le=65535)] = 9092


class Page(Table):
    """The live page that ``up`` and ``demo`` serve; port 0 switches it off."""

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8080


class Settings(StreamSettings, AlertSettings):
    """All of ``volcross.toml``; each room takes it for its own settings."""

    data_dir: Path = Path("volcross-data")
    """Where what must outlive a process is kept: spool, embedded broker."""
    broker: Embedded = Embedded()
    page: Page = Page()
    sources: Annotated[dict[str, SourceSettings], Field(default_factory=dict)]

    @model_validator(mode="after")
    def _rooms_agree(self) -> "Settings":
        self.against(self)
        return self

    @property
    def replayed(self) -> bool:
        """Whether the market is a recorded one: ages count from how far it has come."""
        return bool(self.sources) and all(
            source.kind in {"story", "replay"} for source in self.sources.values()
        )

    @property
    def embedded(self) -> bool:
        """Whether the broker is ours to run."""
        return self.kafka.bootstrap_servers is None

    def reached(self) -> "Settings":
        """Return the same with the broker's address filled in."""
        if not self.embedded:
            return self
        kafka = self.kafka.model_copy(
            update={"bootstrap_servers": f"{self.broker.host}:{self.broker.port}"}
        )
        return self.model_copy(update={"kafka": kafka})


def load(
    file: Path | None = None, variables: Mapping[str, str] = os.environ
) -> Settings:
    """Return the configuration: defaults < file < environment.

    Args:
        file: the one to read; None means ``VOLCROSS_CONFIG``, or else
            ``volcross.toml`` where there is one.
        variables: the environment.

    Raises:
        ConfigError: a key is unknown, a value is unusable, a secret is in the
            file, or the file is missing or no TOML.
    """
    file = located(file, variables)
    given: Tree = {}
    if file is not None:
        try:
            given = parse(file.read_text(encoding="utf-8"), str(file))
        except OSError as error:
            raise ConfigError(f"{file}: {error.strerror}") from error
        except UnicodeDecodeError:
            raise ConfigError(f"{file}: not UTF-8 text") from None
        except Unreadable as error:
            raise ConfigError(*error.lines) from error
    return compose(given, str(file), variables)


def located(
    file: Path | None = None, variables: Mapping[str, str] = os.environ
) -> Path | None:
    """Return the file that `load` reads; None where it reads none."""
    if file is None and variables.get("VOLCROSS_CONFIG"):
        return Path(variables["VOLCROSS_CONFIG"])
    return FILE if file is None and FILE.exists() else file


def compose(given: Tree, name: str, variables: Mapping[str, str]) -> Settings:
    """Return the settings that a file's tree and the environment amount to.

    Args:
        given: what the file says.
        name: what the file is called, for complaints.
        variables: the environment.

    Raises:
        ConfigError: as `load`.
    """
    origins: Origins = {}
    tree = overlay(_beneath(given), given, name, origins)
    try:
        tree = environment(
            tree, variables, lambda path: Path(path).read_text(), origins
        )
    except Unreadable as error:
        raise ConfigError(*error.lines) from error
    try:
        settings = Settings.model_validate(tree)
    except ValidationError as error:
        raise ConfigError(*_complaints(error, tree, origins, name)) from None
    if exposed := list(_secrets(settings, given, ())):
        raise ConfigError(
            *(
                f"{name}: {'.'.join(path)}: a secret does not belong in this file;"
                f" set {_variable(path)}, or {_variable(path)}_FILE to the path of a"
                " file that holds it"
                for path in exposed
            )
        )
    return settings


def _beneath(given: Tree) -> Tree:
    """Whoever names symbols of their own starts from an empty sheet.

    Lists and open tables are taken whole, never half from each layer.
    """
    if "symbols" in given:
        return {"rules": []} if "rules" not in given else {}
    return {key: told for key, told in FOUNDING.items() if key not in given}


def _complaints(
    error: ValidationError, tree: Tree, origins: Origins, name: str
) -> Iterator[str]:
    for finding in error.errors(include_url=False, include_input=False):
        path = _within(tree, tuple(map(str, finding["loc"])))
        reason = finding["msg"].removeprefix("Value error, ")
        if finding["type"] == "extra_forbidden":
            reason = f"unknown key{_meant(path)}"
        elif finding["type"] == "missing":
            reason = f"required; its name in the environment: {_variable(path)}"
        origin = next(
            (origins[at] for at in origins if at[: len(path)] == path or at == path),
            name if origins else "configuration",
        )
        key = ".".join(path)
        yield f"{origin}: {key}: {reason}" if key else f"{origin}: {reason}"


def _within(tree: Tree, path: tuple[str, ...]) -> tuple[str, ...]:
    """Drop what pydantic puts into a path that nobody wrote: a union's tag."""
    here: Any = tree
    kept: list[str] = []
    for place, part in enumerate(path):
        if isinstance(here, list) and part.isdigit() and int(part) < len(here):
            here = here[int(part)]
        elif isinstance(here, dict) and part in here:
            here = here[part]
        elif place < len(path) - 1:
            continue
        kept.append(part)
    return tuple(kept)


def _meant(path: tuple[str, ...]) -> str:
    close = difflib.get_close_matches(path[-1], _every_key(Settings), n=1, cutoff=0.75)
    return f" (did you mean {close[0]!r}?)" if close and close[0] != path[-1] else ""


def _every_key(model: type[BaseModel]) -> set[str]:
    schema = model.model_json_schema(mode="validation")
    tables = [schema, *schema.get("$defs", {}).values()]
    return {key for table in tables for key in table.get("properties", {})}


def _variable(path: tuple[str, ...]) -> str:
    return PREFIX + "__".join(path).upper()


def _secrets(
    value: object, given: object, path: tuple[str, ...]
) -> Iterator[tuple[str, ...]]:
    """Yield where the file itself holds what the settings keep secret."""
    if isinstance(value, SecretStr):
        yield path
    elif isinstance(value, BaseModel) and isinstance(given, dict):
        for field, about in type(value).model_fields.items():
            key = about.alias or field
            if key in given:
                yield from _secrets(getattr(value, field), given[key], (*path, key))
    elif isinstance(value, dict) and isinstance(given, dict):
        for key in value:
            if key in given:
                yield from _secrets(value[key], given[key], (*path, key))
    elif isinstance(value, list | tuple) and isinstance(given, list):
        for place, (item, raw) in enumerate(zip(value, given, strict=False)):
            yield from _secrets(item, raw, (*path, str(place)))
