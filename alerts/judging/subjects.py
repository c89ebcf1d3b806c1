"""Whether anybody works out what the rules watch."""

from collections.abc import Iterable

from alerts.judging.rule import HISTORY, Rule
from streams.settings import StreamSettings
from streams.stages.pairs import PLACED, compared


def refuse_unknown(rules: Iterable[Rule], streams: StreamSettings) -> None:
    """Check that what the rules watch is what the streams work out.

    Raises:
        ValueError: a rule names a pair or a comparison nobody computes, or asks
            for the history of something that has none.
    """
    known = compared(streams)
    pairs = {pair.name for pair in streams.pairs}
    for rule in rules:
        comparisons = known.get(rule.pair)
        if comparisons is None:
            raise ValueError(f"rules: {rule.name}: pair: no such pair {rule.pair}")
        if rule.comparison not in comparisons:
            raise ValueError(
                f"rules: {rule.name}: comparison: {rule.comparison!r} is not among"
                f" those of {rule.pair}: {', '.join(comparisons) or 'none'}"
            )
        if rule.watch not in HISTORY:
            continue
        if rule.pair not in pairs or rule.comparison not in PLACED:
            raise ValueError(
                f"rules: {rule.name}: watch: {rule.watch!r} is known of pairs only,"
                f" and of their comparisons {', '.join(PLACED)}"
            )
