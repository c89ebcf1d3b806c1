"""The user's own words: Jinja templates, sandboxed, tried when they are read."""

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import StrictUndefined, TemplateError, TemplateSyntaxError
from jinja2 import Template as Compiled
from jinja2.exceptions import SecurityError
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment
from pydantic import model_validator

from alerts.words.wording import moment, percent, points
from streams.events import Alert, AlertState, LegName, LegValue, Origin
from streams.settings import Table

LONGEST = {"headline": 200, "short": 200, "text": 20_000}
"""Characters that a template may make; what is beyond is cut."""
_LONGEST_REPEATED = 1_000

_AT = 1_722_014_820_000_000_000


def _leg(symbol: str, measure: str, value: float) -> LegValue:
    name = LegName(
        symbol=symbol,
        measure=measure,
        window="30d",
        origin=Origin.PUBLISHED,
        source="sample",
    )
    return LegValue(name=name, value=value, at=_AT, market_open=True)


SAMPLE = Alert(
    id="713bd8fb08e4b0fd",
    rule="nvda-above-btc",
    severity="warning",
    pair="NVDA/BTC",
    comparison="implied",
    state=AlertState.FIRING,
    event_time=_AT,
    since=_AT - 900_000_000_000,
    left=_leg("NVDA", "iv30", 0.5985),
    right=_leg("BTC", "dvol", 0.5974),
    spread=0.0011,
    reason="spread above 0 points for 15 min",
    channels=[],
    began=_AT - 900_000_000_000,
    peak=0.0011,
    peak_at=_AT,
)
"""What a template is tried with before it is believed."""


class Template(Table):
    """The user's own words for a channel; what is not given stays as it is."""

    headline: str | None = None
    text: str | None = None
    short: str | None = None

    @property
    def given(self) -> dict[str, str]:
        """The templates there are, by name."""
        return {name: source for name, source in self if source is not None}

    @model_validator(mode="after")
    def _sound(self) -> "Template":
        told = {
            **dict.fromkeys(("headline", "label", "line", "text"), "sample"),
            "facts": [("Rule", "sample")],
            "notes": ["sample"],
            "links": {},
        }
        for name, source in self.given.items():
            try:
                rendered(name, source, variables(SAMPLE, told))
            except TemplateSyntaxError as error:
                raise ValueError(f"{name}: line {error.lineno}: {error}") from None
            except Exception as error:  # noqa: BLE001 - whatever it can do wrong
                line = _line(error, name)
                raise ValueError(f"{name}: line {line}: {error}") from None
        return self


def variables(alert: Alert, told: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a template may speak of; docs/alerts.md lists it.

    Args:
        alert: the alert; vols are fractions, times become UTC datetimes.
        told: the built-in words for it.
    """
    known: dict[str, Any] = {
        name: getattr(alert, name) for name in alert.__struct_fields__ if name != "v"
    }
    for name in ("event_time", "since", "began", "peak_at"):
        known[name] = None if known[name] is None else moment(known[name])
    for name in ("left", "right"):
        leg = known[name]
        known[name] = {
            **{each: getattr(leg.name, each) for each in leg.name.__struct_fields__},
            "value": leg.value,
            "market_open": leg.market_open,
            "at": moment(leg.at),
        }
    return {**known, **told}


def rendered(name: str, source: str, known: Mapping[str, Any]) -> str:
    """Return what a template makes of what is known, and no more than is allowed.

    Raises:
        TemplateError: it speaks of something that is not there.
        Exception: whatever its own expressions raise.
    """
    made, left = [], LONGEST[name]
    for piece in _compiled(name, source).generate(known):
        made.append(piece[:left])
        left -= len(piece)
        if left < 0:
            made.append("…")
            break
    text = "".join(made).strip()
    if not text:
        raise TemplateError("it makes nothing")
    # Headlines become subjects and headers, which are one line.
    return text if name == "text" else " ".join(text.split())


def _line(error: Exception, name: str) -> int:
    """Return the line of the template on which it went wrong."""
    line, trace = 1, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == f"<{name}>":
            line = trace.tb_lineno
        trace = trace.tb_next
    return line


class _Sandbox(ImmutableSandboxedEnvironment):
    """No way out of the template, and no way to fill the memory by a product."""

    intercepted_binops = frozenset({"*", "**"})

    def call_binop(
        self,
        context: Context,
        operator: str,
        left: Any,  # noqa: ANN401 - whatever a template names
        right: Any,  # noqa: ANN401 - as left
    ) -> object:
        """Multiply numbers; repeat no text beyond reason."""
        for one, many in ((left, right), (right, left)):
            if isinstance(one, (str, list, tuple)) and len(one) * many > (
                _LONGEST_REPEATED
            ):
                raise SecurityError("a product that is too long")
        if operator == "**" and (abs(left) > _LONGEST_REPEATED or abs(right) > 64):
            raise SecurityError("a power that is too large")
        return super().call_binop(context, operator, left, right)


@cache
def _sandbox() -> _Sandbox:
    sandbox = _Sandbox(undefined=StrictUndefined, keep_trailing_newline=False)
    sandbox.filters |= {"percent": percent, "points": points, "local": _local}
    return sandbox


@cache
def _compiled(name: str, source: str) -> Compiled:
    sandbox = _sandbox()
    code = sandbox.compile(source, name, f"<{name}>")
    return Compiled.from_code(sandbox, code, sandbox.globals)


def _local(at: datetime, zone: str) -> datetime:
    return at.astimezone(ZoneInfo(zone))
