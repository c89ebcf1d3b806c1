"""A recorded stretch of market, played back from CSV or Parquet files.

Each row is a tick. Columns, in any order:

- ``at`` or ``timestamp``: ISO 8601 (UTC where no zone is given), or an integer
  of nanoseconds;
- ``symbol``;
- ``price``, and ``size`` if known: a price tick; or ``measure``, ``value``, an
  annualised fraction, and ``tenor_days``: an implied vol;
- ``source`` and ``origin``, if they are known.

A whole file that cannot be used is refused by its name and line; nobody wants
half a history. That goes for vols in percent, too: 71 is not read as 0.71.
"""

from collections.abc import AsyncIterator, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from producers.recorded.timeline import Pace, Recording, play
from producers.settings import ReplaySource
from producers.source import Heard, Instants, Series, Values
from streams.events import Origin
from streams.lengths import nanoseconds

if TYPE_CHECKING:
    import pandas as pd

HIGHEST_VOL: Final = 10.0
"""No annualised vol is above 1000%; what is must be percent."""

_REQUIRED = {"price": ["price"], "vol": ["measure", "value", "tenor_days"]}


class BadFile(ValueError):  # noqa: N818 - the file is bad, not we
    """A file that cannot be replayed; the message names file, line and reason."""

    def __init__(self, path: Path, reason: str, row: int | None = None) -> None:
        # Row 0 is on line 2 of a CSV; Parquet has rows, no lines.
        csv = path.suffix != ".parquet"
        line = "" if row is None else f":{row + 2}" if csv else f": row {row}"
        super().__init__(f"{path}{line}: {reason}")


def recordings(path: Path, tenor_days: int | None = None) -> list[Recording]:
    """Return every series of a file, in order of time, each as long as its ticks.

    Args:
        path: of the file.
        tenor_days: of vols where the file has no such column; None refuses it.

    Raises:
        BadFile: it is missing, or anything in it cannot be used.
    """
    frame = _read(path)
    if frame.empty:
        raise BadFile(path, "no rows")
    kind = "vol" if "value" in frame else "price"
    if kind == "vol" and "price" in frame:
        raise BadFile(path, "both `price` and `value`: prices or vols, not both")
    if kind == "vol" and "tenor_days" not in frame and tenor_days is not None:
        frame["tenor_days"] = str(tenor_days)
    for column in ("symbol", *_REQUIRED[kind]):
        if column not in frame:
            raise BadFile(path, f"no column `{column}`")
        _refuse(path, frame[column].isna().to_numpy(), f"no {column}")
    at = _instants(path, frame)
    value = _numbers(path, frame, "price" if kind == "price" else "value")
    _refuse(path, ~(value > 0), "not positive")
    if kind == "vol":
        _refuse(
            path,
            value > HIGHEST_VOL,
            f"a vol above {HIGHEST_VOL:g}: in percent? It must be a fraction (0.71)",
        )
    size = _numbers(path, frame, "size") if "size" in frame else None
    made = []
    for series, rows in _series(path, frame, kind):
        order = rows[np.argsort(at[rows], kind="stable")]
        made.append(
            Recording(
                series,
                int(at[order[0]]),
                int(at[order[-1]]) + 1,
                at[order],
                value[order],
                None if size is None else size[order],
            )
        )
    return made


def _read(path: Path) -> "pd.DataFrame":
    import pandas as pd

    if path.suffix not in (".csv", ".parquet"):
        raise BadFile(path, "neither .csv nor .parquet")
    try:
        if path.suffix == ".parquet":
            return pd.read_parquet(path)
        # As text: pandas would guess at instants and turn them into floats.
        return pd.read_csv(path, dtype=str, skipinitialspace=True)
    except FileNotFoundError:
        raise BadFile(path, "no such file") from None
    except pd.errors.EmptyDataError:
        raise BadFile(path, "no rows") from None
    except (ValueError, OSError) as error:
        reason = " ".join(str(error).split())
        raise BadFile(path, f"not readable: {reason}") from error


def _instants(path: Path, frame: "pd.DataFrame") -> Instants:
    import pandas as pd

    column = next((name for name in ("at", "timestamp") if name in frame), None)
    if column is None:
        raise BadFile(path, "no column `at` or `timestamp`")
    raw = frame[column]
    _refuse(path, raw.isna().to_numpy(), f"no {column}")
    if pd.api.types.is_integer_dtype(raw):
        return np.asarray(raw, np.int64)
    if not pd.api.types.is_datetime64_any_dtype(raw):
        text = raw.astype(str)
        if text.str.fullmatch(r"\d{16,19}").all():
            return np.asarray(text, np.int64)
        raw = text
    parsed = pd.to_datetime(raw, utc=True, format="ISO8601", errors="coerce")
    # Nanoseconds end in 2262; and a year like that is a slip, anyway.
    bad = ~parsed.dt.year.between(1900, 2100).to_numpy()
    _refuse(path, bad, f"{column} is no instant", frame[column])
    return np.asarray(parsed.dt.as_unit("ns").astype("int64"), np.int64)


def _numbers(path: Path, frame: "pd.DataFrame", column: str) -> Values:
    import pandas as pd

    numbers = pd.to_numeric(frame[column], errors="coerce").to_numpy(np.float64)
    _refuse(path, ~np.isfinite(numbers), f"{column} is no number", frame[column])
    return numbers


def _series(
    path: Path, frame: "pd.DataFrame", kind: str
) -> Iterator[tuple[Series, npt.NDArray[np.intp]]]:
    """Yield each series of the file, and its rows."""
    names = [
        name
        for name in ("symbol", "source", "measure", "tenor_days", "origin")
        if name in frame and (kind == "vol" or name in ("symbol", "source"))
    ]
    labels = frame[names].astype("string").fillna("")
    group = labels.groupby(names, sort=False).ngroup().to_numpy(np.intp)
    for number, first in zip(*np.unique(group, return_index=True), strict=True):
        row = int(first)
        told = {name: str(labels[name].iloc[row]) for name in names}
        rows = np.flatnonzero(group == number)
        source = told.get("source") or "replay"
        if kind == "price":
            yield Series(told["symbol"], source), rows
            continue
        try:
            tenor = int(told["tenor_days"])
        except ValueError:
            raise BadFile(path, "tenor_days is no whole number", row) from None
        try:
            origin = Origin(told.get("origin") or Origin.PUBLISHED)
        except ValueError:
            known = ", ".join(Origin)
            raise BadFile(path, f"origin is none of {known}", row) from None
        yield Series(told["symbol"], source, told["measure"], tenor, origin), rows


def _refuse(
    path: Path,
    bad: npt.NDArray[np.bool_],
    reason: str,
    said: Any = None,  # noqa: ANN401
) -> None:
    """Refuse the file if any row is bad, naming the first."""
    rows = np.flatnonzero(bad)
    if len(rows):
        row = int(rows[0])
        what = reason if said is None else f"{reason}: {said.iloc[row]!r}"
        more = f" (and {len(rows) - 1} more rows)" if len(rows) > 1 else ""
        raise BadFile(path, what + more, row)


def _together(parts: Iterable[Recording]) -> list[Recording]:
    """Join what several files say of one series, and let all cover the same span."""
    by_series: dict[Series, list[Recording]] = {}
    for part in parts:
        by_series.setdefault(part.series, []).append(part)
    start = min(part.start for group in by_series.values() for part in group)
    end = max(part.end for group in by_series.values() for part in group)
    joined = []
    for series, group in by_series.items():
        at = np.concatenate([part.at for part in group])
        order = np.argsort(at, kind="stable")
        sizes = [part.size for part in group if part.size is not None]
        joined.append(
            Recording(
                series,
                start,
                end,
                at[order],
                np.concatenate([part.value for part in group])[order],
                np.concatenate(sizes)[order] if len(sizes) == len(group) else None,
            )
        )
    return joined


class Replay:
    """Recorded files as a source, side by side in event time.

    Raises:
        BadFile: a file cannot be replayed.
    """

    def __init__(self, settings: ReplaySource) -> None:
        self.recordings = _together(
            recording for path in settings.files for recording in recordings(path)
        )
        self._grid = nanoseconds(settings.grid)
        self._speed = settings.speed or None

    def __aiter__(self) -> AsyncIterator[Heard]:
        """Play them."""
        pace = Pace(self._speed, self.recordings[0].start)
        return play(self.recordings, pace, grid=self._grid)
