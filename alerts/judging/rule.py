"""When a pair deserves attention: one ``[[rules]]`` of the file."""

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import Field

from alerts.fields import Length, Name, Patience
from streams.settings import Table


class Rule(Table):
    """When a pair deserves attention; one ``[[rules]]`` of the file.

    It fires when what it watches has been beyond ``margin`` for ``for``, and
    resolves when it has been back, by more than ``hysteresis``, as long. In
    between, and while either leg is stale, nothing changes.
    """

    name: Name
    pair: str
    """``LEFT/RIGHT``, one of ``[[pairs]]``."""
    comparison: str = "implied"
    """``implied``, or an estimator and its window: ``close-to-close/30d``."""
    watch: Literal["spread", "ratio", "left", "right"] = "spread"
    """Left minus right, left over right, or one leg by itself."""
    when: Literal["above", "below"] = "above"
    """Which side of the margin deserves attention."""
    margin: Annotated[float, Field(ge=-10, le=10, allow_inf_nan=False)] = 0.0
    """In fractions: 0.01 is one vol point; of a ratio, a plain number."""
    hysteresis: Annotated[float, Field(ge=0, le=10, allow_inf_nan=False)] = 0.0
    hold: Annotated[Patience, Field(alias="for")] = timedelta(0)
    """Written ``for`` in the file."""
    cooldown: Patience = timedelta(0)
    """How long after it resolved it may not fire again."""
    stale_after: Length = timedelta(hours=1)
    """How old a leg may grow, in its own market's open hours."""
    severity: Literal["info", "warning", "critical"] = "warning"
    channels: list[str] | None = None
    """Where it is told; every configured channel unless given."""


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
