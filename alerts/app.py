"""The wiring: spreads → judge → alerts → one outbox a channel → people."""

import asyncio
import time
from collections.abc import Iterable
from contextlib import AsyncExitStack
from functools import partial
from typing import Any

from aiokafka import AIOKafkaProducer

from alerts import metrics
from alerts.channels.catalogue import channels
from alerts.drawing.pictures import Pictures
from alerts.heartbeat import tell
from alerts.judging.pulse import Pulse
from alerts.judging.rule import Rule
from alerts.judging.rulebook import Rulebook, clocks_of
from alerts.judging.shown import Shown
from alerts.judging.told import Told
from alerts.judging.unheard import Listening
from alerts.judging.withdrawal import withdraw
from alerts.reloading import Reader, follow_file
from alerts.settings import AlertSettings
from alerts.telling.ledger import Post
from alerts.telling.outbox import Manner, Outbox
from alerts.words.writer import Writer
from streams.agents.agent import Work
from streams.agents.partitions import PartitionReader
from streams.agents.worker import serve
from streams.exposition import served
from streams.settings import StreamSettings, client
from streams.topics import CONTEXT, SPREADS

GROUP = "volcross-alerts"


async def run(
    streams: StreamSettings,
    alerts: AlertSettings,
    *,
    instance: str | None = None,
    reread: Reader | None = None,
) -> None:
    """Run the alerts room until cancelled.

    Args:
        streams: where the broker is, and what there is to watch.
        alerts: what to watch for, and whom to tell.
        instance: this process' lasting name; see `streams.agents.worker.serve`.
        reread: reads other rules, when there are any; None: there never are.

    Raises:
        ValueError: a rule watches what nobody works out.
        ExceptionGroup: a part cannot go on; a supervisor should start anew.
    """
    alerts.against(streams)
    metrics.begin(alerts.channels.names)
    book = Rulebook(alerts.rules, alerts.channels.names, clocks_of(streams))
    kafka = streams.kafka
    producer = AIOKafkaProducer(**client(kafka), enable_idempotence=True, acks="all")
    async with AsyncExitStack() as stack:
        stack.enter_context(served(streams.metrics.host, streams.metrics.alert))
        await stack.enter_async_context(producer)
        reader = await stack.enter_async_context(PartitionReader(kafka))
        pictures = await stack.enter_async_context(Pictures(kafka))
        room = await stack.enter_async_context(asyncio.TaskGroup())

        # spreads → judge → alerts, and context → weigh → alerts
        pulse = Pulse(book.watched)
        told = Told(kafka, reader)

        def judge() -> Shown:
            return Shown(book, pulse, lambda: told.words)

        def weigh() -> Shown:
            return Shown(book, pulse, lambda: told.words, by_history=True)

        works: list[Work[Any]] = [
            Work("judge", SPREADS, judge, told.read_on, pulse.written),
            Work("weigh", CONTEXT, weigh, told.read_on, pulse.written),
        ]
        room.create_task(serve(streams, GROUP, works, instance=instance))

        # what no judge can tell of, because it was never heard → alerts
        listening = Listening(streams, book, told, reader, producer)
        room.create_task(listening.listen())

        # rules that are gone → the ends of what they left open → alerts
        async def end(rules: Iterable[Rule]) -> None:
            await withdraw(kafka, rules, reader, producer, time.time_ns())

        room.create_task(end(book.rules))
        if reread is not None:
            room.create_task(follow_file(reread, book, end))

        # alerts → Slack, mail, …; what became of each → deliveries
        post = Post(kafka, alerts.retry, alerts.links, producer, reader)
        for channel in channels(alerts.channels):
            speech = getattr(alerts.channels, channel.name)
            writer = Writer(speech)
            picture = partial(pictures.of, language=writer.language)
            manner = Manner(writer, alerts.routes, picture)
            room.create_task(Outbox(channel, post, instance, manner).run())

        # a tick from the feeds to the outboxes → somebody who notices when it stops
        room.create_task(tell(alerts.heartbeat, pulse, post, alerts.channels.names))
