import time
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from producers.recorded.synthetic import Market, Synthetic
from producers.settings import SyntheticSource, SyntheticSymbol
from producers.source import SECOND, Heard, Values, instant
from streams.events import Origin
from streams.settings import Clock

MONDAY = datetime(2024, 7, 1, tzinfo=UTC)
DAY = 86_400 * SECOND


def settings(
    seed: int = 1,
    lasts: timedelta = timedelta(hours=3),
    **symbols: SyntheticSymbol,
) -> SyntheticSource:
    return SyntheticSource(
        kind="synthetic",
        seed=seed,
        begin=MONDAY,
        lasts=lasts,
        speed=0,
        symbols=symbols or {"BTC": SyntheticSymbol(measure="dvol")},
    )


async def told(source: SyntheticSource) -> list[Heard]:
    return [heard async for heard in Synthetic(source)]


def column(heard: list[Heard], measure: str | None = None) -> Values:
    return np.concatenate([h.value for h in heard if h.series.measure == measure])


async def test_the_same_seed_makes_the_same_market() -> None:
    first, again = await told(settings()), await told(settings())
    assert np.array_equal(column(first), column(again))
    assert np.array_equal(column(first, "dvol"), column(again, "dvol"))
    assert not np.array_equal(column(first), column(await told(settings(seed=2))))


async def test_another_symbol_does_not_disturb_the_first() -> None:
    alone = await told(settings(A=SyntheticSymbol()))
    both = await told(settings(A=SyntheticSymbol(), B=SyntheticSymbol()))
    assert np.array_equal(
        column(alone), column([h for h in both if h.series.symbol == "A"])
    )


async def test_it_covers_its_span_and_no_more() -> None:
    heard = [h for h in await told(settings()) if h.series.measure is None]
    at = np.concatenate([h.at for h in heard])
    start = instant(MONDAY)
    assert at[0] == start
    assert heard[0].since == start
    assert heard[-1].until == start + 3 * 3600 * SECOND
    assert len(at) == 3 * 3600
    assert at[-1] < start + 3 * 3600 * SECOND


def test_prices_realise_the_volatility_they_were_made_with() -> None:
    market = Market(
        "X", SyntheticSymbol(vol=0.8, ticks_per_second=10), np.random.default_rng(3)
    )
    (heard,) = market.chunk(0, DAY)
    returns = np.diff(np.log(heard.value))
    realised = np.sqrt(np.mean(returns**2) * 10 * 365 * 86_400)
    # The standard error of n Gaussian squares is sqrt(1/2n): 0.08% here.
    assert realised == pytest.approx(market.vol, rel=0.004)


def test_a_stock_trades_in_its_sessions_only() -> None:
    market = Market(
        "NVDA",
        SyntheticSymbol(clock=Clock.US_EQUITY, ticks_per_second=1 / 60),
        np.random.default_rng(4),
    )
    start = instant(MONDAY)
    (heard,) = market.chunk(start, start + 5 * DAY)
    # 2024-07-03 closes early, 07-04 not at all; sessions end before their close.
    assert len(heard.at) == 390 + 390 + 210 + 390
    first = datetime.fromtimestamp(int(heard.at[0]) // SECOND, UTC)
    assert first == datetime(2024, 7, 1, 13, 30, tzinfo=UTC)


async def test_vols_say_that_they_are_made_up() -> None:
    vols = [h for h in await told(settings()) if h.series.measure == "dvol"]
    assert {h.series.origin for h in vols} == {Origin.SYNTHETIC}
    value = column(vols, "dvol")
    assert len(value) == 180
    assert np.all((value > 0.1) & (value < 5))


def test_it_makes_five_million_ticks_a_second() -> None:
    market = Market(
        "X", SyntheticSymbol(ticks_per_second=100_000), np.random.default_rng(5)
    )
    list(market.chunk(0, SECOND))
    began = time.process_time()
    made = sum(
        len(h.at)
        for n in range(1, 21)
        for h in market.chunk(n * SECOND, (n + 1) * SECOND)
    )
    assert made == 2_000_000
    # A quarter of what one idle core does: this machine may be a busy one.
    assert made / (time.process_time() - began) > 5e6


async def test_chunks_of_a_wild_market_fit_in_memory() -> None:
    source = Synthetic(settings(X=SyntheticSymbol(ticks_per_second=100_000)))
    async for heard in source:
        assert len(heard.at) <= 250_000
        break
