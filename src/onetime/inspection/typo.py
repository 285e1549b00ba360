"""Typing errors in base32, and how they are undone."""

from collections.abc import Iterator
from itertools import pairwise, product

MAX_ONES = 8
"""Number of digits 1 that are tried as I and L each by itself; more of them are tried all alike."""

MAX_SWAPS = 16
"""Number of letters that are tried as the one they look like."""

MAX_LENGTH = 128
"""Number of characters in which any one of them may be wrong."""

LOOK_ALIKES = {"I": "L", "L": "I", "5": "S", "S": "5", "2": "Z", "Z": "2", "6": "G", "G": "6"}
"""Letters of base32 that are read as each other."""

_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"


def mended(text: str) -> Iterator[tuple[str, str, bool]]:
    """Undo the usual errors: 0, 1 and 8, which base32 does not have, and letters that look alike.

    Args:
        text: The secret as it was typed.

    Yields:
        What was done, in words, the text without the error, and whether the error is rare.
    """
    fixed = text.replace("0", "O").replace("8", "B")
    told = [f"{digit} read as {letter}" for digit, letter in (("0", "O"), ("8", "B")) if digit in text]
    ones = text.count("1")
    if ones or told:
        # Not each by itself past a few, or in a long text: the number of combinations doubles with each.
        each_by_itself = ones <= MAX_ONES and len(text) <= MAX_LENGTH
        pieces = fixed.split("1")
        for letters in product("IL", repeat=ones) if each_by_itself else ("I" * ones, "L" * ones):
            if len(set(letters)) == 2:
                places = [i for i, character in enumerate(text) if character == "1"]
                each = [
                    f"1 at position {i + 1} read as {letter}"
                    for i, letter in zip(places, letters, strict=True)
                ]
            else:
                each = [f"1 read as {letters[0]}"] if letters else []
            joined = "".join(piece + letter for piece, letter in zip(pieces, (*letters, ""), strict=True))
            yield " and ".join(told + each), joined, False
        return
    swaps = 0
    for i, character in enumerate(text):
        other = LOOK_ALIKES.get(character.upper())
        if other is not None and swaps < MAX_SWAPS:
            swaps += 1
            yield (
                f"{character} at position {i + 1} read as {other}",
                _replaced(text, i, other),
                other not in "IL",
            )


def misspelled(text: str) -> Iterator[tuple[str, str]]:
    """Undo any one error: a wrong letter, or two neighbors that are exchanged.

    Args:
        text: The secret as it was typed; if it is longer than 128 characters, there is nothing to undo.

    Yields:
        What was done, in words, and the text without the error.
    """
    if len(text) > MAX_LENGTH:
        return
    for i, (character, following) in enumerate(pairwise(text)):
        if character != following:
            words = f"{character} and {following} at position {i + 1} exchanged"
            yield words, f"{text[:i]}{following}{character}{text[i + 2 :]}"
    for i, character in enumerate(text):
        for letter in _ALPHABET:
            if letter != character.upper():
                yield f"{character} at position {i + 1} read as {letter}", _replaced(text, i, letter)


def _replaced(text: str, i: int, letter: str) -> str:
    """Put a letter in a place."""
    return f"{text[:i]}{letter}{text[i + 1 :]}"
