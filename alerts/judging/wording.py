"""A rule in words: what makes it fire, what resolves it, and how it is written."""

from alerts.judging.rule import Rule
from alerts.words.wording import length

_PLAIN = {"ratio": "", "z-score": "σ"}
"""What is written as the number it is; all else in points or percent."""

_OF_ITSELF = {
    "risk_premium": ("implied vol", "realised vol"),
    "daily_move": ("move of the day", "realised vol"),
}
"""The legs of a symbol that is compared with itself."""


def condition(rule: Rule, *, resolved: bool = False) -> str:
    """Return in words what makes `rule` fire, or what resolves it.

    >>> from alerts.judging.rule import DEFAULT_RULE
    >>> condition(DEFAULT_RULE)
    'spread above 0 points for 15 min'
    >>> condition(DEFAULT_RULE, resolved=True)
    'spread below -1 points for 15 min'
    """
    where = _where_it_is_back(rule) if resolved else _where_it_fires(rule)
    return f"{subject(rule)} {where}{_lasting(rule)}"


def crossing(rule: Rule, value: float) -> str:
    """Return in words which way a rule that waits for a crossing was crossed."""
    side = "above" if value > rule.margin else "below"
    return f"{subject(rule)} crossed to {side} {_level(rule)}{_lasting(rule)}"


def subject(rule: Rule) -> str:
    """Return what a rule watches, as people call it."""
    if (rule.comparison, rule.watch) == ("daily_move", "ratio"):
        return f"{rule.pair}'s move of the day"
    left, slash, right = rule.pair.partition("/")
    if not slash:
        legs = _OF_ITSELF.get(rule.comparison, ("left", "right"))
        left, right = (f"{rule.pair}'s {leg}" for leg in legs)
    side, _, standing = rule.watch.partition("-")
    name = {"left": left, "right": right}.get(side)
    if name is None:
        return rule.watch
    return f"{name}'s {standing} of its year" if standing else name


def amount(rule: Rule, level: float) -> str:
    """Return a value of what `rule` watches, with its unit and no digit too many.

    >>> from alerts.judging.rule import DEFAULT_RULE
    >>> amount(DEFAULT_RULE, 0.05), amount(DEFAULT_RULE, -0.01)
    ('5 points', '-1 points')
    """
    if (rule.comparison, rule.watch) == ("daily_move", "ratio"):
        return f"{level:g}σ"
    if rule.watch in _PLAIN:
        return f"{level:g}{_PLAIN[rule.watch]}"
    if rule.watch != "spread":
        return f"{level * 100:g}%"
    return f"{level * 100:g} {'point' if level == 0.01 else 'points'}"


def _where_it_fires(rule: Rule) -> str:
    if rule.when == "crosses":
        return f"on the other side of {_level(rule)}"
    sign = "±" if rule.when == "outside" else ""
    return f"{rule.when} {sign}{_level(rule)}"


def _where_it_is_back(rule: Rule) -> str:
    if rule.when == "crosses":
        return f"on either side by more than {amount(rule, rule.hysteresis)}"
    if rule.when == "outside":
        return f"within ±{amount(rule, rule.margin - rule.hysteresis)}"
    if rule.when == "above":
        return f"below {amount(rule, rule.margin - rule.hysteresis)}"
    return f"above {amount(rule, rule.margin + rule.hysteresis)}"


def _lasting(rule: Rule) -> str:
    return f" for {length(rule.hold)}" if rule.hold else ""


def _level(rule: Rule) -> str:
    return amount(rule, rule.margin)
