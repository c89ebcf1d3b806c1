"""The worker's upkeep: it goes on at any moment of a start."""

from streams.agents.agent import Agent, Work
from streams.agents.worker import _faust_app, _lag
from streams.settings import Kafka
from streams.stages.sample import Sample
from streams.topics import PRICE_TICKS
from tests.streams.market import settings


async def test_before_there_is_a_consumer_nothing_waits() -> None:
    # On a slow machine the first checkpoint is due before Faust's consumer runs.
    kafka = Kafka(bootstrap_servers="127.0.0.1:1")
    app = _faust_app(kafka, "group", None)
    work = Work("sample", PRICE_TICKS, lambda: Sample(settings(kafka)))
    agent = Agent(work, kafka, None, None)  # type: ignore[arg-type]  # neither is asked
    assert _lag(app, agent) == 0
