"""The wiring: spreads → judge → alerts → one outbox a channel → people."""

import asyncio
from contextlib import AsyncExitStack

from aiokafka import AIOKafkaProducer

from alerts import metrics
from alerts.channels.catalogue import channels
from alerts.heartbeat import Pulse, tell
from alerts.judging.judge import Judge
from alerts.judging.shown import Shown
from alerts.settings import AlertSettings
from alerts.telling.ledger import Post
from alerts.telling.outbox import Outbox
from streams.agents.agent import Work
from streams.agents.partitions import PartitionReader
from streams.agents.worker import serve
from streams.exposition import served
from streams.settings import StreamSettings, client
from streams.topics import SPREADS
from streams.volatility.market_time import market_clock

GROUP = "volcross-alerts"


async def run(
    streams: StreamSettings, alerts: AlertSettings, *, instance: str | None = None
) -> None:
    """Run the alerts room until cancelled.

    Args:
        streams: where the broker is, and what there is to watch.
        alerts: what to watch for, and whom to tell.
        instance: this process' lasting name; see `streams.agents.worker.serve`.

    Raises:
        ValueError: a rule watches what nobody works out.
        ExceptionGroup: a part cannot go on; a supervisor should start anew.
    """
    alerts.against(streams)
    metrics.begin(alerts.channels.names)
    clocks = {name: market_clock(s.clock) for name, s in streams.symbols.items()}
    kafka = streams.kafka
    producer = AIOKafkaProducer(**client(kafka), enable_idempotence=True, acks="all")
    async with AsyncExitStack() as stack:
        stack.enter_context(served(streams.metrics.host, streams.metrics.alert))
        await stack.enter_async_context(producer)
        reader = await stack.enter_async_context(PartitionReader(kafka))
        room = await stack.enter_async_context(asyncio.TaskGroup())

        # spreads → judge → alerts
        pulse = Pulse()

        def judge() -> Shown:
            return Shown(Judge(alerts.rules, alerts.channels.names, clocks), pulse)

        work = Work("judge", SPREADS, judge)
        room.create_task(serve(streams, GROUP, [work], instance=instance))

        # alerts → Slack, mail, …; what became of each → deliveries
        post = Post(kafka, alerts.retry, alerts.links, producer, reader)
        for channel in channels(alerts.channels):
            room.create_task(Outbox(channel, post, instance).run())

        # a pulse at the judge → somebody outside who notices when it stops
        room.create_task(tell(alerts.heartbeat, pulse))
