"""The wiring: topic → agent → topic."""

from functools import partial

from streams import metrics
from streams.agents.agent import Work
from streams.agents.worker import serve
from streams.exposition import served
from streams.settings import StreamSettings
from streams.stages.imply import Imply
from streams.stages.join import Join
from streams.stages.measure import Measure
from streams.stages.place import Place
from streams.stages.quote import Quote
from streams.stages.sample import Sample
from streams.topics import BARS, CHAINS, LEGS, PRICE_TICKS, SPREADS, VOL_TICKS
from streams.volatility.market_time import market_clock

GROUP = "volcross-streams"


async def run(settings: StreamSettings, *, instance: str | None = None) -> None:
    """Run the streams room until cancelled.

    Args:
        settings: the configuration.
        instance: this worker's lasting name; see `serve`.

    Raises:
        AgentFailedError: an agent cannot go on; a supervisor should start anew.
    """
    metrics.begin(settings)
    for symbol in settings.symbols.values():
        # Built before the first record comes: it takes seconds, and a worker
        # that stands still for so long is thought dead.
        market_clock(symbol.clock)
    with served(settings.metrics.host, settings.metrics.stream):
        await serve(
            settings,
            GROUP,
            [
                # ticks.price → bars → readings and legs
                Work("sample", PRICE_TICKS, partial(Sample, settings)),
                Work("measure", BARS, partial(Measure, settings)),
                # ticks.vol → readings and legs
                Work("quote", VOL_TICKS, partial(Quote, settings)),
                # chains → readings and legs
                Work("imply", CHAINS, partial(Imply, settings)),
                # legs → spreads
                Work("join", LEGS, partial(Join, settings)),
                # spreads → context
                Work("place", SPREADS, partial(Place, settings)),
            ],
            instance=instance,
        )
