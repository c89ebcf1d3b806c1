"""How a picture looks: colours, and how a number is written."""

from typing import NamedTuple


class Theme(NamedTuple):
    """Colours of a dashboard, as near to Grafana's as a drawing needs."""

    ground: str
    panel: str
    rule: str
    ink: str
    quiet: str
    lines: tuple[str, ...]
    named: dict[str, str]


DARK = Theme(
    ground="#111217",
    panel="#181b1f",
    rule="#2b2f36",
    ink="#d5dae1",
    quiet="#9fa7b3",
    lines=(
        *("#73bf69", "#f2cc0c", "#5794f2", "#ff780a", "#b877d9", "#8ab8ff"),
        *("#ff7383", "#96d98d", "#ffee52", "#ffb357", "#ca95e5", "#6ed0e0"),
    ),
    named={
        "green": "#73bf69",
        "orange": "#ff9830",
        "red": "#f2495c",
        "blue": "#5794f2",
    },
)

LIGHT = Theme(
    ground="#f4f5f5",
    panel="#ffffff",
    rule="#dcdee0",
    ink="#24292e",
    quiet="#5b6169",
    lines=(
        *("#37872d", "#b58900", "#1f60c4", "#c45000", "#8f3bb8", "#0e7c7b"),
        *("#c4162a", "#56a64b", "#806b00", "#b3541e", "#6d28a8", "#4a5a6a"),
    ),
    named={
        "green": "#37872d",
        "orange": "#c45000",
        "red": "#c4162a",
        "blue": "#1f60c4",
    },
)

THEMES = {"dark": DARK, "light": LIGHT}

_LENGTHS = (("d", 86_400.0), ("h", 3600.0), ("min", 60.0))
_SMALL = (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6))
_SIZES = (("GiB", 2.0**30), ("MiB", 2.0**20), ("KiB", 2.0**10))
_COUNTS = (("M", 1e6), ("K", 1e3))


def written(value: float, unit: str, decimals: int | None) -> str:
    """Return a value as the panel's unit would have it."""
    if unit == "percentunit":
        return f"{value * 100:.3g}%" if decimals is None else f"{value:.{decimals}%}"
    if unit == "s":
        return _in(value, _LENGTHS) or _in(value, _SMALL) or f"{value:.0f} s"
    if unit == "bytes":
        return _in(value, _SIZES) or f"{value:.0f} B"
    suffix = "/s" if unit == "cps" else ""
    if decimals is not None and abs(value) < 1000:
        return f"{value:.{decimals}f}{suffix}"
    return (_in(value, _COUNTS, " ") or f"{value:.3g}") + suffix


def _in(value: float, units: tuple[tuple[str, float], ...], gap: str = " ") -> str:
    for name, size in units:
        if abs(value) >= size:
            return f"{value / size:.3g}{gap}{name}"
    return ""
