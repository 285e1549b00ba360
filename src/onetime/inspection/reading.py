"""What the written form of a secret may stand for: every reading of a text as a key."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import product

from onetime.encoding import read_base32, read_base64, read_hex, read_text
from onetime.errors import SecretError

MAX_ONES = 8
"""So many digits 1 are tried as I and L each by itself; more of them all alike."""

MAX_SWAPS = 16
"""So many of the letters I and L are tried as the other one."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One way to read a text.

    Attributes:
        words: The name of the form, and what else had to be done.
        key: The secret that comes out.
    """

    words: str
    key: bytes = field(repr=False)


def readings(text: str) -> tuple[Reading, ...]:
    """Read a text in every way that makes sense, the likeliest first; no two give the same key.

    Args:
        text: A secret in base32, hexadecimal, base64, base64url or plain text, perhaps with a typo.

    Raises:
        SecretError: The text is empty, or not Unicode.
        TypeError: It is not a str.
    """
    plain = read_text(text)
    found: dict[bytes, str] = {}
    # Line breaks and the like come along when a secret is copied; spaces are the forms' own affair.
    dense = "".join(text.split())
    told = "" if dense == text.replace(" ", "") else ", without its white space"
    base64 = "base64url" if {"-", "_"} & set(text) else "base64"
    for words, read in (("base32", read_base32), ("hexadecimal", read_hex), (base64, read_base64)):
        try:
            found.setdefault(read(dense), f"{words}{told}")
        except SecretError:
            continue
    forms = [words for key, words in found.items() if key]
    name = f"the {forms[0].removesuffix(told)} text itself, as plain bytes" if forms else "plain text"
    bare = dense.replace("-", "")
    variants = {
        name: plain,
        f"{name}, without the white space around it": text.strip().encode(),
        f"{name}, without spaces and hyphens": bare.encode(),
        f"{name}, in capitals, without spaces and hyphens": bare.upper().encode(),
        f"{name}, in small letters, without spaces and hyphens": bare.lower().encode(),
        f"{name}, with a line break at the end": plain + b"\n",
    }
    for words, key in variants.items():
        found.setdefault(key, words)
    for words, mended in _mended(text):
        try:
            found.setdefault(read_base32("".join(mended.split())), f"base32, with {words}{told}")
        except SecretError:
            continue
    # Spaces and hyphens alone are an empty key in some forms.
    return tuple(Reading(words, key) for key, words in found.items() if key)


def _mended(text: str) -> Iterator[tuple[str, str]]:
    """Undo the usual typos of base32, which has neither 0, 1 nor 8: they stand for O, I or L, and B."""
    fixed = text.replace("0", "O").replace("8", "B")
    told = [f"{digit} read as {letter}" for digit, letter in (("0", "O"), ("8", "B")) if digit in text]
    ones = [i for i, character in enumerate(text) if character == "1"]
    if ones or told:
        alike = ("I" * len(ones), "L" * len(ones))
        # Not each by itself past a few: the number of combinations doubles with each.
        choices = product("IL", repeat=len(ones)) if len(ones) <= MAX_ONES else alike
        for letters in choices:
            if len(set(letters)) == 2:
                each = [
                    f"1 at position {i} read as {letter}" for i, letter in zip(ones, letters, strict=True)
                ]
            else:
                each = [f"1 read as {letters[0]}"] if letters else []
            yield " and ".join(told + each), _replaced(fixed, dict(zip(ones, letters, strict=True)))
        return
    swaps = [i for i, character in enumerate(text) if character in "IiLl"]
    for i in swaps[:MAX_SWAPS]:
        letter = "L" if text[i] in "Ii" else "I"
        yield f"{text[i]} at position {i} read as {letter}", _replaced(text, {i: letter})


def _replaced(text: str, letters: dict[int, str]) -> str:
    """Put letters in their places."""
    characters = list(text)
    for i, letter in letters.items():
        characters[i] = letter
    return "".join(characters)
