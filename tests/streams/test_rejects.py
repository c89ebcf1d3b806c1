"""Garbage on the input topics: refused by name, kept whole, and nothing stops."""

import socket
import urllib.request
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from kafka import KafkaProducer

from streams import wire
from streams.events import Event, PriceTicks, Rejected
from streams.settings import Kafka, client
from streams.topics import PRICE_TICKS, READINGS, REJECTED, SPREADS, VOL_TICKS
from tests.streams.market import BEGIN, HOUR, interleaved, market, settings
from tests.streams.outputs import assert_same, offline, rows
from tests.streams.pipeline import Workers, prepared, send, until

GARBAGE = [b"", b"null", b"[]", b"{}", b'{"v":7}', b"\xff\xfe", b"{" * 1000]
REPEATS = 43
"""Some 300 records of garbage in a row: a stall of minutes for stock Faust."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture
def workers(kafka_settings: Kafka, tmp_path: Path) -> Iterator[Workers]:
    configured = settings(
        kafka_settings, metrics={"stream": free_port(), "alert": 0, "produce": 0}
    )
    started = Workers(prepared(configured), tmp_path, "stream")
    yield started
    for process in started.processes:
        process.kill()
        process.wait()


@pytest.mark.kafka
def test_garbage_among_ticks_is_refused_and_nothing_else_is_lost(
    workers: Workers,
) -> None:
    records = interleaved(market(end=BEGIN + 26 * HOUR))
    half = len(records) // 2
    expected = rows(offline(records, workers.settings))
    ticks = next(e for _, _, e in records if isinstance(e, PriceTicks) and e.at)
    stranger = msgspec.structs.replace(ticks, symbol="DOGE")
    workers.start()
    send(workers.settings, records[:half])
    send_raw(workers.settings.kafka, GARBAGE * REPEATS)
    send(workers.settings, [(PRICE_TICKS, "DOGE", stranger)])
    send(workers.settings, records[half:])

    wanted = 2 * len(GARBAGE) * REPEATS + 1

    def complete(events: list[Event]) -> bool:
        found = rows(events)
        refused = sum(isinstance(event, Rejected) for event in events)
        return refused >= wanted and all(
            len(found.get(key, ())) >= len(told) for key, told in expected.items()
        )

    events = until(workers.settings, [READINGS, SPREADS, REJECTED], complete, 120)
    assert_same(rows(events), expected)
    refused = [event for event in events if isinstance(event, Rejected)]
    reasons = Counter((event.topic, event.reason) for event in refused)
    assert reasons == {
        (topic, reason): count * REPEATS
        for topic in ("ticks.price", "ticks.vol")
        for reason, count in (("unparseable", 6), ("unknown_version", 1))
    } | {("ticks.price", "unknown_symbol"): 1}
    originals = Counter(e.original for e in refused if e.topic == "ticks.vol")
    assert originals == Counter(GARBAGE * REPEATS)
    kept = next(e for e in refused if e.reason == "unknown_symbol")
    assert wire.Codec(PriceTicks).decode(kept.original) == stranger

    port = workers.settings.metrics.stream
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
        shown = answer.read().decode()
    counter = 'volcross_rejected_total{reason="unparseable",topic="ticks.vol"}'
    assert f"{counter} {6.0 * REPEATS}" in shown
    workers.end()


def send_raw(kafka: Kafka, records: list[bytes]) -> None:
    producer = KafkaProducer(**client(kafka))
    try:
        for raw in records:
            for topic in (PRICE_TICKS, VOL_TICKS):
                producer.send(kafka.topic_prefix + topic.name, key=b"BTC", value=raw)
        producer.flush()
    finally:
        producer.close()
