"""The whole line, stage after stage: the pulse stops with whichever one stops."""

from collections.abc import Iterator
from typing import Any

import pytest

from alerts.judging.pulse import Pulse
from alerts.judging.rule import Rule
from alerts.judging.rulebook import Rulebook, clocks_of
from alerts.judging.shown import Shown
from streams.agents.stage import Out, Stage
from streams.events import Event, PriceTicks, VolTicks
from streams.settings import StreamSettings
from streams.stages.join import Join
from streams.stages.measure import Measure
from streams.stages.place import Place
from streams.stages.quote import Quote
from streams.stages.sample import Sample
from streams.topics import BARS, CONTEXT, LEGS, PRICE_TICKS, SPREADS, VOL_TICKS

SECOND = 10**9
MINUTE = 60 * SECOND
NOON = 1_722_014_820 // 60 * MINUTE
WITHIN = 2 * MINUTE

SETTINGS = StreamSettings.model_validate(
    {
        "symbols": {
            name: {"clock": "crypto", "implied": "dvol", "grid": "1m"}
            for name in ("BTC", "ETH")
        },
        "realised": {"estimators": ["close-to-close"], "windows": ["1h"]},
        "pairs": [
            {
                "left": "BTC",
                "right": "ETH",
                "realised": ["close-to-close/1h"],
                "chains": [],
            }
        ],
    }
)
RULES = [
    {"name": "implied", "pair": "BTC/ETH"},
    {"name": "realised", "pair": "BTC/ETH", "comparison": "close-to-close/1h"},
    {"name": "unusual", "pair": "BTC/ETH", "watch": "z-score", "margin": 3},
]
AGENTS = ("sample", "measure", "quote", "join", "place", "judge", "weigh")


class Line:
    """Every agent between a feed and the pulse, each of which may be stopped."""

    def __init__(self) -> None:
        rules = [Rule.model_validate(rule) for rule in RULES]
        book = Rulebook(rules, [], clocks_of(SETTINGS))
        self.pulse = Pulse(book.watched)
        self.stopped = ""
        self._agents: dict[str, tuple[str, Stage[Any]]] = {
            "sample": (PRICE_TICKS.name, Sample(SETTINGS)),
            "measure": (BARS.name, Measure(SETTINGS)),
            "quote": (VOL_TICKS.name, Quote(SETTINGS)),
            "join": (LEGS.name, Join(SETTINGS)),
            "place": (SPREADS.name, Place(SETTINGS)),
            "judge": (SPREADS.name, Shown(book, self.pulse)),
            "weigh": (CONTEXT.name, Shown(book, self.pulse, by_history=True)),
        }

    def take(self, topic: str, record: Event, now: int) -> None:
        for name, (reads, stage) in self._agents.items():
            if reads != topic or name == self.stopped:
                continue
            for outcome in stage.apply(record, 0, now):
                if isinstance(outcome, Out):
                    self.take(outcome.topic.name, outcome.event, now)
            stage.state()
            self.pulse.written(stage)


def market(minute: int) -> Iterator[tuple[str, Event]]:
    """Yield what both feeds say of one minute."""
    start = NOON + minute * MINUTE
    for symbol, price in (("BTC", 60_000.0), ("ETH", 3_000.0)):
        yield (
            PRICE_TICKS.name,
            PriceTicks(
                symbol=symbol,
                source="test",
                start=start,
                end=start + MINUTE,
                at=[start + SECOND],
                price=[price * (1.001 if minute % 2 else 1.0)],
            ),
        )
        yield (
            VOL_TICKS.name,
            VolTicks(
                symbol=symbol,
                source="test",
                measure="dvol",
                tenor_days=30,
                start=start,
                end=start + MINUTE,
                at=[start + SECOND],
                value=[0.5],
            ),
        )


def run(line: Line, minutes: range) -> int:
    """Let the feeds speak, and return what time it is then."""
    now = 0
    for minute in minutes:
        now = NOON + (minute + 1) * MINUTE
        for topic, record in market(minute):
            line.take(topic, record, now)
    return now


def test_it_beats_while_all_of_it_works() -> None:
    line = Line()
    for hour in range(3):
        now = run(line, range(60 * hour, 60 * hour + 60))
        assert line.pulse.silent(now, WITHIN) == []


@pytest.mark.parametrize("agent", AGENTS)
def test_it_stops_when_any_agent_is_stopped(agent: str) -> None:
    line = Line()
    now = run(line, range(90))
    assert line.pulse.silent(now, WITHIN) == []
    line.stopped = agent
    now = run(line, range(90, 95))
    assert line.pulse.silent(now, WITHIN) != []
