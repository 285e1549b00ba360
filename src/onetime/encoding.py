"""The written forms of a secret: base32, hexadecimal, base64 and plain text (RFC 4648).

The parsers ignore case, spaces, hyphens and missing padding wherever these have no meaning in the encoding.
Every other fault raises a `SecretError`, which names the broken rule and, if the fault has a position, the
position. The error never quotes the text.
"""

import binascii

from onetime.errors import SecretError


def read_base32(text: str) -> bytes:
    """Parse base32 (RFC 4648 section 6)."""
    characters = _unpadded(_characters(text, _BASE32, "base32 (A to Z, 2 to 7)"), 8)
    size, spare = divmod(len(characters) * 5, 8)
    if spare >= 5:
        raise SecretError("the base32 text is missing a character, or has one too many")
    # Spare bits are dropped, because the secrets of many sites are random base32 characters.
    return (int(characters, 32) >> spare).to_bytes(size)


def write_base32(key: bytes) -> str:
    """Return base32 in capitals, without padding (RFC 4648 section 6)."""
    written = []
    for i in range(0, len(key), 20):
        # Twenty bytes are 32 groups of five bits. Five times, the upper half of each part is shifted away
        # from its lower half, until each group has a byte of its own.
        number = int.from_bytes(key[i : i + 20].ljust(20, b"\0"))
        for shift, upper, lower in _SPREAD:
            number = (number & upper) << shift | number & lower
        written.append(number.to_bytes(32))
    return b"".join(written).translate(_CAPITALS32).decode()[: -(-len(key) * 8 // 5)]


def read_hex(text: str) -> bytes:
    """Parse hexadecimal digits (RFC 4648 section 8)."""
    characters = _characters(text, _HEX, "hexadecimal (0 to 9, A to F)")
    if len(characters) % 2:
        raise SecretError("the hexadecimal text is missing a digit, or has one too many")
    return binascii.a2b_hex(characters)


def read_base64(text: str) -> bytes:
    """Parse base64 (RFC 4648 section 4) or base64url (section 5)."""
    characters = _unpadded(_characters(text, _BASE64, "base64 (A to Z, a to z, 0 to 9, +, /)"), 4)
    if len(characters) % 4 == 1:
        raise SecretError("the base64 text is missing a character, or has one too many")
    if not {"+", "/"}.isdisjoint(text) and not {"-", "_"}.isdisjoint(text):
        raise SecretError("the text must not mix the alphabets of base64 (+ and /) and base64url (- and _)")
    return binascii.a2b_base64(characters + b"=" * (-len(characters) % 4))


def write_base64(key: bytes) -> str:
    """Return base64 with padding (RFC 4648 section 4)."""
    return binascii.b2a_base64(key, newline=False).decode("ascii")


def read_text(text: str) -> bytes:
    """Return the UTF-8 bytes of plain text."""
    _require_text(text)
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        position = error.start
    raise SecretError(f"the text has a lone surrogate at position {position + 1}", position)


def _table(values: dict[str, str]) -> bytes:
    """Map each character of an encoding to its value, and every other character to an exclamation mark."""
    table = bytearray(b"!" * 256)
    for characters, value in values.items():
        for i, character in enumerate(characters):
            table[ord(character)] = ord(value[i % len(value)])
    return bytes(table)


_ALPHABET32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_DIGITS32 = "0123456789abcdefghijklmnopqrstuv"  # the digits of int() in base 32
_CAPITALS32 = _ALPHABET32.encode() + bytes(224)


def _spread() -> tuple[tuple[int, int, int], ...]:
    """Return the shift of the upper half and the masks of both halves, for 16, 8, 4, 2 and 1 groups."""
    steps = []
    for groups in (16, 8, 4, 2, 1):
        parts = range(0, 32, 2 * groups)
        lower = sum(((1 << 5 * groups) - 1) << 8 * place for place in parts)
        steps.append((3 * groups, lower << 5 * groups, lower))
    return tuple(steps)


_SPREAD = _spread()
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
_BASE32 = _table({_ALPHABET32: _DIGITS32, _ALPHABET32[:26].lower(): _DIGITS32, " -": " ", "=": "="})
_HEX = _table({"0123456789abcdef": "0123456789abcdef", "ABCDEF": "abcdef", " -": " "})
_BASE64 = _table({_LETTERS: _LETTERS, "+/": "+/", "-_": "+/", " ": " ", "=": "="})


def _require_text(text: str) -> None:
    if not isinstance(text, str):
        raise TypeError("the text of a secret must be a str")
    if not text:
        raise SecretError("the secret must not be empty")


def _characters(text: str, table: bytes, encoding: str) -> bytes:
    """Translate text by a table, and remove the separators."""
    _require_text(text)
    # Non-ASCII characters become question marks, which no table contains. Positions do not change.
    characters = text.encode("ascii", "replace").translate(table)
    position = characters.find(b"!")
    if position >= 0:
        # Positions in messages count from 1.
        raise SecretError(f"the character at position {position + 1} is not {encoding}", position)
    return characters.replace(b" ", b"")


def _unpadded(characters: bytes, group: int) -> bytes:
    """Return text without its padding, which must be complete and at the end, or absent."""
    unpadded = characters.rstrip(b"=")
    if b"=" in unpadded:
        raise SecretError("the padding (=) must be at the end")
    if not unpadded:
        raise SecretError("the secret must not be empty")
    padding = len(characters) - len(unpadded)
    if padding not in (0, -len(unpadded) % group):
        raise SecretError(f"the padding (=) must fill the last group of {group} characters")
    return unpadded
