"""The brokers under the tests keep what tests count on."""

import json
from itertools import islice

import pytest
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import KafkaAdminClient, NewTopic

from streams.settings import Kafka
from tests.brokers import Broker


def _topic(settings: Kafka) -> str:
    name = f"{settings.topic_prefix}numbers"
    admin = KafkaAdminClient(bootstrap_servers=settings.bootstrap_servers)
    admin.create_topics([NewTopic(name, 1, 1)])
    admin.close()
    return name


def _send(settings: Kafka, topic: str, numbers: range) -> None:
    producer = KafkaProducer(bootstrap_servers=settings.bootstrap_servers)
    sent = [producer.send(topic, json.dumps(number).encode()) for number in numbers]
    for future in sent:
        future.get(30)
    producer.close()


def _read(settings: Kafka, topic: str, count: int) -> list[int]:
    consumer = KafkaConsumer(
        bootstrap_servers=settings.bootstrap_servers, consumer_timeout_ms=10_000
    )
    consumer.assign([TopicPartition(topic, 0)])
    consumer.seek_to_beginning()
    read = [json.loads(record.value) for record in islice(consumer, count)]
    consumer.close()
    return read


@pytest.mark.kafka
def test_it_keeps_its_records_and_its_address_through_a_stop(
    broker: Broker, kafka_settings: Kafka
) -> None:
    topic = _topic(kafka_settings)
    _send(kafka_settings, topic, range(5))
    broker.stop()
    broker.start()
    _send(kafka_settings, topic, range(5, 10))
    assert _read(kafka_settings, topic, 10) == list(range(10))


@pytest.mark.kafka
def test_a_freeze_ends_with_a_thaw(broker: Broker, kafka_settings: Kafka) -> None:
    topic = _topic(kafka_settings)
    broker.freeze()
    broker.thaw()
    _send(kafka_settings, topic, range(3))
    assert _read(kafka_settings, topic, 3) == [0, 1, 2]


@pytest.mark.kafka
def test_it_is_back_after_a_kill(broker: Broker, kafka_settings: Kafka) -> None:
    broker.kill()
    broker.start()
    topic = _topic(kafka_settings)
    _send(kafka_settings, topic, range(3))
    assert _read(kafka_settings, topic, 3) == [0, 1, 2]
