"""What is read back is looked for where it was put."""

import pytest
from aiokafka.partitioner import DefaultPartitioner

from producers.history.known import partition
from streams.settings import Kafka
from streams.topics import ALERTS, PRICE_TICKS


@pytest.mark.parametrize("count", [1, 2, 3, 4, 7, 100])
def test_a_key_is_looked_for_where_kafkas_clients_put_it(count: int) -> None:
    kafka = Kafka(bootstrap_servers="nowhere:1", partitions=count)
    put, places = DefaultPartitioner(), list(range(count))
    for number in range(500):
        key = f"S{number}"
        assert partition(key, PRICE_TICKS, kafka) == put(key.encode(), places, places)
        assert partition(key, ALERTS, kafka) == 0
