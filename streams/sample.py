"""The stage from ``ticks.price`` to ``bars``."""

from collections.abc import Iterable
from typing import Any

from streams.coverage import Coverage
from streams.events import Bars, PriceTicks
from streams.grid import Grid
from streams.screening import Reason, TickScreen
from streams.settings import StreamSettings, nanoseconds, seconds
from streams.stage import Gap, Out, Outcome
from streams.ticks import BadColumns, columns, refuse_all, refuse_rows
from streams.topics import BARS
from streams.volatility.corporate_actions import CorporateAction, price_factors


class _Series:
    """What is remembered of one symbol."""

    def __init__(self, settings: StreamSettings, name: str) -> None:
        symbol = settings.symbols[name]
        self.actions = [
            CorporateAction(round(action.at.timestamp()) * 10**9, action.factor)
            for action in symbol.actions
        ]
        self.coverage = Coverage()
        self.screen = TickScreen.of_prices(settings.screen, symbol.max_jump)
        self.grid = Grid(step=int(seconds(symbol.grid) * 1e9))


class Sample:
    """Screens the ticks of each symbol and closes its bars."""

    def __init__(self, settings: StreamSettings) -> None:
        self._settings = settings
        self._ahead = nanoseconds(settings.screen.max_ahead)
        self._series: dict[str, _Series] = {}

    def apply(self, record: PriceTicks, offset: int, now: int) -> list[Outcome]:
        """Return the bars that these ticks close, and what they had of bad ones."""
        del offset
        if record.symbol not in self._settings.symbols:
            return [refuse_all(record, Reason.UNKNOWN_SYMBOL, "not in [symbols]")]
        try:
            ticks = columns(record, record.price, now + self._ahead)
        except BadColumns as bad:
            return [refuse_all(record, bad.reason, str(bad))]
        series = self._series.get(record.symbol)
        if series is None:
            series = self._series[record.symbol] = _Series(
                self._settings, record.symbol
            )

        known = series.coverage.watermark
        cover = series.coverage.take(record.start, ticks.end)
        if not cover.fresh:
            said = f"all before {known} is known already"
            return [refuse_all(record, Reason.DUPLICATE, said)] if record.at else []
        out: list[Outcome] = []
        if cover.gap is not None:
            out.append(Gap(f"{record.symbol} prices", *cover.gap))
        admitted = series.screen.admit(
            ticks.at,
            ticks.value * price_factors(series.actions, ticks.at),
            covered=known,
            end=ticks.end,
            now=now,
        )
        out += refuse_rows(record, admitted.refused)
        start = record.start if known is None else known
        bars = series.grid.take(start, ticks.end, admitted.at, admitted.value)
        if bars is not None:
            out.append(
                Out(
                    BARS,
                    record.symbol,
                    Bars(
                        symbol=record.symbol,
                        source=record.source,
                        grid_seconds=series.grid.step // 1_000_000_000,
                        start=bars.start,
                        end=bars.end,
                        at=bars.at.tolist(),
                        open=bars.open.tolist(),
                        high=bars.high.tolist(),
                        low=bars.low.tolist(),
                        close=bars.close.tolist(),
                        ticks=bars.ticks.tolist(),
                        delay_seconds=record.delay_seconds,
                    ),
                )
            )
        return out

    def state(self) -> dict[str, Any]:
        """Return each symbol's watermark, screen and open bar."""
        return {
            name: {
                "watermark": series.coverage.watermark,
                "screen": series.screen.state(),
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
            series.coverage.watermark = state[name]["watermark"]
            series.screen.restore(state[name]["screen"])
            series.grid.open_bar = state[name]["open_bar"]
            series.grid.closed = state[name]["closed"]
