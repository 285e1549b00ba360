"""The terminal: its size, the escaping of text, and bars."""

import os

TYPE_CHECKING: bool = False  # type checkers treat this name as true; importing typing is slow
if TYPE_CHECKING:
    from typing import TextIO

BAR_WIDTH = 30
"""Maximum number of characters between the brackets of a bar."""

UNKNOWN = 1_000_000
"""Columns and lines of a terminal of unknown size."""


def size(output: "TextIO") -> tuple[int, int]:
    """Return the numbers of columns and lines of a terminal; large numbers if they are unknown."""
    try:
        columns, lines = os.get_terminal_size(output.fileno())
    except OSError:
        return UNKNOWN, UNKNOWN
    return columns or UNKNOWN, lines or UNKNOWN


def visible(text: str) -> str:
    """Escape control characters and invisible characters in a text, except line breaks.

    Control characters can change the screen, and bidirectional ones the order in which text is read
    (https://trojansource.codes).
    """
    return "\n".join(map(escaped, text.split("\n")))


def escaped(text: str) -> str:
    """Escape all invisible characters in a text, including line breaks."""
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)


def fitted(text: str, output: "TextIO") -> str:
    """Wrap the lines of a text between words if a terminal is too narrow for them."""
    columns, _ = size(output)
    if all(len(line) <= columns for line in text.split("\n")):
        return text
    import textwrap

    wrapper = textwrap.TextWrapper(columns, break_long_words=False, break_on_hyphens=False)
    return "\n".join(wrapper.fill(line) for line in text.split("\n"))


def bar(part: float, width: int = BAR_WIDTH) -> str:
    """Return a bar that is filled to a fraction, from 0 to 1, rounded up to whole characters."""
    full = -int(-round(part * width, 6) // 1)
    return f"[{'=' * full:<{width}}]"
