"""How every process shows its numbers to Prometheus."""

import platform
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version

from prometheus_client import Gauge, Info, disable_created_metrics, start_http_server

# When a series began is known to Prometheus, which saw it first; telling it
# again doubles what every counter and histogram costs.
disable_created_metrics()  # type: ignore[no-untyped-call]  # theirs, and untyped

BUILD = Info("volcross_build", "What this process runs.")
BUILD.info({"version": version("volcross"), "python": platform.python_version()})

CLOCK = Gauge(
    "volcross_clock_timestamp_seconds",
    "This process' wall clock at the scrape: its skew is against the scraper's.",
)
CLOCK.set_function(time.time)


@contextmanager
def served(host: str, port: int) -> Iterator[None]:
    """Serve ``/metrics`` meanwhile; port 0 serves nothing.

    Raises:
        OSError: the port is in use.
    """
    if port == 0:
        yield
        return
    server, thread = start_http_server(port, host)
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
