"""A market that says what a test of the page wants it to say."""

import time
from collections.abc import Iterable

from aiokafka import AIOKafkaProducer

from streams import wire
from streams.events import (
    Alert,
    AlertState,
    ContextReadings,
    Event,
    FeedState,
    LegName,
    LegValue,
    Origin,
    Quality,
    SpreadReadings,
    VolatilityReadings,
    VolTicks,
)
from streams.settings import Kafka
from streams.topics import ALERTS, CONTEXT, FEEDS, READINGS, SPREADS, VOL_TICKS, Topic
from volcross.page.follower import Follower

SECOND = 1_000_000_000
MINUTE = 60 * SECOND

NVDA = LegName(
    symbol="NVDA", measure="iv30", window="30d", origin=Origin.PUBLISHED, source="cboe"
)
BTC = LegName(
    symbol="BTC",
    measure="dvol",
    window="30d",
    origin=Origin.PUBLISHED,
    source="deribit",
)


class Market:
    """Puts records on the topics, as the rooms would."""

    def __init__(self, kafka: Kafka, producer: AIOKafkaProducer) -> None:
        self._kafka = kafka
        self._producer = producer
        # Whole minutes; an hour of history up to now.
        self.now = time.time_ns() // MINUTE * MINUTE - 60 * MINUTE

    async def put(self, topic: Topic, key: str, event: Event) -> None:
        await self._producer.send_and_wait(
            self._kafka.topic_prefix + topic.name, wire.encode(event), key=key.encode()
        )

    async def spread(
        self,
        left: list[float],
        right: list[float],
        comparison: str = "implied",
        legs: tuple[LegName, LegName] = (NVDA, BTC),
    ) -> None:
        start = self.now
        at = [start + MINUTE * row for row in range(len(left))]
        self.now = at[-1] + MINUTE
        await self.put(
            SPREADS,
            "NVDA/BTC",
            SpreadReadings(
                pair="/".join(dict.fromkeys(leg.symbol for leg in legs)),
                comparison=comparison,
                left=legs[0],
                right=legs[1],
                start=start,
                end=self.now,
                at=at,
                left_value=left,
                right_value=right,
                spread=[a - b for a, b in zip(left, right, strict=True)],
                left_at=at,
                right_at=at,
            ),
        )
        await self.put(
            VOL_TICKS,
            "BTC",
            VolTicks(
                symbol="BTC",
                source="deribit",
                measure="dvol",
                tenor_days=30,
                start=start,
                end=self.now,
                at=at,
                value=right,
            ),
        )

    async def chain(
        self,
        symbol: str,
        volatility: float,
        skew: float,
        tenors: Iterable[int] = (7, 14, 30, 60, 90),
    ) -> None:
        """Say what `imply` says of a chain: a smile that falls with the tenor."""
        for days in tenors:
            level = volatility + 0.1 * (30 - days) / 90
            for measure, value in (
                ("atm", level),
                ("vix", level + 0.02),
                ("skew25", skew * 30 / days),
            ):
                reading = VolatilityReadings(
                    symbol=symbol,
                    measure=measure,
                    window=f"{days}d",
                    origin=Origin.COMPUTED,
                    source="made-up",
                    quality=Quality.OK,
                    start=self.now - MINUTE,
                    end=self.now,
                    at=[self.now - 1],
                    value=[value],
                )
                await self.put(READINGS, symbol, reading)

    async def published(self, name: LegName, value: float) -> None:
        reading = VolatilityReadings(
            symbol=name.symbol,
            measure=name.measure,
            window=name.window,
            origin=name.origin,
            source=name.source,
            quality=Quality.OK,
            start=self.now - MINUTE,
            end=self.now,
            at=[self.now - 1],
            value=[value],
        )
        await self.put(READINGS, name.symbol, reading)

    async def context(self, z_score: float, left_rank: float | None) -> None:
        await self.put(
            CONTEXT,
            "NVDA/BTC",
            ContextReadings(
                pair="NVDA/BTC",
                comparison="implied",
                left=NVDA,
                right=BTC,
                start=self.now - MINUTE,
                end=self.now,
                at=[self.now - 1],
                z_score=[z_score],
                left_rank=[left_rank],
                left_percentile=[left_rank],
                right_rank=[None],
                right_percentile=[None],
                left_days=[63],
                right_days=[4],
                announcements=["NVDA earnings 2024-08-28"],
            ),
        )

    async def connection(self, feed: str, reason: str) -> None:
        now = time.time_ns()
        state = FeedState(
            feed=feed,
            up=False,
            at=now,
            since=now - 90 * SECOND,
            reason=reason,
            attempts=4,
            next_try=now + 30 * SECOND,
        )
        await self.put(FEEDS, feed, state)

    async def alert(
        self,
        state: AlertState,
        left: float,
        right: float,
        reason: str = "spread above 0 points for 15 min",
        since: int | None = None,
    ) -> None:
        at = self.now
        since = at - 15 * MINUTE if since is None else since

        def leg(name: LegName, value: float) -> LegValue:
            return LegValue(name=name, value=value, at=at, market_open=True)

        await self.put(
            ALERTS,
            "nvda-above-btc",
            Alert(
                id=f"i{since}",
                rule="nvda-above-btc",
                severity="warning",
                pair="NVDA/BTC",
                comparison="implied",
                state=state,
                event_time=at,
                since=since,
                left=leg(NVDA, left),
                right=leg(BTC, right),
                spread=left - right,
                reason=reason,
                channels=[],
                began=since,
                peak=left - right,
                peak_at=at,
            ),
        )


class Told(Market):
    """The same market, told to a page that stands alone: no broker between them."""

    def __init__(self, follower: Follower) -> None:
        self._follower = follower
        follower.why_not_ready = None
        self.now = time.time_ns() // MINUTE * MINUTE - 60 * MINUTE

    async def put(self, topic: Topic, key: str, event: Event) -> None:  # noqa: ARG002 - a broker's
        self._follower.board.apply(event)
        self._follower.tell(self._follower.message())
