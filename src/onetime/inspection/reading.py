"""The readings of the written form of a secret as a key."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from onetime.confidential import discreet
from onetime.encoding import read_base32, read_base64, read_hex, read_text
from onetime.errors import SecretError
from onetime.inspection.key import BASE32, changed, filtered, misread, other_alphabets
from onetime.inspection.paste import byte_list, cleaned
from onetime.inspection.typo import mended, misspelled

_CORRECT = "Correct the secret where it was typed."
_COPY = "Copy only the letters and digits of the secret: other characters do not belong to it."
_SKIPPED = "Refuse a secret that is not base32, instead of leaving characters out."
_QUOTED = "Decode the quoted-printable text of the mail first: 3D belongs to the equals sign."


@dataclass(frozen=True, slots=True)
class Reading:
    """One way to read a text.

    Attributes:
        words: The name of the form, and the further changes.
        key: The resulting secret, at least one byte.
        advice: How to correct a program that reads the text this way; empty for the likeliest reading.
        cost: Number of mistakes that the reading counts as: 0 for the likeliest reading, otherwise 1 or 2.
        rare: Whether the reading is tried only near the expected time or counter.
    """

    words: str
    key: bytes = field(repr=False)
    advice: str = ""
    cost: int = 1
    rare: bool = False


@discreet
def readings(text: str) -> tuple[Reading, ...]:
    """Return the sensible ways to read a text, the likeliest first, each with a different key.

    Args:
        text: A secret in base32, hexadecimal, base64, base64url or plain text, perhaps with a typing error
            and with other copied text.

    Returns:
        At least one reading.

    Raises:
        SecretError: The text is empty, or has a lone surrogate.
        TypeError: The text is not a str.
    """
    plain = read_text(text)
    dense, told = cleaned(text)
    found: dict[bytes, Reading] = {}

    def add(key: bytes, words: str, advice: str, *, rare: bool = False) -> None:
        # In some forms, white space and hyphens alone are an empty key.
        if key and key not in found:
            found[key] = Reading(words, key, advice if found else "", int(bool(found)), rare)

    numbers = byte_list(text)
    if numbers:
        add(numbers, "a list of bytes", "")
    for form, key in _forms(dense):
        instead = next(iter(found.values())).words if found else ""
        add(key, f"{form}{told}", f"Your program reads the secret as {form}. Read it as {instead}.")
    first = next(iter(found.values()), None)
    form = first.words.partition(",")[0] if first else ""
    for words, key, rare in _plain(
        text, plain, dense, f"the {form} text itself, as plain bytes" if form else ""
    ):
        advice = f"Your program uses the {form} letters as the key. Decode them first."
        if not form:
            advice = "Give both sides the same bytes: copy the secret without changing it."
        add(key, words, advice, rare=rare)
    for words, fixed, rare in mended(dense):
        for mended_form, key in _forms(fixed):
            if mended_form == "base32":
                add(key, f"base32, with {words}{told}", _CORRECT, rare=rare)
    for name, key in other_alphabets(dense):
        add(key, f"{name}{told}", f"Your program reads another alphabet, {name}. Read base32.", rare=True)
    if dense.lstrip("=").startswith("3D"):
        for mended_form, key in _forms(dense.lstrip("=")[2:]):
            if mended_form == "base32":
                add(key, f"base32, without the 3D of an equals sign in front{told}", _QUOTED)
    skipped = _SKIPPED if any(each.isalnum() and each.upper() not in BASE32 for each in dense) else _COPY
    add(filtered(dense), f"base32, with characters that are not base32 left out{told}", skipped, rare=True)
    if first is None:
        return tuple(found.values())
    for words, advice, key in _wrongly(dense, form, first.key):
        add(key, f"{form}, {words}{told}", advice, rare=True)
    return tuple(found.values())


@discreet
def misspellings(text: str) -> tuple[Reading, ...]:
    """Return the readings as base32 with one letter wrong, lost or added, or two letters exchanged.

    Args:
        text: A secret; if it is longer than 128 characters, there are no readings.

    Returns:
        Readings that count as two mistakes each.
    """
    dense, told = cleaned(text)
    found: dict[bytes, Reading] = {}
    for words, fixed in misspelled(dense):
        try:
            key = read_base32(fixed)
        except SecretError:
            continue
        if key and key not in found:
            found[key] = Reading(f"base32, with {words}{told}", key, _CORRECT, 2, rare=True)
    return tuple(found.values())


def _forms(text: str) -> Iterator[tuple[str, bytes]]:
    """Yield the forms in which a text can be read: the name, and the bytes."""
    base64 = "base64url" if {"-", "_"} & set(text) else "base64"
    for words, read in (("base32", read_base32), ("hexadecimal", read_hex), (base64, read_base64)):
        try:
            yield words, read(text)
        except SecretError:
            continue


def _plain(text: str, plain: bytes, dense: str, name: str) -> Iterator[tuple[str, bytes, bool]]:
    """Yield the ways to use the text itself as the key: words, the bytes, and whether the way is rare."""
    name = name or "plain text"
    bare = dense.replace("-", "")
    yield name, plain, False
    yield f"{name}, without the white space around it", text.strip().encode(), False
    yield f"{name}, without spaces and hyphens", bare.encode(), False
    yield f"{name}, in capitals, without spaces and hyphens", bare.upper().encode(), False
    yield f"{name}, in small letters, without spaces and hyphens", bare.lower().encode(), False
    yield f"{name}, with a line break at the end", plain + b"\n", False
    yield f"{name}, with a line break of two bytes at the end", plain + b"\r\n", True
    yield f"{name}, without its padding", bare.rstrip("=").encode(), True
    yield f"{name}, with padding", f"{bare}{'=' * (-len(bare) % 8)}".encode(), True
    yield f"{name}, as UTF-16, low byte first", text.encode("utf-16-le"), True
    yield f"{name}, as UTF-16, high byte first", text.encode("utf-16-be"), True


def _wrongly(dense: str, form: str, key: bytes) -> Iterator[tuple[str, str, bytes]]:
    """Yield the results of programs that misread a secret's likeliest form: words, advice, and the bytes."""
    if form == "base32":
        yield from misread(dense)
    try:
        inner = key.decode("ascii")
    except UnicodeDecodeError:
        inner = ""
    for name, decoded in _forms(inner.strip()) if inner.isprintable() and inner.strip() else ():
        advice = f"Decode the secret once: it is {name} inside {form}."
        yield f"and {name} inside it", f"{advice} Or remove one layer where the secret is written.", decoded
    yield from changed(key)
