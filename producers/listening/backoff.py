"""How long to wait before trying again."""

import random
from dataclasses import dataclass, field


@dataclass(slots=True)
class Backoff:
    """Doubling waits, capped and jittered.

    A venue that accepts a connection and hangs up at once must not be dialled
    without pause, so a handshake is no reason to start over: only `succeeded`
    is, which is for whoever saw healthy data.

    Attributes:
        first: seconds before the second attempt.
        cap: seconds no wait exceeds.
        rng: where the jitter comes from.
        failures: how many there were since it last went well.
    """

    first: float = 1.0
    cap: float = 60.0
    rng: random.Random = field(default_factory=random.Random)
    failures: int = 0

    def wait(self, at_least: float | None = None) -> float:
        """Return the seconds to wait after one more failure.

        Half of the wait is jitter: after an outage not everybody comes at once.

        Args:
            at_least: seconds the other side asked for (Retry-After).
        """
        # 2**64 seconds is enough; a float overflows after a thousand failures.
        full = min(self.cap, self.first * 2.0 ** min(self.failures, 64))
        self.failures += 1
        return max(full * self.rng.uniform(0.5, 1.0), at_least or 0.0)

    def succeeded(self) -> None:
        """Start over: the other side is well."""
        self.failures = 0
