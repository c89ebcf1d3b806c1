"""Write the dashboards where Grafana is provisioned from: `make dashboards`."""

import json
from pathlib import Path

from grafana_foundation_sdk.cog.encoder import JSONEncoder

from monitoring.dashboards.alerts import alerts
from monitoring.dashboards.feeds import feeds
from monitoring.dashboards.pipeline import pipeline
from monitoring.dashboards.volatility import volatility

FOLDER = Path(__file__).parents[1] / "grafana" / "dashboards"
DASHBOARDS = {
    "volatility": volatility,
    "feeds": feeds,
    "pipeline": pipeline,
    "alerts": alerts,
}


def rendered() -> dict[str, str]:
    """Return the JSON of every dashboard by its file's name."""
    pages = {}
    for name, build in DASHBOARDS.items():
        page = json.loads(json.dumps(build().build(), cls=JSONEncoder))
        for number, panel in enumerate(page["panels"], start=1):
            # Set here: ids of Grafana's own making would change with each import.
            panel["id"] = number
        for shown in (*page["links"], *page.get("annotations", {}).get("list", [])):
            # Which would put them out of sight, into a menu of the newest Grafana.
            del shown["placement"]
        pages[f"{name}.json"] = json.dumps(page, indent=2, sort_keys=True) + "\n"
    return pages


if __name__ == "__main__":
    for name, text in rendered().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
