"""The kinds of values that the alerts room is told: names, addresses, lengths."""

import re
from datetime import timedelta
from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr
from yarl import URL

from streams.lengths import Duration

_NAME = re.compile(r"[a-z0-9][a-z0-9_.-]{0,62}")


TEST_RULE = "test"
"""The rule that `volcross notify test` speaks for; no other may have its name."""


def _name(value: str) -> str:
    if value == TEST_RULE:
        raise ValueError(f"{TEST_RULE!r} is the name of what is only a test")
    if _NAME.fullmatch(value) is None:
        raise ValueError(
            "a name is 1 to 63 lower-case letters, digits, '-', '_' or '.'"
        )
    return value


def _web_address(value: str) -> str:
    # What is wrong is said without the value: a webhook's address is its password.
    try:
        url = URL(value)
    except ValueError:
        url = URL()
    if url.scheme not in ("http", "https") or not url.host:
        raise ValueError("not a web address that starts with http:// or https://")
    return value


def _secret_web_address(value: SecretStr) -> SecretStr:
    _web_address(value.get_secret_value())
    return value


def _mailbox(value: str) -> str:
    local, at, domain = value.rpartition("@")
    if not (local and at and domain) or re.search(r"[\s,;<>]", value):
        raise ValueError("not an address such as desk@example.com")
    return value


def _not_negative(value: timedelta) -> timedelta:
    if value < timedelta(0):
        raise ValueError("must not be negative")
    return value


def _longer_than_nothing(value: timedelta) -> timedelta:
    if value <= timedelta(0):
        raise ValueError("must be longer than nothing")
    return value


Name = Annotated[str, AfterValidator(_name)]
WebAddress = Annotated[str, AfterValidator(_web_address)]
SecretWebAddress = Annotated[SecretStr, AfterValidator(_secret_web_address)]
Mailbox = Annotated[str, AfterValidator(_mailbox)]
Rate = Annotated[float, Field(gt=0, le=60_000)]
Length = Annotated[Duration, AfterValidator(_longer_than_nothing)]
Patience = Annotated[Duration, AfterValidator(_not_negative)]
