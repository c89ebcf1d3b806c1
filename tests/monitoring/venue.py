"""An exchange on loopback that trades, until it is told to say nothing."""

import json
import threading
import time
from datetime import UTC, datetime
from typing import Self

from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection, serve


class Venue:
    """Coinbase's protocol: a heartbeat each fifth of a second, and a trade of SOL."""

    def __init__(self) -> None:
        self.quiet = False
        self._server = serve(self._talk, "127.0.0.1", 0)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        port = self._server.socket.getsockname()[1]
        self.url = f"ws://127.0.0.1:{port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()

    def _talk(self, socket: ServerConnection) -> None:
        number = 0
        try:
            socket.recv()
            while True:
                socket.send(json.dumps({"type": "heartbeat"}))
                if not self.quiet:
                    number += 1
                    socket.send(json.dumps(_trade(number)))
                time.sleep(0.2)
        except ConnectionClosed:
            return


def _trade(number: int) -> dict[str, object]:
    return {
        "type": "match",
        "trade_id": number,
        "size": "0.25",
        "price": "150.5",
        "product_id": "SOL-USD",
        "time": datetime.now(UTC).isoformat().replace("+00:00", "Z"),
    }
