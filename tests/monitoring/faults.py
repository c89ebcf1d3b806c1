"""The faults that the health rules are there for, done to a running stack.

Each is entered and left: within it, its rule has reason to fire; after it, none.
"""

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

import msgspec

from producers.publishing.spool import Spool, Spooled
from streams import wire
from streams.events import PriceTicks
from streams.topics import PRICE_TICKS
from tests.brokers import Broker
from tests.monitoring.stack import Stack
from tests.monitoring.venue import Venue
from volcross.running.broker import free_port

Doing = Callable[[Stack, Broker], AbstractContextManager[None]]


@dataclass(frozen=True, slots=True)
class Fault:
    """What goes wrong, and which rules must say so.

    Attributes:
        do: brings it about, and mends it.
        alerts: the rules that fire within it and resolve after.
        cheap: whether every run of the tests can afford it.
    """

    do: Doing
    alerts: tuple[str, ...]
    cheap: bool = False

    @property
    def name(self) -> str:
        """As its function, in words."""
        return getattr(self.do, "__name__", "").replace("_", " ")


@contextmanager
def a_feed_is_killed(stack: Stack, _: Broker) -> Iterator[None]:
    stack.kill("produce")
    try:
        yield
    finally:
        stack.start("produce")


@contextmanager
def a_feed_missed_some_minutes(stack: Stack, _: Broker) -> Iterator[None]:
    stack.kill("produce")
    time.sleep(5)
    stack.start("produce")
    yield


@contextmanager
def a_venue_falls_silent(stack: Stack, _: Broker) -> Iterator[None]:
    """The socket stays open, and beats."""
    traded = 'volcross_published_ticks_total{symbol="SOL"} > 5'
    with Venue() as venue:
        stack.kill("produce")
        stack.start("produce", venue=venue.url)
        try:
            stack.until(lambda: stack.ask(traded), 60, "trades of the venue")
            venue.quiet = True
            yield
            venue.quiet = False
        finally:
            stack.kill("produce")
            stack.start("produce")


@contextmanager
def a_venue_is_gone(stack: Stack, _: Broker) -> Iterator[None]:
    """Nobody takes a connection at its address any more."""
    with Venue() as venue:
        stack.kill("produce")
        stack.start("produce", venue=venue.url)
        stack.until(
            lambda: stack.ask("volcross_feed_connected == 1"), 60, "the venue's word"
        )
    try:
        yield
    finally:
        stack.kill("produce")
        stack.start("produce")


@contextmanager
def what_was_spooled_finds_no_broker(stack: Stack, _: Broker) -> Iterator[None]:
    stack.kill("produce")
    tick = PriceTicks(symbol="BTC", source="made-up", start=0, end=1, at=[], price=[])
    spool = Spool(stack.folder / "data" / "spool" / "feed.jsonl")
    spool.write([Spooled(PRICE_TICKS.name, "BTC", msgspec.Raw(wire.encode(tick)))])
    nowhere = f"127.0.0.1:{free_port()}"
    stack.start("produce", VOLCROSS_KAFKA__BOOTSTRAP_SERVERS=nowhere)
    try:
        yield
    finally:
        stack.kill("produce")
        stack.start("produce")


@contextmanager
def the_broker_stands_still(_: Stack, broker: Broker) -> Iterator[None]:
    broker.freeze()
    try:
        yield
    finally:
        broker.thaw()


@contextmanager
def a_channel_refuses_for_now(stack: Stack, _: Broker) -> Iterator[None]:
    stack.slack.answers = 500
    stack.begin_an_incident()
    try:
        yield
    finally:
        stack.slack.answers = 200


@contextmanager
def a_channel_refuses_for_good(stack: Stack, _: Broker) -> Iterator[None]:
    stack.slack.answers = 404
    stack.begin_an_incident()
    try:
        yield
    finally:
        stack.slack.answers = 200


@contextmanager
def a_feed_runs_a_day_ahead(stack: Stack, _: Broker) -> Iterator[None]:
    """Nothing it says can be believed, and nothing else comes in."""
    stack.kill("produce")
    stack.start("produce", ahead=True)
    try:
        yield
    finally:
        stack.kill("produce")
        stack.start("produce")


@contextmanager
def somebody_writes_another_version(stack: Stack, _: Broker) -> Iterator[None]:
    stack.write(PRICE_TICKS.name, [b'{"v":7}'])
    yield


@contextmanager
def a_worker_writes_no_checkpoint(stack: Stack, _: Broker) -> Iterator[None]:
    stack.kill("stream")
    stack.start("stream", VOLCROSS_CHECKPOINT_EVERY="1h")
    try:
        yield
    finally:
        stack.kill("stream")
        stack.start("stream")


@contextmanager
def a_worker_is_drowned(stack: Stack, _: Broker) -> Iterator[None]:
    """Repetitions of one record, which are known at a glance, and yet a flood."""
    worker = stack.pid("stream")
    os.kill(worker, signal.SIGSTOP)
    try:
        tick = PriceTicks(
            symbol="BTC", source="made-up", start=0, end=1, at=[], price=[]
        )
        stack.write(PRICE_TICKS.name, [wire.encode(tick)] * 60_000, key=b"BTC")
    finally:
        os.kill(worker, signal.SIGCONT)
    yield


@contextmanager
def a_role_keeps_dying(stack: Stack, _: Broker) -> Iterator[None]:
    for _again in range(5):
        stack.kill("produce")
        stack.start("produce")
        stack.until(lambda: stack.up("produce"), 60, "it is up again")
        time.sleep(1.5)  # and a scrape has seen it
    yield


@contextmanager
def a_role_grows(stack: Stack, _: Broker) -> Iterator[None]:
    stack.kill("alert")
    stack.start("alert", ballast=1_200_000_000)
    try:
        yield
    finally:
        stack.kill("alert")
        stack.start("alert")


@contextmanager
def nobody_can_be_told(stack: Stack, _: Broker) -> Iterator[None]:
    stack.know_alertmanagers([])
    try:
        yield
    finally:
        stack.know_alertmanagers([stack.ports["alertmanager"]])


@contextmanager
def a_leg_never_speaks(stack: Stack, _: Broker) -> Iterator[None]:
    """Nobody gives an option chain here."""
    with _written(
        stack, 'name = "lonely"\npair = "NVDA/BTC"\ncomparison = "vix/30d"\n'
    ):
        yield


@contextmanager
def rules_are_written_that_cannot_be_used(stack: Stack, _: Broker) -> Iterator[None]:
    with _written(stack, 'name = "lonely"\npair = "NVDA/ETH"\n'):
        yield


@contextmanager
def _written(stack: Stack, rule: str) -> Iterator[None]:
    """Let a further rule stand in the file while the alerts run."""
    file = stack.folder / "volcross.toml"
    before = file.read_text(encoding="utf-8")
    file.write_text(f"{before}\n[[rules]]\n{rule}", encoding="utf-8")
    try:
        yield
    finally:
        file.write_text(before, encoding="utf-8")


NOBODY_TO_TELL = "VolcrossNobodyToTell"
"""Of which nobody hears: it shows in Prometheus alone."""

FAULTS = [
    Fault(the_broker_stands_still, ("VolcrossBrokerAway",), cheap=True),
    Fault(a_feed_is_killed, ("VolcrossTargetDown",), cheap=True),
    Fault(a_channel_refuses_for_now, ("VolcrossDeliveryFailing",), cheap=True),
    Fault(nobody_can_be_told, (NOBODY_TO_TELL,), cheap=True),
    Fault(what_was_spooled_finds_no_broker, ("VolcrossSpooled",)),
    Fault(a_feed_missed_some_minutes, ("VolcrossGap",)),
    Fault(a_venue_falls_silent, ("VolcrossFeedSilent",)),
    Fault(a_venue_is_gone, ("VolcrossFeedDown",)),
    Fault(somebody_writes_another_version, ("VolcrossUnknownVersion",)),
    Fault(a_channel_refuses_for_good, ("VolcrossDeadLetter",)),
    Fault(
        a_feed_runs_a_day_ahead,
        ("VolcrossClockSkew", "VolcrossRejecting", "VolcrossNoReadings"),
    ),
    Fault(a_worker_writes_no_checkpoint, ("VolcrossCheckpointsStopped",)),
    Fault(a_worker_is_drowned, ("VolcrossLagging",)),
    Fault(a_role_keeps_dying, ("VolcrossRestarting",)),
    Fault(a_role_grows, ("VolcrossMemory",)),
    Fault(a_leg_never_speaks, ("VolcrossRuleWaiting",)),
    Fault(rules_are_written_that_cannot_be_used, ("VolcrossReloadFailed",)),
]
