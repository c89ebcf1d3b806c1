"""A kafka-python producer that asyncio can await and that outlives its broker."""

import asyncio
import random
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import structlog
from kafka import KafkaProducer
from kafka.errors import KafkaError, MessageSizeTooLargeError, RetriableError
from kafka.future import Future
from kafka.net.compat import KafkaNetClient

from producers import metrics
from streams.settings import Kafka, client
from streams.topics import LARGEST_BYTES

log = structlog.get_logger(__name__)

T = TypeVar("T")

BACKOFF_SECONDS = 0.1
BACKOFF_MAX_SECONDS = 5.0

_PROMISE = {
    "acks": "all",
    "enable_idempotence": True,
    # kafka-python gives a record up after two minutes. We never do: 24 days,
    # the longest that a poll can wait in milliseconds.
    "delivery_timeout_ms": 24 * 86_400_000,
    "request_timeout_ms": 10_000,
    "bootstrap_timeout_ms": 5_000,
    # send() waits this long for the partitions of a topic that is not there.
    "max_block_ms": 5_000,
    "reconnect_backoff_max_ms": 1_000,
    # A topic made by accident has the broker's number of partitions, not ours.
    "allow_auto_create_topics": False,
    "max_request_size": LARGEST_BYTES,
    "metrics_enabled": False,
}


class Link:
    """The way to the broker; made when first needed, and again when it broke."""

    def __init__(self, kafka: Kafka) -> None:
        self._kafka = kafka
        self._producer: KafkaProducer | None = None
        self._making = asyncio.Lock()
        # send() blocks while a topic is unknown, so it stays off the loop.
        self._sender = ThreadPoolExecutor(1, thread_name_prefix="kafka-send")

    async def deliver(self, topic: str, key: str, value: bytes) -> None:
        """Return once the broker has written the record down.

        It never gives up on a broker that is away, restarted, full or has
        forgotten who we are: it says so, waits, and sends the same again.

        Args:
            topic: without the configured prefix.
            key: equal keys share a partition.
            value: the record's bytes.

        Raises:
            MessageSizeTooLargeError: the broker takes no record this large.
        """
        began = asyncio.get_running_loop().time()
        attempt = 0
        while True:
            producer = None
            try:
                producer = await self._connected()
                await self._send(producer, topic, key, value)
            except MessageSizeTooLargeError:
                raise
            except (KafkaError, OSError) as error:
                attempt += 1
                await self._failed(producer, topic, error, attempt)
            else:
                break
        metrics.ACKNOWLEDGED.observe(asyncio.get_running_loop().time() - began)
        if attempt:
            log.info("published after all", topic=topic, attempts=attempt + 1)

    async def close(self) -> None:
        """Let go of the broker; what is still on its way is forgotten."""
        producer, self._producer = self._producer, None
        if producer is not None:
            await _in_thread(lambda: _end(producer))
        self._sender.shutdown(wait=False, cancel_futures=True)

    async def _connected(self) -> KafkaProducer:
        async with self._making:
            if self._producer is None:
                self._producer = await _in_thread(self._make)
            return self._producer

    def _make(self) -> KafkaProducer:
        made: list[KafkaNetClient] = []

        def net_client(**config: object) -> KafkaNetClient:
            made.append(KafkaNetClient(**config))
            return made[0]

        try:
            return KafkaProducer(
                **client(self._kafka),
                ssl_cafile=self._kafka.ssl_cafile,
                kafka_client=net_client,
                **_PROMISE,
            )
        except BaseException:
            # A producer that finds no broker would leave its sockets behind.
            for net in made:
                net.close()
            raise

    async def _send(
        self,
        producer: KafkaProducer,
        topic: str,
        key: str,
        value: bytes,
    ) -> None:
        loop = asyncio.get_running_loop()
        future = await loop.run_in_executor(
            self._sender,
            lambda: producer.send(
                self._kafka.topic_prefix + topic, value=value, key=key.encode()
            ),
        )
        await _acknowledged(future)

    async def _failed(
        self,
        producer: KafkaProducer | None,
        topic: str,
        error: Exception,
        attempt: int,
    ) -> None:
        reason = type(error).__name__
        metrics.FAILURES.labels(reason=reason).inc()
        wait = min(BACKOFF_MAX_SECONDS, BACKOFF_SECONDS * 2 ** (attempt - 1))
        wait *= random.uniform(0.5, 1.0)  # noqa: S311 - jitter, not a secret
        log.warning(
            "publishing failed, will try again",
            topic=topic,
            reason=reason,
            detail=str(error),
            attempt=attempt,
            wait_seconds=round(wait, 3),
        )
        broken = producer is not None and not isinstance(error, RetriableError)
        if broken and producer is self._producer:
            # It may be fenced or out of sequence for good: start over. What it
            # had in flight is sent again, which coverage makes harmless.
            self._producer = None
            await _in_thread(lambda: _end(producer))
        await asyncio.sleep(wait)


async def _acknowledged(future: Future) -> None:
    """Wait for a future of kafka-python's, which answers from its own thread."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[None] = loop.create_future()

    def settle(error: Exception | None) -> None:
        if done.done():
            return
        if error is None:
            done.set_result(None)
        else:
            done.set_exception(error)

    def hop(error: Exception | None) -> None:
        if not loop.is_closed():
            loop.call_soon_threadsafe(settle, error)

    future.add_callback(lambda _: hop(None))
    future.add_errback(hop)
    await done


def _end(producer: KafkaProducer) -> None:
    # close() alone waits for what can no longer be delivered, then raises and
    # leaves its thread running; there is no public way to say "at once".
    producer._sender.force_close()  # noqa: SLF001
    try:
        producer.close(timeout=2)
    except KafkaError as error:
        log.warning("the Kafka client did not end in time", detail=str(error))
        # Or its finaliser would try once more, and raise there.
        producer._closed = True  # noqa: SLF001


async def _in_thread(work: Callable[[], T]) -> T:
    """Run `work` in a daemon thread, so that nobody has to wait for it at exit."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()

    def settle(result: T | None, error: BaseException | None) -> None:
        if done.done():
            return
        if error is not None:
            done.set_exception(error)
        else:
            done.set_result(result)  # type: ignore[arg-type] # T may be None itself

    def target() -> None:
        result, failure = None, None
        try:
            result = work()
        except BaseException as error:  # noqa: BLE001 - handed over, not hidden
            failure = error
        if not loop.is_closed():
            loop.call_soon_threadsafe(settle, result, failure)

    threading.Thread(target=target, name="kafka-link", daemon=True).start()
    return await done
