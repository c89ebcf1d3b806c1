"""Whether two sources would speak of the same thing."""

from collections.abc import Mapping

from producers.settings import SourceSettings


def rivals(sources: Mapping[str, SourceSettings]) -> str | None:
    """Return which two sources would speak of the same thing; None if none do.

    Whoever reads a topic knows one watermark for each thing, so two that speak
    of it side by side would each take the other for a repetition; and chains of
    two venues in turn would be a vol that jumps from one to the other.

    Args:
        sources: as configured, by name.
    """
    first: dict[tuple[str, str], str] = {}
    for name, settings in sources.items():
        for symbol, what in _given(settings):
            other = first.setdefault((symbol, what), name)
            if other != name:
                return (
                    f"{other} and {name} both give the {what} of {symbol}:"
                    ' leave one out, or make them one of kind "failover"'
                )
    return None


def _given(settings: SourceSettings) -> list[tuple[str, str]]:
    """Return what it speaks of, in an order that is always the same."""
    series = [(symbol, measure or "price") for symbol, measure in settings.gives()]
    chains = [(symbol, "option chain") for symbol in settings.gives_chains()]
    return sorted(series, key=_prices_first) + sorted(chains)


def _prices_first(given: tuple[str, str]) -> tuple[str, bool, str]:
    symbol, what = given
    return symbol, what != "price", what
