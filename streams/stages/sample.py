"""The stage from ``ticks.price`` to ``bars``."""

from collections.abc import Iterable
from typing import Any

from streams.agents.stage import Out, Outcome
from streams.events import Bars, PriceTicks
from streams.lengths import nanoseconds, seconds
from streams.reason import Reason
from streams.settings import StreamSettings
from streams.stages.grid import ClosedBars, Grid
from streams.stages.screening import TickScreen
from streams.stages.ticks import TickSeries, refuse_all
from streams.topics import BARS
from streams.volatility.corporate_actions import CorporateAction, price_factors


class _Series:
    """What is remembered of one symbol."""

    def __init__(self, settings: StreamSettings, name: str) -> None:
        symbol = settings.symbols[name]
        actions = [
            CorporateAction(round(action.at.timestamp()) * 10**9, action.factor)
            for action in symbol.actions
        ]
        self.ticks = TickSeries(
            f"{name} prices",
            TickScreen.of_prices(settings.screen, symbol.max_jump),
            nanoseconds(settings.screen.max_ahead),
            # A split must not look like a return, nor like a wild tick.
            scale=lambda at: price_factors(actions, at),
        )
        self.grid = Grid(step=int(seconds(symbol.grid) * 1e9))


class Sample:
    """Screens the ticks of each symbol and closes its bars."""

    def __init__(self, settings: StreamSettings) -> None:
        self._settings = settings
        self._series: dict[str, _Series] = {}

    def apply(self, record: PriceTicks, offset: int, now: int) -> list[Outcome]:
        """Return the bars that these ticks close, and what they had of bad ones."""
        del offset
        if record.symbol not in self._settings.symbols:
            return [refuse_all(record, Reason.UNKNOWN_SYMBOL, "not in [symbols]")]
        series = self._series.get(record.symbol)
        if series is None:
            series = self._series[record.symbol] = _Series(
                self._settings, record.symbol
            )
        taken, out = series.ticks.take(record, record.price, now)
        if taken is not None:
            closed = series.grid.take(*taken)
            if closed is not None:
                step_seconds = series.grid.step // 10**9
                bars = _bars(record, step_seconds, closed)
                out.append(Out(BARS, record.symbol, bars))
        return out

    def state(self) -> dict[str, Any]:
        """Return each symbol's watermark, screen and open bar."""
        return {
            name: {
                "ticks": series.ticks.state(),
                "open_bar": series.grid.open_bar,
                "closed": series.grid.closed,
            }
            for name, series in self._series.items()
        }

    def base(self) -> None:
        """Nothing is read again: an open bar is small."""

    def restore(
        self, state: dict[str, Any], records: Iterable[tuple[int, PriceTicks]]
    ) -> None:
        """Become what gave `state`; symbols no longer configured are forgotten."""
        del records
        for name in state.keys() & self._settings.symbols.keys():
            series = self._series[name] = _Series(self._settings, name)
            series.ticks.restore(state[name]["ticks"])
            series.grid.open_bar = state[name]["open_bar"]
            series.grid.closed = state[name]["closed"]


def _bars(record: PriceTicks, step_seconds: int, closed: ClosedBars) -> Bars:
    return Bars(
        symbol=record.symbol,
        source=record.source,
        grid_seconds=step_seconds,
        start=closed.start,
        end=closed.end,
        at=closed.at.tolist(),
        open=closed.open.tolist(),
        high=closed.high.tolist(),
        low=closed.low.tolist(),
        close=closed.close.tolist(),
        ticks=closed.ticks.tolist(),
        delay_seconds=record.delay_seconds,
        history=record.history,
    )
