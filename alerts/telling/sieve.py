"""What of the alerts is to be told on one channel now, and what later or never."""

import contextlib
from collections.abc import Iterable, Sequence

import structlog
from aiokafka.structs import ConsumerRecord

from alerts import metrics
from alerts.telling.delivery import Result
from alerts.telling.ledger import Key, Ledger, Post
from alerts.telling.route import Route, route_of
from alerts.telling.silences import in_force, reason, silencing
from alerts.words.wording import both_times
from streams import wire
from streams.events import Alert, AlertState, Outcome, Silence
from streams.topics import ALERTS, SILENCES

_log = structlog.get_logger()
_alert = wire.Codec(Alert)
_silence = wire.Codec(Silence)


class Sieve:
    """Holds alerts against what was told, against routes and against silences.

    Whatever is not to be told now is written down with the reason, so that
    its offset may be committed: what waits, waits in the ledger.

    Args:
        channel: whose.
        post: what all outboxes share.
        ledger: what became of each alert on this channel.
        routes: who hears of what, and when.
    """

    def __init__(
        self, channel: str, post: Post, ledger: Ledger, routes: Sequence[Route]
    ) -> None:
        self._channel = channel
        self._post = post
        self._ledger = ledger
        self._routes = routes

    async def fresh(self, records: Iterable[ConsumerRecord]) -> dict[int, Alert]:
        """Return, by offset, what is to be told now of what has just come in."""
        due: dict[int, Alert] = {}
        seen: set[Key] = set()
        for record in records:
            alert = self._read(record)
            if alert is None or not self._is_for_us(alert):
                continue
            key = (alert.id, alert.state)
            if key not in seen and self._ledger.outcome(*key) is None:
                seen.add(key)
                due[record.offset] = alert
        wanted = await self._unsilenced(due.values())
        now = [alert for alert in wanted if not await self._held(alert)]
        return {
            offset: alert
            for offset, alert in due.items()
            if any(alert is one for one in now)
        }

    async def over(self) -> list[Alert]:
        """Return what was held and need not wait any longer, oldest first."""
        now = self._post.clock()
        held = [
            alert
            for alert in await self._recorded(Outcome.HELD)
            if self._quiet_until(alert, now) is None
        ]
        return await self._unsilenced(held)

    async def again(self) -> list[Alert]:
        """Return the dead letters that somebody wants sent again, oldest first."""
        return await self._recorded(Outcome.DUE)

    async def taken(self) -> list[tuple[Alert, str]]:
        """Return what this channel took before, oldest first, with its receipts."""
        return [
            (alert, self._ledger.receipt(alert.id, alert.state))
            for alert in await self._recorded(Outcome.DELIVERED)
        ]

    async def _recorded(self, outcome: Outcome) -> list[Alert]:
        wanted = self._ledger.waiting(outcome)
        if not wanted:
            return []
        reader, topic = self._post.reader, self._post.kafka.topic_prefix + ALERTS.name
        found: dict[Key, Alert] = {}
        end = await reader.end(topic, 0)
        async for _, raw in reader.between(topic, 0, 0, end):
            with contextlib.suppress(wire.Unreadable):
                alert = _alert.decode(raw)
                if (key := (alert.id, alert.state)) in wanted:
                    found.setdefault(key, alert)
        return list(found.values())

    def _is_for_us(self, alert: Alert) -> bool:
        channels, route = alert.channels, route_of(self._routes, alert)
        return self._channel in (route.narrowed(channels) if route else channels)

    def _quiet_until(self, alert: Alert, now: int) -> int | None:
        route = route_of(self._routes, alert)
        return route.quiet_until(alert.severity, now) if route else None

    async def _held(self, alert: Alert) -> bool:
        until = self._quiet_until(alert, self._post.clock())
        if until is None:
            return False
        why = f"quiet hours until {both_times(until)}"
        await self._ledger.record(alert, Result(Outcome.HELD, 0, why))
        return True

    async def _unsilenced(self, due: Iterable[Alert]) -> list[Alert]:
        """Return what is left to tell; what is silenced is recorded as such."""
        if not (waiting := list(due)):
            return []
        # Read anew each time, alerts being rare: a silence holds at once.
        silences = in_force(await self._read_silences(), self._post.clock())
        left = []
        for alert in waiting:
            silence = silencing(alert, silences)
            if silence is not None:
                result = Result(Outcome.SILENCED, 0, reason(silence))
                await self._ledger.record(alert, result)
            elif await self._was_never_told(alert):
                # Nobody wants to hear that what they were not told of is over.
                result = Result(Outcome.SILENCED, 0, "its firing was silenced")
                await self._ledger.record(alert, result)
            else:
                left.append(alert)
        return left

    async def _was_never_told(self, alert: Alert) -> bool:
        """Return whether this is the end of what nobody here has heard of."""
        firing = self._ledger.outcome(alert.id, AlertState.FIRING)
        if alert.state is AlertState.FIRING or firing is not Outcome.SILENCED:
            return False
        # A reminder after the silence is news, and so is its end.
        return not any(
            (told.rule, told.began, told.state)
            == (alert.rule, alert.began, AlertState.UPDATED)
            for told in await self._recorded(Outcome.DELIVERED)
        )

    async def _read_silences(self) -> list[Silence]:
        topic = self._post.kafka.topic_prefix + SILENCES.name
        end = await self._post.reader.end(topic, 0)
        told = []
        async for _, raw in self._post.reader.between(topic, 0, 0, end):
            with contextlib.suppress(wire.Unreadable):
                told.append(_silence.decode(raw))
        return told

    def _read(self, record: ConsumerRecord) -> Alert | None:
        if record.value is None:
            return None  # a tick: see `alerts.telling.passage`
        try:
            return _alert.decode(record.value)
        except wire.Unreadable as error:
            metrics.UNREADABLE.labels(self._channel).inc()
            _log.error(
                "alert unreadable",
                channel=self._channel,
                offset=record.offset,
                reason=error.reason,
                detail=error.detail,
            )
            return None
