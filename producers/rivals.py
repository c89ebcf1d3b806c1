"""Whether two sources would speak of the same thing."""

from collections.abc import Mapping

from producers.settings import Meaning, SourceSettings


def rivals(sources: Mapping[str, SourceSettings]) -> str | None:
    """Return which two sources would speak of the same thing; None if none do.

    Whoever reads a topic knows one watermark for each thing, so two that speak
    of it side by side would each take the other for a repetition.

    Args:
        sources: as configured, by name.
    """
    first: dict[Meaning, str] = {}
    for name, settings in sources.items():
        # A price before a vol, so that the first found is always the same.
        for symbol, measure in sorted(settings.gives(), key=_in_order):
            other = first.setdefault((symbol, measure), name)
            if other != name:
                return (
                    f"{other} and {name} both give the {measure or 'price'} of"
                    f' {symbol}: leave one out, or make them one of kind "failover"'
                )
    return None


def _in_order(meaning: Meaning) -> tuple[str, str]:
    return meaning[0], meaning[1] or ""
