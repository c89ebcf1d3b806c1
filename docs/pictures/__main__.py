"""Draw the dashboards: ``python -m docs.pictures`` (wants Debian's prometheus).

Queries, thresholds, units and words are those of the committed dashboards, and a real
Prometheus answers them; only the drawing is ours, since no Grafana runs here.
"""

import argparse
import json
import tempfile
import time
from pathlib import Path

from docs.pictures.page import Page
from docs.pictures.prometheus import Prometheus, backfilled
from docs.pictures.story import STEP, sampled
from docs.pictures.theme import THEMES
from monitoring.dashboards.__main__ import FOLDER
from producers.recorded.story import BEGIN
from streams.settings import StreamSettings
from volcross.config import FOUNDING

HASTE = 24
"""A day of the story is an hour of Prometheus', which files every two of its hours
apart and would take minutes to write so many files. No query here asks for a rate."""

STORY = (
    "22 July to 4 September 2024 · implied vols interpolated between published points"
)


def main() -> None:
    """Draw one dashboard, of the story or of what runs now."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("target", type=Path, help="where the SVG goes")
    parser.add_argument("--dashboard", default="volatility")
    parser.add_argument("--theme", choices=THEMES, default="dark")
    parser.add_argument("--url", help="a Prometheus that runs; without it, the story")
    parser.add_argument("--last", type=float, default=300.0, help="its seconds")
    parser.add_argument("--said", default="a made-up market at sixty times its speed")
    given = parser.parse_args()
    committed = (FOLDER / f"{given.dashboard}.json").read_text(encoding="utf-8")
    page, theme = json.loads(committed), THEMES[given.theme]
    if given.url:
        now = time.time()
        told = Prometheus(given.url, now - given.last, now, max(1, given.last // 120))
        drawn = Page(page, told, theme, given.said).drawn()
    else:
        settings = StreamSettings.model_validate(
            {"symbols": FOUNDING["symbols"], "pairs": FOUNDING["pairs"]}
        )
        with tempfile.TemporaryDirectory() as name:
            begin, step = BEGIN // 10**9 // HASTE, STEP // HASTE
            series = list(sampled(settings))
            with backfilled(series, Path(name), begin, step, thinned=6) as told:
                drawn = Page(
                    page,
                    told,
                    theme,
                    STORY,
                    chosen={"pair": "NVDA/BTC", "window": "30d"},
                    label=lambda at: time.strftime("%d %b", time.gmtime(at * HASTE)),
                ).drawn()
    given.target.write_text(drawn, encoding="utf-8")


if __name__ == "__main__":
    main()
