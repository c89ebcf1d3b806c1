"""The wiring: spreads → judge → alerts → one outbox a channel → people."""

import asyncio
from functools import partial

from aiokafka import AIOKafkaProducer

from alerts import metrics
from alerts.channels import channels
from alerts.judge import Judge
from alerts.outbox import Outbox, Post
from alerts.settings import AlertSettings
from streams.agents import Work
from streams.exposition import served
from streams.partitions import PartitionReader
from streams.settings import StreamSettings, client
from streams.topics import SPREADS
from streams.volatility.market_time import market_clock
from streams.worker import serve

GROUP = "volcross-alerts"


async def run(
    streams: StreamSettings, alerts: AlertSettings, *, instance: str | None = None
) -> None:
    """Run the alerts room until cancelled.

    Args:
        streams: where the broker is, and what there is to watch.
        alerts: what to watch for, and whom to tell.
        instance: this process' lasting name; see `streams.worker.serve`.

    Raises:
        ValueError: a rule watches what nobody works out.
        ExceptionGroup: a part cannot go on; a supervisor should start anew.
    """
    alerts.against(streams)
    metrics.begin(alerts.channels.names)
    clocks = {name: market_clock(s.clock) for name, s in streams.symbols.items()}
    judge = partial(Judge, alerts.rules, alerts.channels.names, clocks)
    kafka = streams.kafka
    producer = AIOKafkaProducer(**client(kafka), enable_idempotence=True, acks="all")
    with served(streams.metrics.host, streams.metrics.alert):
        async with producer, PartitionReader(kafka) as reader:
            post = Post(kafka, alerts.retry, alerts.links, producer, reader)
            async with asyncio.TaskGroup() as room:
                # spreads → alerts
                room.create_task(
                    serve(
                        streams,
                        GROUP,
                        [Work("judge", SPREADS, lambda: metrics.Shown(judge()))],
                        instance=instance,
                    )
                )
                # alerts → Slack, mail, …, and what became of each → deliveries
                for channel in channels(alerts.channels):
                    room.create_task(Outbox(channel, post, instance).run())
