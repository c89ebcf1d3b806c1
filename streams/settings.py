"""What every room shares, read once at start and frozen.

Each class is one table of ``volcross.toml``. Every key may also come from the
environment as ``VOLCROSS_<TABLE>__<KEY>``; secrets come from there or from
files, and are `SecretStr`, which never prints.
"""

import ssl
from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    model_validator,
)

from streams.lengths import Duration, Window


class Table(BaseModel):
    """A table of the configuration: frozen, and closed to unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Kafka(Table):
    """Where the broker is; none given means the embedded one."""

    bootstrap_servers: str | None = None
    topic_prefix: str = ""
    partitions: Annotated[int, Field(ge=1, le=1024)] = 4
    replication: Annotated[int, Field(ge=1)] = 1
    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = (
        "PLAINTEXT"
    )
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] | None = None
    username: str | None = None
    password: SecretStr | None = None
    ssl_cafile: str | None = None


class Clock(StrEnum):
    """When a market is open, and so how its time is counted."""

    CRYPTO = "crypto"
    """Always; a year is 365 days."""
    US_EQUITY = "us-equity"
    """New York sessions; a year is 252 of them."""


EstimatorName = Literal[
    "close-to-close",
    "close-to-close-demeaned",
    "ewma",
    "parkinson",
    "garman-klass",
    "rogers-satchell",
    "yang-zhang",
    "bipower",
]


class Action(Table):
    """A split or a dividend: prices from then on are of other shares."""

    at: AwareDatetime
    """The first instant on new terms, with its zone."""
    factor: Annotated[float, Field(gt=0)]
    """What a share of before is worth in shares after: 10 for a 10:1 split."""


class Symbol(Table):
    """How one symbol is read."""

    clock: Clock
    grid: Window = "1m"
    """Sampling grid of realised volatility; never finer than its source."""
    implied: str | None = None
    """The published implied vol that stands for it: ``iv30``, ``dvol``."""
    max_jump: Annotated[float, Field(gt=0)] = 0.5
    """A tick whose log price moves further than this is refused."""
    estimators: list[EstimatorName] | None = None
    """Realised vols of this symbol; none given: those of [realised]."""
    actions: list[Action] = []
    """Its splits and dividends, so that none of them looks like a return."""


class Realised(Table):
    """Which realised volatilities are worked out, of every symbol."""

    estimators: list[EstimatorName] = ["close-to-close", "yang-zhang", "ewma"]
    windows: list[Window] = ["1h", "1d", "7d", "30d"]


CHAIN_COMPARISONS = [
    f"{method}/{days}d"
    for method in ("vix", "atm", "skew25")
    for days in (7, 14, 30, 60, 90)
]
"""What is read from every chain: a method and a constant maturity."""


class Pair(Table):
    """Two symbols whose volatilities are compared."""

    left: str
    right: str
    implied: bool = True
    realised: list[str] = ["close-to-close/30d", "ewma/30d"]
    """Comparisons ``estimator/window``; both legs are worked out the same way."""
    chains: list[str] = ["vix/30d", "atm/30d"]
    """Comparisons ``method/tenor`` of option chains, wherever both legs have them."""
    against: list[tuple[str, str]] = []
    """A reading of the left symbol against another one of the right: ``implied``,
    ``estimator/window`` or ``method/tenor`` each."""

    @property
    def readings(self) -> dict[str, tuple[str, str]]:
        """All that is compared: which reading of the left, which of the right."""
        alike = [
            *(["implied"] if self.implied else []),
            *self.realised,
            *self.chains,
        ]
        unlike = {f"{left}-vs-{right}": (left, right) for left, right in self.against}
        return {name: (name, name) for name in alike} | unlike

    @property
    def comparisons(self) -> list[str]:
        """The names of all that is compared: ``implied``, ``atm/30d-vs-implied``."""
        return list(self.readings)

    @property
    def name(self) -> str:
        """``LEFT/RIGHT``."""
        return f"{self.left}/{self.right}"


class Scheduled(Table):
    """A known date that moves an implied vol before anything has happened."""

    symbol: str
    at: AwareDatetime
    """When it becomes public, with its zone."""
    what: str = "earnings"


class Chains(Table):
    """How option chains are read, of every symbol."""

    rate: Annotated[float, Field(ge=-0.1, le=1.0)] = 0.04
    """Interest on dollars a year, continuously compounded, for the time until a
    dollar-settled option pays; a point of it wrong makes a 30-day vol of 50% wrong by
    0.04 vol points. Of no effect on quotes in coin."""


class Screen(Table):
    """When a tick is refused whatever its symbol."""

    max_ahead: Duration = timedelta(minutes=1)
    """How far past our own clock a tick may be stamped."""
    max_vol: Annotated[float, Field(gt=0)] = 10.0
    """No annualised implied vol is above this (10 = 1000%)."""
    max_vol_jump: Annotated[float, Field(gt=0)] = 1.0
    """A vol whose logarithm moves further than this at once is refused."""


class Metrics(Table):
    """Where each process shows its numbers to Prometheus; 0 switches one off."""

    host: str = "127.0.0.1"
    produce: Annotated[int, Field(ge=0, le=65535)] = 9110
    """The first producer's port; each further one takes the next."""
    stream: Annotated[int, Field(ge=0, le=65535)] = 9102
    alert: Annotated[int, Field(ge=0, le=65535)] = 9103


class StreamSettings(Table):
    """All that the streams room is told."""

    kafka: Kafka = Kafka()
    symbols: dict[str, Symbol]
    realised: Realised = Realised()
    pairs: list[Pair] = []
    announcements: list[Scheduled] = []
    chains: Chains = Chains()
    screen: Screen = Screen()
    metrics: Metrics = Metrics()
    checkpoint_every: Duration = timedelta(seconds=1)

    def realised_of(self, symbol: str) -> list[str]:
        """Return the comparisons ``estimator/window`` worked out of a symbol."""
        named = self.symbols[symbol].estimators
        estimators = self.realised.estimators if named is None else named
        return [f"{e}/{window}" for e in estimators for window in self.realised.windows]

    @model_validator(mode="after")
    def _known(self) -> "StreamSettings":
        for pair in self.pairs:
            for leg in (pair.left, pair.right):
                self._leg_known(pair, leg)
            for comparison in pair.chains:
                if comparison not in CHAIN_COMPARISONS:
                    raise ValueError(
                        f"pairs: {pair.name}: chains: {comparison!r} is not among"
                        f" {', '.join(CHAIN_COMPARISONS)}"
                    )
            for leg, reading in (
                named
                for left, right in pair.against
                for named in ((pair.left, left), (pair.right, right))
            ):
                self._reading_known(pair, leg, reading)
        names = [pair.name for pair in self.pairs]
        if len(set(names)) < len(names):
            raise ValueError("pairs: the same pair twice")
        return self

    def _reading_known(self, pair: Pair, leg: str, reading: str) -> None:
        known = [
            *([] if self.symbols[leg].implied is None else ["implied"]),
            *self.realised_of(leg),
            *CHAIN_COMPARISONS,
        ]
        if reading not in known:
            raise ValueError(
                f"pairs: {pair.name}: against: {reading!r} is no reading of {leg},"
                f" which has: {', '.join(known)}"
            )

    def _leg_known(self, pair: Pair, leg: str) -> None:
        if leg not in self.symbols:
            raise ValueError(f"pairs: {pair.name}: no [symbols.{leg}]")
        if pair.implied and self.symbols[leg].implied is None:
            raise ValueError(f"pairs: {pair.name}: symbols.{leg}.implied is not set")
        for comparison in pair.realised:
            if comparison not in self.realised_of(leg):
                raise ValueError(
                    f"pairs: {pair.name}: {comparison!r} is not among the estimators"
                    f" × windows of {leg}"
                )


def client(kafka: Kafka) -> dict[str, Any]:
    """Return the connection arguments that kafka-python and aiokafka share.

    Raises:
        ValueError: no broker is configured.
    """
    if kafka.bootstrap_servers is None:
        raise ValueError("kafka.bootstrap_servers is not set")
    arguments: dict[str, Any] = {
        "bootstrap_servers": kafka.bootstrap_servers.split(","),
        "security_protocol": kafka.security_protocol,
    }
    if kafka.security_protocol in {"SSL", "SASL_SSL"}:
        arguments["ssl_context"] = ssl.create_default_context(cafile=kafka.ssl_cafile)
    if kafka.sasl_mechanism is not None:
        arguments["sasl_mechanism"] = kafka.sasl_mechanism
        arguments["sasl_plain_username"] = kafka.username
        arguments["sasl_plain_password"] = (
            kafka.password.get_secret_value() if kafka.password else None
        )
    return arguments
