"""The terminal: its size, what it can show, and bars."""

import os

TYPE_CHECKING = False  # type checkers treat this name as true; importing typing is slow
if TYPE_CHECKING:
    from typing import TextIO

BAR_WIDTH = 30
"""Characters between the brackets of a bar, at most."""

UNKNOWN = 1_000_000
"""Columns and lines of a terminal that does not say how many it has."""


def size(output: "TextIO") -> tuple[int, int]:
    """Return the numbers of columns and lines of a terminal; many where they are unknown."""
    try:
        columns, lines = os.get_terminal_size(output.fileno())
    except OSError:
        return UNKNOWN, UNKNOWN
    return columns or UNKNOWN, lines or UNKNOWN


def visible(text: str) -> str:
    """Return a text with all but line breaks escaped that a terminal would obey or not show.

    Control characters can change what is on the screen, bidirectional ones in which order it is read
    (https://trojansource.codes).
    """
    return "\n".join(map(escaped, text.split("\n")))


def escaped(text: str) -> str:
    """Return a text with all characters escaped that are not seen, line breaks included."""
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)


def fitted(text: str, output: "TextIO") -> str:
    """Return a text with its lines broken between words where a terminal is too narrow for them."""
    columns, _ = size(output)
    if all(len(line) <= columns for line in text.split("\n")):
        return text
    import textwrap

    wrapper = textwrap.TextWrapper(columns, break_long_words=False, break_on_hyphens=False)
    return "\n".join(wrapper.fill(line) for line in text.split("\n"))


def bar(part: float, width: int = BAR_WIDTH) -> str:
    """Return a bar of which a part is full, from 0 to 1; a character that is begun is full."""
    full = -int(-round(part * width, 6) // 1)
    return f"[{'=' * full:<{width}}]"
