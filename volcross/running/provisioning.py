"""Topics, made on purpose and before anybody subscribes.

A topic that some client's metadata request made by chance has the broker's
default number of partitions, and keys then meet where no agent looks for them.
"""

import asyncio
import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, Any

import structlog

from streams.settings import Kafka, client
from streams.topics import TOPICS, Topic
from volcross.refusal import Refusal
from volcross.running import capping

if TYPE_CHECKING:
    from kafka import KafkaAdminClient

log = structlog.get_logger(__name__)

KNOCK_SECONDS = 2.0
"""How long nobody may take our connection before we say so."""

REACH_SECONDS = 10.0
"""How long a broker that takes it may take to answer."""

_ADVICE = "refused: set kafka.partitions to what exists, or another kafka.topic_prefix"


class Unreachable(Refusal):
    """No broker answers, or it does not let us in."""


class Mismatch(Refusal):
    """Topics exist, and are not what volcross needs."""


def partitions(topic: Topic, kafka: Kafka) -> int:
    """Return how many partitions the topic is split into."""
    return kafka.partitions if topic.spread else 1


def wanted(kafka: Kafka, *, capped: bool = False) -> dict[str, dict[str, Any]]:
    """Return every topic's full name and how it is to be made.

    Args:
        kafka: the cluster, and how its topics are to be.
        capped: keep of each topic only what `capping` says, however young: for
            a broker that keeps everything in memory.
    """
    return {
        kafka.topic_prefix + topic.name: {
            "num_partitions": partitions(topic, kafka),
            "replication_factor": kafka.replication,
            "configs": (
                {"cleanup.policy": "compact"}
                if topic.compacted
                else {"retention.ms": str(topic.retention_seconds * 1000)}
            )
            | (
                {"max.message.bytes": str(topic.record_bytes)}
                if topic.record_bytes
                else {}
            )
            | (capping.capped(topic) if capped else {}),
        }
        for topic in TOPICS.values()
    }


def mismatches(found: dict[str, int], kafka: Kafka) -> list[str]:
    """Return a line for each topic whose partitions are not as configured.

    Args:
        found: the partitions of each existing topic.
        kafka: what is configured.
    """
    return [
        f"topic {name}: found {found[name]} partitions,"
        f" expected {topic['num_partitions']}"
        for name, topic in wanted(kafka).items()
        if name in found and found[name] != topic["num_partitions"]
    ]


def existing(kafka: Kafka, within: float = REACH_SECONDS) -> dict[str, int]:
    """Return the partitions of each topic the cluster has.

    Raises:
        Unreachable: no broker answers in time, or it refuses us.
    """
    with admin(kafka, within) as cluster:
        return {
            topic["name"]: len(topic["partitions"])
            for topic in cluster.describe_topics()
        }


def verify(kafka: Kafka) -> None:
    """Refuse topics that are missing, or not as configured.

    Raises:
        Unreachable: no broker answers.
        Mismatch: topics are missing or have other partitions; says which.
    """
    exist = existing(kafka)
    if wrong := mismatches(exist, kafka):
        raise Mismatch(*wrong, _ADVICE)
    if missing := wanted(kafka).keys() - exist.keys():
        raise Mismatch(
            f"{len(missing)} topics are missing on {kafka.bootstrap_servers}:"
            " `volcross topics create`, or any role, creates them"
        )


def provision(
    kafka: Kafka, knock: float = KNOCK_SECONDS, *, capped: bool = False
) -> list[str]:
    """Make the topics that are missing; return their names.

    Args:
        kafka: the cluster, and how its topics are to be.
        knock: as for `admin`.
        capped: as for `wanted`.

    Raises:
        Unreachable: no broker answers in time, or it refuses us.
        Mismatch: an existing topic has other partitions; nothing was made.
    """
    from kafka.errors import KafkaError, TopicAlreadyExistsError

    with admin(kafka, knock=knock) as cluster:
        found = {
            topic["name"]: len(topic["partitions"])
            for topic in cluster.describe_topics()
        }
        if wrong := mismatches(found, kafka):
            raise Mismatch(*wrong, _ADVICE)
        missing = {
            name: how
            for name, how in wanted(kafka, capped=capped).items()
            if name not in found
        }
        if missing:
            try:
                cluster.create_topics(missing, wait_for_metadata=True)
            except TopicAlreadyExistsError:
                # Somebody makes them at the same moment: then look again.
                return provision(kafka, knock, capped=capped)
            except KafkaError as error:
                raise Refusal(f"topics cannot be created: {_said(error)}") from error
    return sorted(missing)


async def provisioned(
    kafka: Kafka, longest: float = 30.0, *, capped: bool = False
) -> None:
    """Make the topics, however long the broker takes to come.

    Args:
        kafka: the cluster.
        longest: seconds between two attempts, at most.
        capped: as for `wanted`.

    Raises:
        Mismatch: existing topics have other partitions: waiting mends nothing.
    """
    wait, knock = 1.0, KNOCK_SECONDS
    while True:
        try:
            work = partial(provision, knock=knock, capped=capped)
            made = await _aside(work, kafka)
        except Unreachable as error:
            log.warning(error.lines[0], retry_in_seconds=wait)
            await asyncio.sleep(wait)
            # It has been said: from here on rather knock than sleep.
            wait, knock = min(longest, wait * 2), REACH_SECONDS
        else:
            if made:
                log.info("topics created", topics=made)
            return


async def _aside(work: Callable[[Kafka], list[str]], kafka: Kafka) -> list[str]:
    """Return what `work` returns, from a thread that nobody waits for at the end.

    The event loop does wait for `asyncio.to_thread`: a role asked to stop while
    the broker is away would not stop in time.
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[list[str]] = loop.create_future()

    def settle(result: list[str] | None, error: Exception | None) -> None:
        if done.cancelled():
            return
        if error is not None:
            done.set_exception(error)
        else:
            done.set_result(result or [])

    def run() -> None:
        result, failure = None, None
        try:
            result = work(kafka)
        except Exception as error:  # noqa: BLE001 - raised again where it is awaited
            failure = error
        with suppress(RuntimeError):  # the loop is closed: nobody asks any more
            loop.call_soon_threadsafe(settle, result, failure)

    threading.Thread(target=run, daemon=True, name="provisioning").start()
    return await done


@contextmanager
def admin(
    kafka: Kafka, within: float = REACH_SECONDS, *, knock: float = KNOCK_SECONDS
) -> Iterator["KafkaAdminClient"]:
    """Give a client of the cluster's administration.

    Args:
        kafka: the cluster.
        within: seconds a broker has to answer.
        knock: seconds within which one has to take a connection.

    Raises:
        Unreachable: none does, in time, or it refuses us.
    """
    from kafka import KafkaAdminClient
    from kafka.errors import KafkaError

    deadline = time.monotonic() + knock
    while (reason := refusal(kafka)) is not None:
        if time.monotonic() > deadline:
            raise Unreachable(
                f"no Kafka broker answers at {kafka.bootstrap_servers}: {reason}"
            )
        time.sleep(0.25)
    # It warns of every refused attempt; we say it once, in one line.
    logging.getLogger("kafka").setLevel(logging.CRITICAL)
    try:
        cluster = KafkaAdminClient(
            **client(kafka),
            ssl_cafile=kafka.ssl_cafile,
            client_id="volcross",
            bootstrap_timeout_ms=int(within * 1000),
            request_timeout_ms=int(within * 1000),
        )
    except (KafkaError, OSError, ValueError) as error:
        raise Unreachable(
            f"no Kafka broker answers at {kafka.bootstrap_servers}"
            f" within {within:g} s ({_said(error)})"
        ) from error
    try:
        yield cluster
    except KafkaError as error:
        raise Unreachable(
            f"the Kafka broker at {kafka.bootstrap_servers} fails ({_said(error)})"
        ) from error
    finally:
        cluster.close()


def refusal(kafka: Kafka, timeout: float = 2.0) -> str | None:
    """Return why no bootstrap server takes a connection, None where one does.

    Asked before a client is built: one that cannot connect leaves a thread
    behind, and does not say what the operating system told it.
    """
    reason = "no server given"
    for server in (kafka.bootstrap_servers or "").split(","):
        host, _, port = server.strip().rpartition(":")
        try:
            with socket.create_connection((host.strip("[]"), int(port)), timeout):
                return None
        except ValueError:
            reason = f"{server!r} is not host:port"
        except OSError as error:
            reason = (error.strerror or str(error) or type(error).__name__).lower()
    return reason


def _said(error: Exception) -> str:
    text = " ".join(str(error).split())
    name = type(error).__name__
    return text if text.startswith(name) else f"{name}: {text}" if text else name
