"""A leg that has never spoken: told once, through restarts, until it speaks."""

import asyncio
from contextlib import suppress

import pytest
from hypothesis import given, settings
from msgspec.structs import replace

from alerts.channels import alertmanager
from alerts.channels.webhook import document
from alerts.judging.incidents import incident_id
from alerts.judging.judge import Judge
from alerts.judging.rule import Rule
from alerts.judging.rulebook import Rulebook, clocks_of
from alerts.judging.told import Told, last_words
from alerts.judging.unheard import Listening, legs, unheard
from alerts.telling.ledger import Post
from alerts.words.chinese import CHINESE
from alerts.words.message import compose
from alerts.words.settings import Links
from streams import wire
from streams.events import Alert, AlertState, Checkpoint, LegReadings, Side
from streams.settings import Kafka, StreamSettings
from streams.topics import LEGS, checkpoints
from tests.alerts.judging.lines import Line, alerts, clocks
from tests.alerts.judging.test_lifecycle import HOURS, cases
from tests.alerts.killing import NOON, announced, leg, spread
from tests.alerts.posting import posting

HOUR = 3600 * 10**9
RULE = Rule.model_validate({"name": "r", "pair": "BTC/ETH", "comparison": "implied"})


def settings_for(kafka: Kafka) -> StreamSettings:
    return StreamSettings.model_validate(
        {
            "kafka": kafka.model_dump(),
            "symbols": {
                name: {"clock": "crypto", "implied": "dvol"} for name in ("BTC", "ETH")
            },
            "pairs": [{"left": "BTC", "right": "ETH"}],
        }
    )


STREAMS = settings_for(Kafka(bootstrap_servers="nowhere:9092", partitions=1))


def book() -> Rulebook:
    return Rulebook([RULE], ["slack"], clocks_of(STREAMS))


def bitcoin() -> LegReadings:
    return LegReadings(
        pair="BTC/ETH",
        comparison="implied",
        side=Side.LEFT,
        name=leg("BTC"),
        start=NOON,
        end=NOON + 1,
        at=[NOON],
        value=[0.597],
    )


def told(**heard: LegReadings) -> Alert:
    known = {Side(side): record for side, record in heard.items()}
    return unheard(RULE, legs(RULE, STREAMS), known, book(), NOON + HOUR)


def test_it_says_in_the_first_line_who_has_never_been_heard_and_invents_no_number() -> (
    None
):
    message = compose(told(left=bitcoin()), Links())
    assert message.headline == (
        "BTC DVOL cannot be compared with ETH DVOL: ETH DVOL never heard so far"
    )
    assert [(row.value, row.standing) for row in message.legs] == [
        ("59.7%", "as of 26 Jul 17:27 UTC, 1 h old"),
        ("–", "never heard so far"),
    ]
    assert ("Unknown", "from the beginning") in message.facts
    assert "1970" not in message.text
    shown = document(told(left=bitcoin()), message)
    assert (shown["right"]["value"], shown["right"]["at"]) == (None, None)
    assert (shown["spread"], shown["since"]) == (None, None)
    chinese = compose(told(), Links(), CHINESE)
    assert chinese.headline.endswith("BTC DVOL 与 ETH DVOL 至今从未有数据")
    assert "1970" not in chinese.text


def test_it_is_known_when_it_first_speaks() -> None:
    judge = book().judge()
    judge.hear_of(last_words([told()]))
    (known,) = alerts(judge, [spread(3600, -0.05)])
    assert (known.state, known.since) == (AlertState.KNOWN, 0)
    assert known.id == told().id == incident_id("r", 0)
    message = compose(known, Links())
    assert message.headline == (
        "BTC DVOL 55.0% can be compared with ETH DVOL 60.0% (-5.0 points)"
    )
    assert "1970" not in message.text + compose(known, Links(), CHINESE).text
    posted = alertmanager.document(known, message, known.event_time)
    assert "1970" not in str(posted)


@settings(max_examples=100)
@given(cases())
def test_all_else_is_told_as_if_it_had_always_been_known(
    case: tuple[Rule, Line, int, int],
) -> None:
    rule, line, start, end = case
    rule = rule.model_copy(update={"only_when": None})
    records = line.cut(start, end, [], rule.watch)
    plain = alerts(Judge([rule], ["slack"], clocks(left=HOURS)), records)
    judge = Judge([rule], ["slack"], clocks(left=HOURS))
    about = {"pair": rule.pair, "watch": rule.watch, "when": rule.when}
    judge.hear_of(last_words([replace(told(), event_time=1, **about)]))
    first, *rest = alerts(judge, records)
    assert (first.state, first.since) == (AlertState.KNOWN, 0)
    assert rest == plain


OTHER = Rule.model_validate({"name": "new", "pair": "BTC/SOL"})
"""About a pair that the file has since the room was started."""


class Rooms:
    """Rooms one after another on one broker, whose time passes quickly."""

    def __init__(self, kafka: Kafka, post: Post) -> None:
        self._streams, self._post = settings_for(kafka), post
        self.now = NOON
        self.looked = 0

    def _clock(self) -> int:
        self.looked += 1
        return self.now

    async def listen(self, wait: int) -> list[Alert]:
        """Return all that is told once a new room has listened for so long (ns)."""
        listening = Listening(
            self._streams,
            Rulebook([OTHER, RULE], ["slack"], clocks_of(self._streams)),
            Told(self._post.kafka, self._post.reader),
            self._post.reader,
            self._post.producer,
            self._clock,
        )
        task = asyncio.ensure_future(listening.listen(0.01))
        await self._looks()
        self.now += wait
        await self._looks()
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        return await announced(self._post)

    async def _looks(self) -> None:
        seen = self.looked
        async with asyncio.timeout(60):
            while self.looked < seen + 3:  # noqa: ASYNC110 - it has nothing to wait on
                await asyncio.sleep(0.01)


@pytest.mark.kafka
async def test_it_is_told_once_through_restarts_after_a_while(kafka: Kafka) -> None:
    async with posting(kafka) as post:
        garbage = b'{"comparison":"implied"}'
        for raw in (wire.encode(bitcoin()), garbage):
            await post.producer.send_and_wait(
                kafka.topic_prefix + LEGS.name, value=raw, partition=0
            )
        rooms = Rooms(kafka, post)
        assert await rooms.listen(HOUR // 2) == []
        (alert,) = await rooms.listen(2 * HOUR)
        assert alert.reason == "ETH DVOL never heard so far"
        assert (alert.left.value, alert.right.at) == (0.597, 0)
        assert await rooms.listen(2 * HOUR) == [alert]


@pytest.mark.kafka
async def test_what_another_worker_judges_is_not_unheard(kafka: Kafka) -> None:
    async with posting(kafka) as post:
        judge = book().judge()
        judge.apply(spread(0, 0.05), 0, 0)
        checkpoint = Checkpoint(
            agent="judge", partition=0, applied=0, base=1, state=judge.state()
        )
        await post.producer.send_and_wait(
            kafka.topic_prefix + checkpoints("judge").name,
            value=wire.encode(checkpoint),
            key=b"0",
            partition=0,
        )
        assert await Rooms(kafka, post).listen(2 * HOUR) == []


@pytest.mark.kafka
async def test_a_pair_whose_legs_have_both_spoken_is_not_unheard(kafka: Kafka) -> None:
    async with posting(kafka) as post:
        ether = replace(bitcoin(), side=Side.RIGHT, name=leg("ETH"))
        for record in (bitcoin(), ether):
            await post.producer.send_and_wait(
                kafka.topic_prefix + LEGS.name, value=wire.encode(record), partition=0
            )
        assert await Rooms(kafka, post).listen(2 * HOUR) == []
