"""The configuration with which the demo runs the real processes."""

import json
from pathlib import Path

_CONFIG = """\
# Written by `volcross demo`, for the processes it runs.
data_dir = {data_dir}

[symbols.NVDA]
clock = "us-equity"
implied = "iv30"
grid = "1d"

[symbols.BTC]
clock = "crypto"
implied = "dvol"
grid = {grid}

[realised]
estimators = ["close-to-close", "ewma"]
windows = ["7d", "30d"]

[[pairs]]
left = "NVDA"
right = "BTC"
chains = []

[[announcements]]
symbol = "GOOGL"
at = 2024-07-23T16:00:00-04:00

[[announcements]]
symbol = "MSFT"
at = 2024-07-30T16:00:00-04:00

[[announcements]]
symbol = "AMD"
at = 2024-07-30T16:00:00-04:00

[[announcements]]
symbol = "META"
at = 2024-07-31T16:00:00-04:00

[[announcements]]
symbol = "NVDA"
at = 2024-08-28T16:00:00-04:00

[sources.story]
kind = "story"
seconds = {seconds}
{data}

[[rules]]
name = "nvda-above-btc"
pair = "NVDA/BTC"
hysteresis = 0.01
for = "15m"

[channels.slack]

[channels.email]
host = "127.0.0.1"
port = {smtp_port}
security = "none"
from = "volcross@localhost"
to = ["desk@localhost"]

[metrics]
produce = 0
stream = 0
alert = 0

[page]
port = {page_port}
"""


def write_config(
    folder: Path,
    *,
    data: Path | None,
    seconds: float,
    smtp_port: int,
    page_port: int,
) -> Path:
    """Write ``volcross.toml`` and return where it is.

    Args:
        folder: where the demo keeps what it forgets.
        data: folder with the hourly BTC series, None for daily closes.
        seconds: how long the story takes.
        smtp_port: where its mail is received.
        page_port: where the page is served, 0 for nowhere.
    """
    config = folder / "volcross.toml"
    config.write_text(
        _CONFIG.format(
            data_dir=_quoted(folder / "data"),
            grid='"1d"' if data is None else '"1h"',
            seconds=seconds,
            data="" if data is None else f"data = {_quoted(data.absolute())}",
            smtp_port=smtp_port,
            page_port=page_port,
        ),
        encoding="utf-8",
    )
    return config


def _quoted(path: Path) -> str:
    # A JSON string is a TOML string.
    return json.dumps(str(path))
