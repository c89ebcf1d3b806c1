"""What is left of a rule's memory when the rule has been edited."""

from typing import Self

import msgspec

from alerts.judging.incidents import Memory, interrupted
from alerts.judging.rule import Rule, Subject


class Held(msgspec.Struct, frozen=True):
    """What of a rule decides how it stands."""

    subject: Subject
    margin: float
    hysteresis: float
    only_when: str | None = None

    @classmethod
    def of(cls, rule: Rule) -> Self:
        """Return what a rule says of it."""
        return cls(rule.subject, rule.margin, rule.hysteresis, rule.only_when)


def kept(memory: Memory, held: Held | None, rule: Rule) -> Memory | None:
    """Return what to remember of a rule that now reads as `rule`.

    An incident is kept as long as the rule is about the same, and keeps its
    id: a margin that is moved says nothing about what has happened. What was
    pending by the old numbers says nothing about the new ones.

    Args:
        memory: what was known of the rule as it was.
        held: how the rule was; None where that was not written down.
        rule: how it is.

    Returns:
        None where it is about something else.
    """
    if held is None or held == Held.of(rule):
        return memory
    if held.subject != rule.subject:
        return None
    memory = interrupted(memory)
    # On which side of another level it last settled is not known.
    moved = held.margin != rule.margin and memory.incident is None
    return msgspec.structs.replace(memory, home=0) if moved else memory
