"""A Faust worker around agents: what reads as the architecture in `app` runs here."""

import asyncio
from collections.abc import Sequence
from typing import Any

import faust
import structlog
from aiokafka import AIOKafkaProducer
from faust.types import TP

from streams import metrics
from streams.agents.agent import Agent, Work
from streams.agents.partitions import PartitionReader
from streams.agents.patience import be_patient
from streams.agents.watchdog import (
    StalledError,
    end_by_force_in,
    while_records_are_taken,
    while_the_loop_runs,
    while_topics_exist,
)
from streams.settings import Kafka, StreamSettings, client

STOP_SECONDS = 4.0

_log = structlog.get_logger()


class AgentFailedError(RuntimeError):
    """An agent met what it could not go on from; the process should end."""


class _App(faust.App):
    def _create_directories(self) -> None:
        """Make no folder for tables wherever we were started: we have none."""


async def serve(
    settings: StreamSettings,
    group: str,
    works: Sequence[Work[Any]],
    *,
    instance: str | None = None,
) -> None:
    """Run agents until cancelled, then leave nothing behind unsaved.

    Args:
        settings: the broker, and how often to checkpoint.
        group: the consumer group; workers of one group share the partitions.
        works: what the agents do.
        instance: a name that stays the same across restarts, with which a
            killed worker is back in milliseconds; unique within the group.

    Raises:
        AgentFailedError: an agent cannot go on; a supervisor should start anew.
    """
    be_patient()
    failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    producer = AIOKafkaProducer(
        **client(settings.kafka), enable_idempotence=True, acks="all"
    )
    async with producer, PartitionReader(settings.kafka) as reader:
        agents = [Agent(work, settings.kafka, producer, reader) for work in works]
        app = _faust_app(settings.kafka, group, instance)
        for agent in agents:
            _attach(app, agent, failed)
        _let_go_when_revoked(app, agents)
        every = settings.checkpoint_every.total_seconds()
        upkeep = [
            asyncio.ensure_future(_save_often(app, agents, every)),
            asyncio.ensure_future(while_the_loop_runs()),
            asyncio.ensure_future(while_records_are_taken(agents, reader)),
            asyncio.ensure_future(while_topics_exist(agents, reader)),
        ]
        try:
            await app.start()
            await asyncio.wait([failed, *upkeep], return_when=asyncio.FIRST_COMPLETED)
            await next(task for task in (failed, *upkeep) if task.done())
        except Exception as error:
            # Whatever else hangs now, the supervisor must get its turn.
            end_by_force_in()
            if isinstance(error, StalledError):
                raise AgentFailedError(str(error)) from error
            raise
        finally:
            for task in upkeep:
                task.cancel()
            await asyncio.gather(*upkeep, return_exceptions=True)
            await _stop(app)
            if not failed.done():
                for agent in agents:
                    await agent.save()


def _faust_app(kafka: Kafka, group: str, instance: str | None) -> faust.App:
    arguments = client(kafka)
    credentials: faust.SASLCredentials | faust.SSLCredentials | None = None
    if "sasl_mechanism" in arguments:
        credentials = faust.SASLCredentials(
            username=arguments["sasl_plain_username"],
            password=arguments["sasl_plain_password"],
            mechanism=arguments["sasl_mechanism"],
            ssl_context=arguments.get("ssl_context"),
        )
    elif "ssl_context" in arguments:
        credentials = faust.SSLCredentials(arguments["ssl_context"])
    return _App(
        kafka.topic_prefix + group,
        broker=[f"kafka://{server}" for server in arguments["bootstrap_servers"]],
        # Never in the URL: Faust prints it when it starts.
        broker_credentials=credentials,
        store="memory://",
        topic_partitions=kafka.partitions,
        # Topics exist before we start: one that a metadata request creates has
        # the wrong number of partitions.
        topic_allow_declare=False,
        topic_disable_leader=True,
        web_enabled=False,
        consumer_auto_offset_reset="earliest",
        consumer_group_instance_id=instance,
        broker_session_timeout=10.0,
        broker_heartbeat_interval=2.0,
        broker_rebalance_timeout=20.0,
        # A firewall that forgot our connections tells nobody. Longer than a rebalance.
        broker_request_timeout=30.0,
        broker_max_poll_records=500,
        broker_commit_interval=2.0,
        producer_request_timeout=60.0,
        stream_wait_empty=False,
    )


def _let_go_when_revoked(app: faust.App, agents: Sequence[Agent[Any]]) -> None:
    async def let_go(*_: object, **__: object) -> None:
        for agent in agents:
            await agent.save()
            agent.forget()

    app.on_partitions_revoked.connect(let_go, weak=False)


async def _stop(app: faust.App) -> None:
    """Stop Faust, but do not wait for it for ever.

    Asked to stop in the middle of a rebalance it may never finish. Nothing of
    ours depends on it: what counts is in the checkpoints.
    """
    stopping = asyncio.ensure_future(app.stop())
    _, unfinished = await asyncio.wait([stopping], timeout=STOP_SECONDS)
    if unfinished:
        _log.warning("Faust did not stop in time", seconds=STOP_SECONDS)
        stopping.cancel()


def _attach(app: faust.App, agent: Agent[Any], failed: asyncio.Future[None]) -> None:
    """Let a Faust agent hand every record to ours, as raw bytes.

    Decoding happens inside, where garbage is refused: an error in Faust's own
    codec is acknowledged first and then thrown into the agent.
    """
    topic = app.topic(
        agent.topic,
        value_type=bytes,
        value_serializer="raw",
        key_type=bytes,
        key_serializer="raw",
    )

    async def consume(stream: faust.StreamT[bytes]) -> None:
        try:
            async for event in stream.events():
                message = event.message
                await agent.take(message.partition, message.offset, message.value)
        except Exception as error:
            # Faust would acknowledge the record, restart the agent and go on.
            if not failed.done():
                failed.set_exception(
                    AgentFailedError(f"{agent.name}: {type(error).__name__}: {error}")
                )
            raise

    app.agent(topic, name=agent.name, concurrency=1)(consume)


async def _save_often(
    app: faust.App, agents: Sequence[Agent[Any]], every: float
) -> None:
    while True:
        await asyncio.sleep(every)
        for agent in agents:
            await agent.save()
            metrics.LAG.labels(agent.name).set(_lag(app, agent))


def _lag(app: faust.App, agent: Agent[Any]) -> int:
    """Return how many records wait for the agent, as far as Faust has heard."""
    taken = agent.applied()
    if not taken:
        # On a slow start there is no consumer yet, and Faust raises when asked.
        return 0
    assigned = app.consumer.assignment()
    waiting = 0
    for number, applied in taken.items():
        partition = TP(agent.topic, number)
        if partition in assigned:
            end = app.consumer.highwater(partition) or 0
            waiting += max(0, end - applied - 1)
    return waiting
