"""Digits three lines tall, for numbers that matter."""

_GLYPHS = {
    "0": ("┏━┓", "┃ ┃", "┗━┛"),
    "1": ("╺┓ ", " ┃ ", "╺┻╸"),
    "2": ("╺━┓", "┏━┛", "┗━╸"),
    "3": ("╺━┓", "╺━┫", "╺━┛"),
    "4": ("╻ ╻", "┗━┫", "  ╹"),
    "5": ("┏━╸", "┗━┓", "╺━┛"),
    "6": ("┏━╸", "┣━┓", "┗━┛"),
    "7": ("╺━┓", "  ┃", "  ╹"),
    "8": ("┏━┓", "┣━┫", "┗━┛"),
    "9": ("┏━┓", "┗━┫", "╺━┛"),
    ".": (" ", " ", "▪"),
    "+": ("   ", "╺╋╸", "   "),
    "-": ("   ", "╺━╸", "   "),
    "–": ("   ", "╺━╸", "   "),
}


def big(text: str) -> tuple[str, str, str]:
    r"""Return `text` drawn large, top line first; unknown signs stay small.

    >>> print("\n".join(big("+7.2")))
        ╺━┓ ╺━┓
    ╺╋╸   ┃ ┏━┛
          ╹▪┗━╸
    """
    glyphs = [_GLYPHS.get(sign, (" ", " ", sign)) for sign in text]
    top, middle, bottom = ("".join(row) for row in zip(*glyphs, strict=True))
    return top, middle, bottom
