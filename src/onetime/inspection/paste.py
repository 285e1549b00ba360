"""Removal of text that is copied along with a secret: labels, quotes, separators, invisible characters."""

import re
import unicodedata
from collections.abc import Callable

PIECE = 64
"""Number of characters that are normalized together."""

# A secret in capitals may contain SEED or KEY, so a label in capitals stands alone or beside an underscore.
_LABEL = re.compile(
    r"""(?:(?<![A-Z0-9])(?:SECRET|SEED|KEY)(?:_\w{0,20})?|(?:[Ss]ecret|[Ss]eed|[Kk]ey)\w{0,20})"""
    r"""["'\s]*(?::=|=>|[:=>])\s*["']?(?![=\s])([^&"'},;(<]+)"""
)
_SECRET_LINE = re.compile(r"(?:[A-Z2-7]{16,}|[a-z2-7]{16,}|[0-9A-Fa-f]{32,})=*")
_OTHER_LINE = re.compile(r"[^\w\s=+/-]")
_PERCENT = re.compile(r"%([0-9A-Fa-f]{2})")
_PREFIX = re.compile(r"(?:\\x|\b0x)(?=[0-9a-f])", re.IGNORECASE)
_BYTE = re.compile(r"-?[0-9]{1,3}")
_QUOTES = "\"'`\u00b4\u2018\u2019\u201a\u201c\u201d\u201e\u00ab\u00bb\u2039\u203a<>()[]{}"
_DOTS = str.maketrans("", "", ".:,;|\u00b7\u2022")
_DASHES = str.maketrans(dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212", "-"))
_TWINS = str.maketrans(
    "\u0410\u0412\u0421\u0415\u041d\u0406\u0408\u041a\u041c\u041e\u0420\u0405\u0422\u0425\u0423"
    "\u0391\u0392\u0395\u0396\u0397\u0399\u039a\u039c\u039d\u039f\u03a1\u03a4\u03a5\u03a7"
    "\u0430\u0441\u0435\u0456\u0458\u043e\u0440\u0455\u0445\u0443\u0131\u017f",
    "ABCEHIJKMOPSTXYABEZHIKMNOPTYXaceijopsxyis",
)


def _decoded(text: str) -> str:
    """Decode percent signs once (RFC 3986 section 2.1); keep those that are not UTF-8."""
    if not _PERCENT.search(text):
        return text
    data = b"".join(
        bytes.fromhex(piece) if i % 2 else piece.encode() for i, piece in enumerate(_PERCENT.split(text))
    )
    try:
        return data.decode()
    except UnicodeDecodeError:
        return text


def _visible(text: str) -> str:
    """Remove format characters (such as soft hyphens), combining marks, and controls except white space."""
    return "".join(
        character
        for character in text
        if character.isspace() or unicodedata.category(character) not in ("Cf", "Cc", "Mn")
    )


def _labelled(text: str) -> str:
    """Return the text after a label: `secret=...`, `"secret": "..."`, `Key: ...`."""
    match = _LABEL.search(text)
    return match[1] if match else text


def _line(text: str) -> str:
    """Return the only line that is a secret if all other lines are something else: `alice@example.com`."""
    lines = [line.strip().strip(_QUOTES) for line in text.splitlines() if line.strip()]
    found = [line for line in lines if _SECRET_LINE.fullmatch(line.replace(" ", "").replace("-", ""))]
    others = [line for line in lines if _OTHER_LINE.search(line)]
    return found[0] if len(found) == 1 and len(others) == len(lines) - 1 > 0 else text


def _unpadded(text: str) -> str:
    """Remove padding that is wrong in both base32 and base64."""
    dense = "".join(text.split())
    bare = dense.rstrip("=")
    # A hyphen is a separator in base32, and a letter in base64url.
    size, letters = len(bare.replace("-", "")), len(bare)
    right = (0, -size % 8, -letters % 4)
    return text if not bare or len(dense) - letters in right else bare


def _normalized(text: str) -> str:
    """Replace full-width letters and the like; ligatures of several words stay.

    The text is normalized in pieces, because the time for many combining marks in a row is quadratic.
    """
    long = {character for character in set(text) if len(unicodedata.normalize("NFKC", character)) > 4}
    pieces = (text[i : i + PIECE] for i in range(0, len(text), PIECE))
    return "".join(
        unicodedata.normalize("NFKC", piece) if long.isdisjoint(piece) else piece for piece in pieces
    )


_STEPS: tuple[tuple[str, Callable[[str], str]], ...] = (
    ("its percent signs decoded", _decoded),
    ("full-width letters read as plain ones", _normalized),
    ("letters of other scripts read as the Latin ones they look like", lambda text: text.translate(_TWINS)),
    ("without its invisible characters", _visible),
    ("taken from after its label", _labelled),
    ("taken from a line of its own", _line),
    ("without its quotes or brackets", lambda text: text.strip().strip(_QUOTES) if text.strip() else text),
    ("without its 0x or \\x", lambda text: _PREFIX.sub("", text)),
    ("without its dots, colons or commas", lambda text: text.translate(_DOTS)),
    ("dashes read as hyphens", lambda text: text.translate(_DASHES)),
    ("without its wrong padding", _unpadded),
)
"""The steps of the removal, in the order in which they are taken, each with its description."""


def cleaned(text: str) -> tuple[str, str]:
    """Return a secret without other copied text, and a description of the changes.

    Args:
        text: The pasted secret. White space is removed; the description mentions it unless it is only spaces.

    Returns:
        The secret; and the description, which begins with a comma, or is empty if only spaces were removed.
    """
    told = []
    spaced = "".join(text.split()) != text.replace(" ", "")
    for words, step in _STEPS:
        changed = step(text)
        if "".join(changed.split()) != "".join(text.split()):
            told.append(words)
        text = changed
    if spaced:
        told.append("without its white space")
    return "".join(text.split()), "".join(f", {words}" for words in told)


def byte_list(text: str) -> bytes:
    """Return the bytes of a list of decimal numbers, as programs print them: `[72, 101]`, `-17 22`.

    Args:
        text: The pasted secret.

    Returns:
        The bytes; empty if the text is not a list of two or more numbers from -128 to 255.
    """
    words = text.strip().strip(_QUOTES).replace(",", " ").split()
    if len(words) < 2 or not all(map(_BYTE.fullmatch, words)):
        return b""
    numbers = [int(word) for word in words]
    return bytes(number % 256 for number in numbers) if all(-128 <= n <= 255 for n in numbers) else b""
