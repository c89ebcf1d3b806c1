"""A file's text, or in one line why it cannot be had."""

from pathlib import Path

from volcross.refusal import Refusal


def text_of(path: Path) -> str:
    """Return what a file says, without a byte order mark.

    Raises:
        Refusal: it cannot be read, or is no text.
    """
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise Refusal(f"{path}: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise Refusal(f"{path}: not UTF-8 text") from error


def number(text: str) -> float:
    """Return the number a field holds.

    Raises:
        ValueError: it holds none.
    """
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"{text!r} is not a number") from None
