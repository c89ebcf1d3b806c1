"""How every process shows its numbers to Prometheus."""

import platform
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import version
from threading import Thread

from prometheus_client import (
    CONTENT_TYPE_PLAIN_0_0_4,
    Gauge,
    Info,
    disable_created_metrics,
    generate_latest,
)

from streams.latest import SHOWN, Latest

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


def page(these: Iterable[Latest] = SHOWN) -> bytes:
    """Return all that this process shows, in Prometheus' text format."""
    # What the client library writes itself is little and of fixed size.
    return generate_latest() + "".join(one.text() for one in these).encode()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    """A scraper asks on one connection for as long as it lives."""
    timeout = 60

    def do_GET(self) -> None:
        """Answer a scrape; every path is the page."""
        body = page()
        self.send_response(200)
        self.send_header("Content-Type", CONTENT_TYPE_PLAIN_0_0_4)
        self.send_header("Content-Length", str(len(body)))
        # A scraper that hangs up meanwhile asks again.
        with suppress(ConnectionError):
            self.end_headers()
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing: a scrape is no event."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    """A scraper's idle connection holds nobody up."""


@contextmanager
def served(host: str, port: int) -> Iterator[None]:
    """Serve ``/metrics`` meanwhile; port 0 serves nothing.

    Raises:
        OSError: the port is in use.
    """
    if port == 0:
        yield
        return
    server = _Server((host, port), _Handler)
    thread = Thread(target=server.serve_forever, daemon=True, name="metrics")
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
