"""The shipped rules with shorter times, so that a fault need not last minutes."""

import re

FASTER = 20
"""How many times shorter the health rules' times are than in production."""

_UNITS = {"s": 1, "m": 60, "h": 3600}


def hurried(rules: str) -> str:
    """Return the rules with every length of time `FASTER` times shorter."""

    def shorter(match: re.Match[str]) -> str:
        spent = int(match[2]) * _UNITS[match[3]] / FASTER
        return f"{match[1]}{max(2, round(spent))}s"

    return re.sub(r"(\[|for: )(\d+)([smh])(?=[\]:\n])", shorter, rules)
