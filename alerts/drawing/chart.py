"""Both vol lines, with the crossing marked, as a PNG."""

from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from alerts.drawing.past import Lines
from alerts.words.english import ENGLISH
from alerts.words.language import Language
from alerts.words.wording import percent, short_time
from streams.events import Alert, AlertState, Origin

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_LEFT, _RIGHT = "#76b900", "#f7931a"
_INK, _PALE, _RULE = "#1b1f24", "#5b636d", "#e3e6ea"
_BREACH, _CALM = "#c8102e", "#2a8c5a"
_INCHES, _DPI = (6.0, 2.9), 160
_DAY_NS = 86_400 * 10**9
_FAMILY = "DejaVu Sans"
"""Of matplotlib itself."""
_CHINESE = (
    *("Noto Sans CJK SC", "Noto Sans SC", "Source Han Sans SC", "Noto Sans CJK JP"),
    *("WenQuanYi Zen Hei", "WenQuanYi Micro Hei", "Droid Sans Fallback"),
    *("Microsoft YaHei", "PingFang SC", "Heiti SC", "SimHei"),
)
"""What machines that can write Chinese have."""
_LEGS_WATCHED = ("left", "right")


def draw(alert: Alert, lines: Lines, language: Language = ENGLISH) -> bytes:
    """Return the picture; the same lines make the same picture.

    The legs are named in English where this machine has no letters for the
    language: those that matplotlib brings know no Chinese.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    legs = (alert.left, alert.right)
    names = [language.leg_name(leg.name) for leg in legs]
    families = families_for("".join(names))
    if families is None:
        names, families = [ENGLISH.leg_name(leg.name) for leg in legs], [_FAMILY]
    figure = Figure(figsize=_INCHES, dpi=_DPI, facecolor="white", layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    at = _days(lines.at)
    left, right = lines.left * 100, lines.right * 100
    axes.fill_between(
        at, left, right, where=left > right, step="post", color=_LEFT, alpha=0.16, lw=0
    )
    for leg, name, values, colour in zip(
        legs, names, (left, right), (_LEFT, _RIGHT), strict=True
    ):
        drawn = leg.name.origin in (Origin.INTERPOLATED, Origin.SYNTHETIC)
        label = f"{name} {percent(leg.value)}"
        label += f" ({leg.name.origin})" if drawn else ""
        axes.step(at, values, where="post", color=colour, lw=1.6, label=label)
    if alert.watch in _LEGS_WATCHED:
        axes.axhline(alert.margin * 100, color=_PALE, lw=0.8, ls=(0, (4, 3)))
    for instant, colour, words in _marks(alert):
        _mark(axes, lines, instant, colour, words)
    _dress(axes, at, families)
    out = BytesIO()
    # No version and no date in it: the same picture, byte for byte.
    figure.savefig(out, format="png", metadata={"Software": None})
    return out.getvalue()


def _marks(alert: Alert) -> list[tuple[int, str, str]]:
    """Return the crossings: when, in which colour, and what is said there."""
    marks = []
    if alert.began is not None:
        marks.append((alert.began, _BREACH, short_time(alert.began)))
    if alert.state is AlertState.RESOLVED:
        marks.append((alert.since, _CALM, short_time(alert.since)))
    return marks


def _mark(axes: "Axes", lines: Lines, instant: int, colour: str, words: str) -> None:
    row = max(0, int(np.searchsorted(lines.at, instant, side="right")) - 1)
    at, level = instant / _DAY_NS, float(lines.left[row]) * 100
    axes.axvline(at, color=colour, lw=1, ls=(0, (2, 2)))
    if np.isfinite(level):
        axes.plot(
            [at], [level], "o", ms=7, color="white", mec=colour, mew=1.8, zorder=5
        )
    late = len(lines.at) and instant - lines.at[0] > (lines.at[-1] - lines.at[0]) / 2
    axes.annotate(
        words,
        (at, 0.03),
        xycoords=("data", "axes fraction"),
        xytext=(-5 if late else 5, 0),
        textcoords="offset points",
        ha="right" if late else "left",
        fontsize=7.5,
        color=colour,
    )


def _days(at: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return instants as matplotlib counts them: days since the epoch."""
    return at / _DAY_NS


def families_for(words: str) -> list[str] | None:
    """Return font families that together have every letter; None: there are none."""
    from matplotlib.font_manager import fontManager, get_font

    paths = {font.name: font.fname for font in fontManager.ttflist}
    for families in ([_FAMILY], *([_FAMILY, one] for one in _CHINESE if one in paths)):
        fonts = [get_font(paths[family]) for family in families]
        if all(any(font.get_char_index(ord(c)) for font in fonts) for c in words):
            return families
    return None


def _dress(axes: "Axes", at: NDArray[np.float64], families: list[str]) -> None:
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    locator = AutoDateLocator(minticks=3, maxticks=8)  # type: ignore[no-untyped-call] # matplotlib.dates has no types
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))  # type: ignore[no-untyped-call] # nor here
    axes.yaxis.set_major_formatter("{x:g}%")
    axes.set_xlim(float(at[0]), float(at[-1] + (at[-1] - at[0]) * 0.015))
    axes.margins(y=0.12)
    axes.grid(color=_RULE, lw=0.6)
    axes.set_axisbelow(True)
    axes.tick_params(colors=_PALE, labelsize=8, length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)
    axes.legend(
        loc="lower left",
        bbox_to_anchor=(0, 1),
        ncols=2,
        frameon=False,
        prop={"family": families, "size": 8.5},
        labelcolor=_INK,
        borderpad=0.2,
        handlelength=1.4,
    )
