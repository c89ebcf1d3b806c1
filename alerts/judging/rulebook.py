"""The rules in force, which may be exchanged while the judges work."""

from collections.abc import Collection, Iterable, Mapping

from alerts import metrics
from alerts.judging.judge import Judge
from alerts.judging.pulse import Series
from alerts.judging.rule import HISTORY, Rule, Subject
from alerts.judging.told import LastWords
from streams.settings import CHAIN_COMPARISONS, Clock, StreamSettings
from streams.stages.pairs import METHODOLOGY_BASIS
from streams.volatility.market_time import MarketClock, market_clock


class Rulebook:
    """What the judges of this process go by; they look into it before each record.

    Args:
        rules: the rules to begin with.
        channels: where a rule is told that does not say.
        clocks: see `clocks_of`.

    Attributes:
        edition: how often the rules were exchanged.
        channels: where a rule is told that does not say.
        clocks: see `clocks_of`.
    """

    def __init__(
        self,
        rules: Iterable[Rule],
        channels: list[str],
        clocks: Mapping[str, MarketClock],
    ) -> None:
        self.edition = 0
        self.rules = list(rules)
        self.channels = channels
        self.clocks = clocks
        self._judged = set[Subject]()
        self._show_waiting()

    def exchange(
        self, rules: Iterable[Rule], clocks: Mapping[str, MarketClock]
    ) -> None:
        """Let other rules be in force from the next record on."""
        self.edition += 1
        self.rules = list(rules)
        self.clocks = clocks
        self._show_waiting()

    def watched(self) -> set[Series]:
        """Return what is to be heard of all the time.

        Chains are left out: they come as often as their venue is asked, and not
        at all while its market is shut.
        """
        return {
            Series(rule.pair, rule.comparison, by_history=rule.watch in HISTORY)
            for rule in self.rules
            if rule.comparison not in {*CHAIN_COMPARISONS, METHODOLOGY_BASIS}
        }

    def judge(self, words: LastWords | None = None) -> Judge:
        """Return a judge who goes by this book, and by what has been told."""
        return Judge(self.rules, self.channels, self.clocks, words)

    def instruct(self, judge: Judge) -> None:
        """Let a judge go by what the book says now."""
        judge.adopt(self.rules, self.clocks)

    def judged(self, names: Collection[str]) -> None:
        """Learn of which rules there was something to judge.

        Of a rule whose leg has never spoken there is nothing: that it waits is
        shown, for Prometheus to tell as well; see `alerts.judging.unheard`.
        """
        subjects = {r.subject for r in self.rules if r.name in names}
        if not subjects <= self._judged:
            self._judged |= subjects
            self._show_waiting()

    def waiting(self) -> list[Rule]:
        """Return the rules of which there was nothing to judge, in this process."""
        return [rule for rule in self.rules if rule.subject not in self._judged]

    def _show_waiting(self) -> None:
        metrics.WAITING.clear()
        for rule in self.rules:
            metrics.WAITING.labels(rule.name).set(rule.subject not in self._judged)


def clocks_of(streams: StreamSettings) -> dict[str, MarketClock]:
    """Return the market time of each symbol, and of each pair that may be a leg.

    A spread moves as long as either of its markets is open: its clock is that
    of the leg that shuts less.
    """
    clocks = {name: market_clock(s.clock) for name, s in streams.symbols.items()}
    for pair in streams.pairs:
        kinds = {streams.symbols[leg].clock for leg in (pair.left, pair.right)}
        clock = Clock.CRYPTO if Clock.CRYPTO in kinds else Clock.US_EQUITY
        clocks[pair.name] = market_clock(clock)
    return clocks
