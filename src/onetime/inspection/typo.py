"""Correction of typing errors in base32."""

from collections.abc import Iterator
from itertools import pairwise, product

MAX_ONES = 8
"""Maximum number of digits 1 that are each tried as I and as L. If there are more, all are replaced alike."""

MAX_SWAPS = 16
"""Maximum number of letters that are each replaced by a similar letter, one at a time."""

MAX_LENGTH = 128
"""Maximum length of a secret in which any one character may be wrong, in characters."""

LOOK_ALIKES = {"I": "L", "L": "I", "5": "S", "S": "5", "2": "Z", "Z": "2", "6": "G", "G": "6"}
"""Characters of base32 that are mistaken for each other."""

_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"


def mended(text: str) -> Iterator[tuple[str, str, bool]]:
    """Yield corrections of common errors: 0, 1 and 8, which base32 does not have, and look-alike letters.

    Args:
        text: The typed secret.

    Yields:
        A description of the correction, the corrected text, and whether the error is rare.
    """
    fixed = text.replace("0", "O").replace("8", "B")
    told = [f"{digit} read as {letter}" for digit, letter in (("0", "O"), ("8", "B")) if digit in text]
    ones = text.count("1")
    if ones or told:
        # Each 1 doubles the number of combinations. If the text has many, or is long, all are replaced alike.
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
    """Yield corrections of any one error: a wrong, lost or added letter, or two exchanged neighbors.

    Args:
        text: The typed secret; if it is longer than 128 characters, nothing is corrected.

    Yields:
        A description of the correction, and the corrected text.
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
    for i, character in enumerate(text):
        yield f"{character} at position {i + 1} left out", f"{text[:i]}{text[i + 1 :]}"
    for i in range(len(text) + 1):
        for letter in _ALPHABET:
            yield f"{letter} added at position {i + 1}", f"{text[:i]}{letter}{text[i:]}"


def _replaced(text: str, i: int, letter: str) -> str:
    """Replace the character at an index by a letter."""
    return f"{text[:i]}{letter}{text[i + 1 :]}"
