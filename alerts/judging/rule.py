"""When a pair deserves attention: one ``[[rules]]`` of the file."""

from datetime import timedelta
from typing import Annotated, Literal, NamedTuple

from pydantic import AfterValidator, Field, model_validator

from alerts.fields import Length, Name, Patience
from streams.settings import Table

_SHORTEST = timedelta(minutes=1)


def _no_torrent(value: timedelta) -> timedelta:
    if value < _SHORTEST:
        raise ValueError("must be at least 1m: whoever is reminded has to read it")
    return value


Watch = Literal[
    "spread",
    "ratio",
    "left",
    "right",
    "z-score",
    "left-rank",
    "left-percentile",
    "right-rank",
    "right-percentile",
]

HISTORY: dict[str, str] = {
    "z-score": "z_score",
    "left-rank": "left_rank",
    "left-percentile": "left_percentile",
    "right-rank": "right_rank",
    "right-percentile": "right_percentile",
}
"""What stands in ``context``, and in which of its columns."""


class Subject(NamedTuple):
    """What a rule is about: one that changes it is another rule by that name."""

    pair: str
    comparison: str
    watch: str
    when: str


class Rule(Table):
    """When a pair deserves attention; one ``[[rules]]`` of the file.

    It fires when what it watches has been beyond ``margin`` for ``for``, and
    resolves when it has been back, by more than ``hysteresis``, as long. In
    between, and while either leg is stale, nothing changes.
    """

    name: Name
    pair: str
    """``LEFT/RIGHT``, one of ``[[pairs]]``; or one symbol, held against itself."""
    comparison: str = "implied"
    """``implied``, or an estimator and its window: ``close-to-close/30d``."""
    watch: Watch = "spread"
    """Left minus right, left over right, or one leg by itself; or where the spread
    or a leg stands in its own history."""
    when: Literal["above", "below", "outside", "crosses"] = "above"
    """Which side of the margin deserves attention; ``outside``: further from zero,
    either way; ``crosses``: the other side than it was on."""
    margin: Annotated[float, Field(ge=-10, le=10, allow_inf_nan=False)] = 0.0
    """In fractions: 0.01 is one vol point, 0.9 a rank of 90%; of a ratio or of a
    z-score a plain number."""
    hysteresis: Annotated[float, Field(ge=0, le=10, allow_inf_nan=False)] = 0.0
    hold: Annotated[Patience, Field(alias="for")] = timedelta(0)
    """Written ``for`` in the file."""
    cooldown: Patience = timedelta(0)
    """How long after it resolved it may not fire again."""
    repeat_every: Annotated[Length, AfterValidator(_no_torrent)] | None = None
    """How often an incident that is still open is told again."""
    only_when: Literal["open"] | None = None
    """``open``: it rests while the left symbol's market is shut."""
    stale_after: Length = timedelta(hours=1)
    """How old a leg may grow, in its own market's open hours."""
    severity: Literal["info", "warning", "critical"] = "warning"
    channels: list[str] | None = None
    """Where it is told; every configured channel unless given."""

    @model_validator(mode="after")
    def _can_resolve(self) -> "Rule":
        if self.when == "outside" and self.hysteresis >= self.margin:
            raise ValueError(
                f"{self.name}: margin: with when = 'outside' it must exceed the"
                " hysteresis, or the rule could never resolve"
            )
        return self

    @property
    def subject(self) -> Subject:
        """What it is about, whatever its numbers."""
        return Subject(self.pair, self.comparison, self.watch, self.when)

    @property
    def left_symbol(self) -> str:
        """The symbol whose market's hours are the rule's."""
        return self.pair.partition("/")[0]


DEFAULT_RULE = Rule.model_validate(
    {
        "name": "nvda-above-btc",
        "pair": "NVDA/BTC",
        "comparison": "implied",
        "margin": 0.0,
        "hysteresis": 0.01,
        "for": "15m",
    }
)
"""The founding question: is Nvidia now more volatile than Bitcoin?"""
