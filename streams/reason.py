"""The name of every reason for which input is refused."""

from enum import StrEnum


class Reason(StrEnum):
    """Why input was refused; the label of ``volcross_rejected_total``."""

    UNPARSEABLE = "unparseable"
    UNKNOWN_VERSION = "unknown_version"
    UNKNOWN_SYMBOL = "unknown_symbol"
    UNEQUAL_COLUMNS = "unequal_columns"
    BAD_COVERAGE = "bad_coverage"
    NOT_FINITE = "not_finite"
    NOT_POSITIVE = "not_positive"
    ABSURD_LEVEL = "absurd_level"
    ABSURD_JUMP = "absurd_jump"
    FAR_FUTURE = "far_future"
    OUTSIDE_COVERAGE = "outside_coverage"
    DUPLICATE = "duplicate"
    OUT_OF_ORDER = "out_of_order"
    UNUSABLE_CHAIN = "unusable_chain"
    FAILED = "failed"
    """A fault of ours: the agent broke down on it."""
