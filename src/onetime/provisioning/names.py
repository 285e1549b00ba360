"""The names of parameters, and the refusal of text that could be mistaken for a known parameter."""

from onetime.errors import URIError

TYPE_CHECKING: bool = False  # type checkers treat this name as true; importing typing is slow
if TYPE_CHECKING:
    from collections.abc import Iterable

KNOWN: dict[str, frozenset[str]] = {
    "hotp": frozenset(("secret", "issuer", "algorithm", "digits", "counter")),
    "totp": frozenset(("secret", "issuer", "algorithm", "digits", "period")),
}
"""The parameters that have a meaning, by the kind of the credential."""

ALL: frozenset[str] = KNOWN["hotp"] | KNOWN["totp"]
"""All known parameters."""

_OTHER_CODES = {
    "encoder": "a link with the parameter encoder is for Steam codes, which are not one-time passwords "
    "of RFC 6238",
    "2step": "a link with a parameter 2step_... begins an enrollment in two steps, and does not have the "
    "whole secret",
}
"""Parameters that other programs use for other kinds of codes, and the errors about them."""

INVISIBLE = (
    "\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e"
    "\u2060\u2061\u2062\u2063\u2064\u2066\u2067\u2068\u2069\u206a\u206b\u206c\u206d\u206e\u206f"
    "\u2800\u3164\ufeff\uffa0\ufff9\ufffa\ufffb"
)
"""Characters that cannot be seen and are not white space. A copied text may have them."""

JOINERS = "\u200c\u200d"
"""Invisible characters that scripts and emoji need after characters that are not ASCII."""

_STARTS = frozenset(name[:2] for name in ("amp", "u0026", "data", *_OTHER_CODES, *ALL))
"""The first two characters of each name that a name of letters and digits could be mistaken for."""

AROUND = (
    f"{INVISIBLE}\t\n\v\f\r\x1c\x1d\x1e\x1f \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007"
    "\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
)
"""The characters that may surround a link: invisible ones and white space."""

_MAX_NAMES = 256
"""Maximum number of different unknown parameters, so that a link is checked quickly."""

_MAX_DECODINGS = 8
"""Maximum number of times that the name of an unknown parameter may be percent-encoded."""

_ANY_LETTER = "\x1a"
"""Placeholder for a letter that is not ASCII, which may look like any ASCII letter."""

_WORDS = bytes(
    byte if chr(byte).isalnum() or chr(byte) in f"{_ANY_LETTER};" else 0x20 for byte in range(128)
).ljust(256, b" ")
"""A table that replaces each separator except the semicolon by a space."""


def check_extra_names(names: "Iterable[str]", known: frozenset[str]) -> None:
    """Raise an error if there are more than 256 different names, or as `check_extra_name` does."""
    different = dict.fromkeys(names)
    if len(different) > _MAX_NAMES:
        raise URIError(f"a link must have at most {_MAX_NAMES} different unknown parameters", "extra")
    for name in different:
        check_extra_name(name, known)


def check_extra_name(name: str, known: frozenset[str]) -> None:
    """Raise an error if an unknown parameter could be a miswritten known one, or would change the codes.

    For example, "&amp;digits" in a link that was copied from HTML leaves the name "amp;digits". Readers
    that ignore this name show codes of 6 digits. White space, invisible characters, accents, letters of
    other scripts, and a "=" that is encoded, missing or replaced by another character have the same effect.

    Raises:
        URIError: The name is empty or known; or one of its words becomes a known name if HTML entities,
            accents, separators and the digits at its end are removed, and each letter that is not ASCII
            stands for any letter; or the link is not for codes of RFC 4226 or RFC 6238.
    """
    if not name:
        raise URIError("a parameter must have a name", "extra")
    if name.lower() in known:
        raise URIError("a parameter in extra must not have the name of a known parameter", "extra")
    if name.isascii() and name.isalnum() and name[:2].lower() not in _STARTS:
        return
    for word in dict.fromkeys(_words(name)):
        for each, message in _OTHER_CODES.items():
            if _alike(word[: len(each)], each):
                raise URIError(message, each)
        bare = _mistaken(word, known)
        if bare and name.lower().startswith("amp"):
            raise URIError(
                f'"&amp;" stands before {bare}, so the link was copied from HTML; it must be "&"', bare
            )
        if bare:
            raise URIError(
                f"a parameter could be mistaken for {bare}: its name has other characters, perhaps invisible "
                f'characters or an HTML entity; it must be {bare}, and "=" must follow',
                bare,
            )


def check_value(value: str, known: frozenset[str]) -> None:
    """Raise an error if the name of a known parameter and a "=" occur in a label or in another value.

    For example, "issuer=Example?digits=8" has no "&" before its second parameter. A "=" that is
    percent-encoded belongs to the value.
    """
    # A character that is not ASCII stands for at most two letters of a name, so a short piece is not a name.
    for piece in dict.fromkeys([each for each in value.split("=")[:-1] if len(each) > 3]):
        bare = _mistaken(_words(piece)[-1], known)
        if bare:
            raise URIError(
                f'"{bare}=" stands in another part of the link; "&" must stand before it, or its "=" must be '
                "written as %3D",
                bare,
            )


def _words(text: str) -> list[str]:
    """Return the texts between semicolons without their separators, and then all words, in lower case.

    A text that is percent-encoded again is decoded. Each letter that is not ASCII is `_ANY_LETTER`.
    """
    if "%" in text:
        text = _decoded_again(text)
    if not text.isascii():
        text = _folded(text)
    text = text.lower()
    words = [text]
    if not text.isalnum():
        data = text.encode("ascii").translate(_WORDS, b"_-.").decode()
        words = [piece.replace(" ", "") for piece in data.split(";")] + data.replace(";", " ").split()
    # Browsers accept "&amp" without its semicolon; JSON may write "&" as "\u0026".
    return [word.removeprefix("amp").removeprefix("u0026") for word in words]


def _decoded_again(text: str) -> str:
    """Decode a name until nothing is percent-encoded.

    Raises:
        URIError: The name is percent-encoded more than `_MAX_DECODINGS` times.
    """
    # Programs that read only plain links never need this import.
    from urllib.parse import unquote

    for _ in range(_MAX_DECODINGS):
        before, text = text, unquote(text)
        if text == before:
            return text
    raise URIError("the name of a parameter must not be percent-encoded again and again", "extra")


def _folded(text: str) -> str:
    """Return the ASCII letters and separators that a text may be read as."""
    # Programs that read only plain links never need this import.
    from unicodedata import category, normalize

    folded = {}
    # One character at a time, because the time to normalize a text can grow with its square.
    for each in set(text):
        plain = normalize("NFKD", each).encode("ascii", "ignore").decode()
        if not plain and each not in INVISIBLE and category(each)[0] != "M":
            plain = _ANY_LETTER if each.isalpha() else " "
        folded[each] = plain
    return "".join(map(folded.__getitem__, text))


def _mistaken(word: str, known: frozenset[str]) -> str:
    """Return the known name that a word could be mistaken for; otherwise an empty text."""
    word = word.rstrip("0123456789")
    if _ANY_LETTER not in word:
        return word if word in known else ""
    return next((name for name in sorted(known) if _alike(word, name)), "")


def _alike(word: str, name: str) -> bool:
    """Return whether a word is a name, or is one if its letters that are not ASCII are replaced."""
    if word == name:
        return True
    if len(word) != len(name) or _ANY_LETTER not in word or not word.strip(_ANY_LETTER):
        return False
    return all(mine in (each, _ANY_LETTER) for mine, each in zip(word, name, strict=True))
