"""Errors a person can act on: one line each, no traceback."""


class Refusal(Exception):  # noqa: N818 - it is an answer, not a fault of ours
    """volcross will not go on, and says why.

    Attributes:
        lines: what is wrong, one finding a line.
        exit_code: 1; 2 where the command or its configuration is at fault.
    """

    exit_code = 1

    def __init__(self, *lines: str) -> None:
        super().__init__("\n".join(lines))
        self.lines = lines
